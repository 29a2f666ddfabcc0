import Diffusion
public import Graphs
import LatentCoding
public import Models
import Pictures
public import Speculation

/// The models behind a verifier: a job in, a finished picture out.
///
/// One job at a time; a second caller waits. Embedded and behind a server it is the same code, so the same job gives
/// the same bytes.
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
        let estimate = try decodeEstimate(of: job)
        let plan = HandoffVerifier(plan: try VerificationPlan(job: job, calibration: calibration))
        return try studio.withLock { studio in
            var stages = StageClock()
            let prompt = try stages.time("text") { try studio.text.encode(job.prompt) }
            var model = PromptedDenoiser(
                studio.denoiser, prompt: prompt.conditioning, unconditional: try studio.text.unconditional(),
                guidance: Double(job.guidanceScale))
            let refinement = try stages.time("check") {
                try plan.check(estimate: estimate, with: &model, report: report)
            }
            let latent = try stages.time("refine") {
                try picture(in: plan.refine(refinement, with: &model, report: report), of: plan.plan)
            }
            // What another model goes on from is coded like a draft's estimate.
            let codec = plan.plan.lastStep < job.stepCount ? LatentCodec() : .lossless
            let payload = try studio.payload(of: latent, for: job, codec: codec, &stages, report: report)
            return VerificationOutcome(
                payload: payload, result: job.result,
                telemetry: refinement.telemetry(
                    stages: stages.times, receivedBytes: job.codedEstimate.count))
        }
    }

    /// The picture in the state of the plan's last step: the state itself at the end of the schedule.
    private func picture(in state: Latent, of plan: VerificationPlan) throws(LatentCodingError) -> Latent {
        guard plan.lastStep < plan.schedule.stepCount else { return state }
        return try SeedResidual.estimate(
            state: state, noise: plan.noise, time: plan.schedule.times[plan.lastStep])
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

extension PictureVerifier.Studio {
    /// The final latent as the job asks for it.
    ///
    /// - Parameter codec: for a latent that is asked for; an end result keeps every bit.
    func payload(
        of latent: Latent, for job: VerificationJob, codec: LatentCodec = .lossless, _ stages: inout StageClock,
        report: (VerificationEvent) throws -> Void
    ) throws -> [UInt8] {
        let format: PictureFormat
        switch job.result {
        case .latent: return try stages.time("encode") { try codec.encode(latent) }
        case .png: format = .png
        case .webp: format = .webp(quality: job.pictureQuality)
        }
        try report(.decoding)
        let decoded = try stages.time("decode") { try decoder.decode(latent) }
        return try stages.time("encode") {
            try format.encode(Picture(width: decoded.width, height: decoded.height, decoded: decoded.values))
        }
    }
}
