public import Graphs
public import Models
public import Speculation

/// The models behind a verifier: a job in, a finished picture out.
///
/// Embedded and behind a server it is the same code, so a job that is executed by itself gives the same bytes.
public final class PictureVerifier: JobExecuting {
    struct Studio {
        let text: StudioText
        let denoiser: StudioDenoiser
        /// For exact chains that are drafted here; compiled when the first one comes.
        let draft: StudioDenoiser
        let decoder: StudioDecoder
        let sessions = ExactSessions()
    }

    let models: ModelPair
    let calibration: CheckCalibration?
    let studio: Exclusive<Studio>

    /// Prepares the verifier, its text encoder and the picture decoder.
    ///
    /// - Parameter decodeTile: pixels along a side of the tiles that pictures are decoded in; nil to decode them whole
    ///   where the device has room.
    /// - Throws: what the backend throws.
    public init(models: ModelPair, backend: any Backend, decodeTile: Int? = nil) throws {
        self.models = models
        calibration = models.verifier.calibration
        studio = Exclusive(
            Studio(
                text: try models.shared.text(on: backend), denoiser: try models.verifier.denoiser(on: backend),
                draft: try models.draft.denoiser(on: backend),
                decoder: models.shared.decoder(on: backend, tilePixels: decodeTile)))
    }

    /// What clients may ask this verifier for.
    public var catalogue: [VerifierModel] {
        [
            VerifierModel(
                identity: models.verifier.identity, drafts: [models.draft.identity],
                latentShapes: models.verifier.manifest.sizes.compactMap { try? models.verifier.latentShape(for: $0) })
        ]
    }

    /// The guidance scale that the verifier was trained for.
    var standardGuidance: Float { Float(models.verifier.manifest.guidance.default) }

    /// - Throws: `VerifierError`: `unknownModel`, `incompatibleModel`, or `invalidJob` for a shape or guidance scale
    ///   that the model cannot do.
    public func check(_ job: VerificationJob) throws(VerifierError) {
        try check(job.verifier, against: models.verifier, role: "verifier")
        try check(job.draft, against: models.draft, role: "draft")
        do throws(ModelError) {
            try models.verifier.check(job.latentShape)
            try models.verifier.manifest.guidance.check(Double(job.guidanceScale))
        } catch {
            throw VerifierError(.invalidJob, error.description)
        }
    }

    public func execute(
        _ job: VerificationJob, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        try execute(job, admission: .now, report: report)
    }

    /// - Parameter admission: when the job was taken in, which may be long before its turn.
    func execute(
        _ job: VerificationJob, admission: ContinuousClock.Instant, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        try check(job)
        if job.mode == .exact { return try executeExact(job, admission: admission, report: report) }
        var course = try begin(job)
        while !course.isAtEnd {
            for event in try course.take(evaluate([course])[0]) { try report(event) }
        }
        return try outcome(of: course) { try report(.decoding) }
    }

    private func check(
        _ asked: ModelIdentity, against model: DenoiserModel, role: String
    ) throws(VerifierError) {
        guard asked.id == model.id else {
            throw VerifierError(
                .unknownModel, "this verifier has no \(role) '\(asked.id)'; it has '\(model.id)'")
        }
        guard asked.weightsDigest == model.weightsDigest else {
            throw VerifierError(
                .incompatibleModel,
                "the client's \(role) '\(asked.id)' has other weights (\(asked.weightsDigest.prefix(12))…) than this "
                    + "verifier's (\(model.weightsDigest.prefix(12))…); install the same version on both sides")
        }
    }
}
