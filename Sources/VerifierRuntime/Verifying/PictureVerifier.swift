import Diffusion
public import Graphs
import LatentCoding
public import Models
import Pictures
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

    private let models: ModelPair
    private let calibration: CheckCalibration?
    let studio: Exclusive<Studio>

    /// Prepares the verifier, its text encoder and the picture decoder.
    ///
    /// - Parameter decodeTile: pixels along a side of the tiles that pictures are decoded in; nil to decode them whole
    ///   where the device has room.
    /// - Throws: what the backend throws.
    public init(models: ModelPair, backend: any Backend, decodeTile: Int? = nil) throws {
        self.models = models
        calibration = models.verifier.manifest.check?.calibration
        studio = Exclusive(
            Studio(
                text: try models.shared.text(on: backend), denoiser: models.verifier.denoiser(on: backend),
                draft: models.draft.denoiser(on: backend),
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
        try check(job)
        if job.mode == .exact { return try executeExact(job, report: report) }
        var course = try begin(job)
        while course.rows != nil {
            let answered = try evaluate([course])[0]
            for event in try course.take(answered.answers, after: answered.duration) { try report(event) }
        }
        return try outcome(of: course) { try report(.decoding) }
    }

    private func decodeEstimate(of job: VerificationJob) throws(VerifierError) -> Latent? {
        guard job.handoffStep > 0 else { return nil }
        do throws(LatentCodingError) {
            return try LatentCodec.decode(job.codedEstimate, expecting: job.latentShape)
        } catch {
            throw VerifierError(.invalidLatent, error.description)
        }
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

extension PictureVerifier {
    /// What comes before the first evaluation.
    ///
    /// - Throws: `VerifierError`, or what the text encoder throws.
    func begin(_ job: VerificationJob) throws -> JobCourse {
        let began = ContinuousClock.now
        let estimate = try decodeEstimate(of: job)
        let course = try VerificationCourse(
            plan: VerificationPlan(job: job, calibration: calibration), estimate: estimate)
        var stages = StageClock()
        let prompt = try studio.withLock { studio in
            try stages.time("text") { try studio.text.encode(job.prompt).conditioning }
        }
        return JobCourse(job, course, prompt: prompt, stages: stages, began: began)
    }

    /// What jobs of one latent shape ask, in shared batches; with each one's share of the time by its rows.
    ///
    /// - Throws: what the denoiser throws.
    func evaluate(_ courses: [JobCourse]) throws -> [(answers: FlowAnswers, duration: Duration)] {
        let askers = courses.map { $0.rows ?? [] }
        let start = ContinuousClock.now
        let answers = try studio.withLock { studio in
            try studio.denoiser.answers(toEach: askers, unconditional: studio.text.unconditional())
        }
        let duration = ContinuousClock.now - start
        let total = max(1, answers.reduce(0) { $0 + $1.evaluationCount })
        return answers.map { ($0, duration * $0.evaluationCount / total) }
    }

    /// Decodes and codes the result of a job that is at its end.
    ///
    /// - Parameter announce: is called before the decoder runs.
    func outcome(of course: JobCourse, announce: () throws -> Void) throws -> VerificationOutcome {
        try encoded(try decoded(course, announce: announce))
    }

    /// A job whose models' part is done.
    struct Decoded: Sendable {
        let job: VerificationJob
        let refinement: Refinement
        let result: RawResult
        var stages: StageClock
    }

    func decoded(_ course: JobCourse, announce: () throws -> Void) throws -> Decoded {
        guard let (latent, refinement) = try course.ending else { preconditionFailure("the job is not at its end") }
        // What another model goes on from is coded like a draft's estimate.
        let codec = course.job.lastStep < course.job.stepCount ? LatentCodec() : .lossless
        var course = course
        course.settle()
        var stages = course.stages
        let result = try studio.withLock { studio in
            try studio.result(latent, for: course.job, codec: codec, &stages, announce: announce)
        }
        return Decoded(job: course.job, refinement: refinement, result: result, stages: stages)
    }

    func encoded(_ decoded: Decoded) throws -> VerificationOutcome {
        var stages = decoded.stages
        let payload = try stages.time("encode") { try decoded.result.payload() }
        return VerificationOutcome(
            payload: payload, result: decoded.job.result,
            telemetry: decoded.refinement.telemetry(
                stages: stages.times, receivedBytes: decoded.job.codedEstimate.count))
    }
}

extension PictureVerifier.Studio {
    /// The final latent as the job asks for it.
    ///
    /// - Parameters:
    ///   - codec: for a latent that is asked for; an end result keeps every bit.
    ///   - announce: is called before the decoder runs.
    func result(
        _ latent: Latent, for job: VerificationJob, codec: LatentCodec = .lossless, _ stages: inout StageClock,
        announce: () throws -> Void
    ) throws -> RawResult {
        let format: PictureFormat
        switch job.result {
        case .latent: return .latent(latent, codec)
        case .png: format = .png
        case .webp: format = .webp(quality: job.pictureQuality)
        }
        try announce()
        let decoded = try stages.time("decode") { try decoder.decode(latent) }
        return .picture(Picture(width: decoded.width, height: decoded.height, decoded: decoded.values), format)
    }
}
