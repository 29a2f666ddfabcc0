public import Diffusion
public import Graphs
import LatentCoding
public import Models
public import Pictures
public import Speculation

/// The draft's half: prompt to hand-off on this machine. One picture at a time; a second caller waits.
public final class DraftPainter: Sendable {
    struct Studio {
        let text: StudioText
        let denoiser: StudioDenoiser
    }

    public let models: ModelPair
    private let codec: LatentCodec
    let studio: Exclusive<Studio>
    // A lock of its own: previews are decoded while the draft holds the studio.
    private let decoder: Exclusive<StudioDecoder>
    /// Chooses among candidates; nil where the verifier has none.
    let critic: Exclusive<StudioCritic>?

    /// Prepares the draft, its text encoder and the picture decoder.
    ///
    /// - Parameters:
    ///   - decodeTile: pixels along a side of the tiles that pictures are decoded in; nil to decode them whole where the
    ///     backend has room.
    /// - Throws: what the backend throws.
    public init(models: ModelPair, backend: any Backend, decodeTile: Int? = nil) throws {
        self.models = models
        codec = models.shared.handoffCodec
        studio = Exclusive(
            Studio(text: try models.shared.text(on: backend), denoiser: try models.draft.denoiser(on: backend)))
        decoder = Exclusive(models.shared.decoder(on: backend, tilePixels: decodeTile))
        if let critic = models.verifier.critic(on: backend) {
            self.critic = Exclusive(critic)
        } else {
            critic = nil
        }
    }

    /// The request's own schedule, or the models'.
    func schedule(of request: GenerationRequest) throws(DiffusionError) -> FlowSchedule {
        try FlowSchedule(
            stepCount: request.stepCount, shift: request.scheduleShift ?? models.draft.manifest.schedule.shift)
    }

    /// The job of a request with nothing drafted yet; the models need not take it.
    ///
    /// - Throws: `ModelError.unsupportedSize`.
    func job(
        of request: GenerationRequest, id: JobID, _ schedule: FlowSchedule, _ plan: HandoffPlan
    ) throws(ModelError) -> VerificationJob {
        var job = VerificationJob(
            id: id, draft: models.draft.identity, verifier: models.verifier.identity, prompt: request.prompt,
            guidanceScale: request.guidanceScale,
            latentShape: try models.draft.latentShape(
                for: PictureSize(width: request.width, height: request.height)),
            stepCount: schedule.stepCount, scheduleShift: schedule.shift, handoffStep: plan.handoffStep,
            seed: request.seed, noise: .philox, mode: request.mode, checkThreshold: request.checkThreshold,
            result: .png, codedEstimate: [], verifierStepCount: request.verifierStepCount)
        job.ask(for: request.format)
        job.checkQuantile = request.checkQuantile
        job.checkLikeness = request.checkLikeness
        job.checkLevels = request.checkLevels
        return job
    }

    /// Takes the draft's share of the steps and codes what travels; of several candidates that of the best.
    ///
    /// - Parameter progress: called after every step; throw to stop.
    /// - Throws: `ModelError` for a size or guidance the models cannot do, or for candidates without a critic,
    ///   `DiffusionError`, `VerifierError` for a request outside the protocol's limits, `LatentCodingError`, and what
    ///   `progress` or the backend throws.
    public func draft(
        _ request: GenerationRequest, id: JobID, progress: (DraftStep) throws -> Void
    ) throws -> DraftedPicture {
        request.candidateCount > 1
            ? try bestOfCandidates(request, id: id, progress: progress)
            : try draftOne(request, id: id, progress: progress)
    }

    /// As `draft`, of the request's own seed.
    func draftOne(
        _ request: GenerationRequest, id: JobID, progress: (DraftStep) throws -> Void
    ) throws -> DraftedPicture {
        let schedule = try schedule(of: request)
        let plan = try HandoffPlan(
            schedule: schedule, verifierStepCount: request.verifierStepCount, fraction: request.handoffFraction)
        var job = try job(of: request, id: id, schedule, plan)
        try checkLimits(of: job)
        let noise = NoiseGenerator(seed: job.seed).latent(job.latentShape, stream: 0)
        let (state, unknownWords, preparation) = try run(
            plan.draftSteps, of: schedule, from: noise, noise: noise, job: job, progress: progress)
        var estimate = state
        if !plan.isVerifierAlone, !plan.isDraftAlone {
            let exact = try SeedResidual.estimate(state: state, noise: noise, time: plan.handoffTime)
            job.codedEstimate = try codec.encode(exact)
            // The edge goes on from what the verifier will see.
            estimate = try LatentCodec.decode(job.codedEstimate, expecting: job.latentShape)
        }
        return DraftedPicture(
            job: job, estimate: estimate, unknownWords: unknownWords, preparationSeconds: preparation.inSeconds)
    }

    /// Takes the steps that the verifier would have taken, from a hand-off.
    ///
    /// - Throws: `ModelError.incompatiblePair` when another draft made the hand-off, else as `draft`.
    public func finish(
        _ job: VerificationJob, progress: (DraftStep) throws -> Void
    ) throws -> DraftedPicture {
        guard job.draft == models.draft.identity else {
            throw ModelError.incompatiblePair(
                first: job.draft.id, second: models.draft.id,
                reason: "the hand-off was made by another draft than the one that is installed")
        }
        let schedule = try FlowSchedule(stepCount: job.stepCount, shift: job.scheduleShift)
        let noise = NoiseGenerator(seed: job.seed).latent(job.latentShape, stream: 0)
        var state = noise
        // An exact chain has nothing that was drafted and kept: the draft alone begins anew.
        let firstStep = job.mode == .exact ? 0 : job.handoffStep
        if firstStep > 0 {
            state = noisedState(
                picture: try LatentCodec.decode(job.codedEstimate, expecting: job.latentShape), noise: noise,
                time: schedule.times[job.handoffStep])
        }
        let (picture, unknownWords, _) = try run(
            firstStep..<schedule.stepCount, of: schedule, from: state, noise: noise, job: job,
            progress: progress)
        var finished = job
        finished.handoffStep = schedule.stepCount
        if job.mode == .exact { (finished.mode, finished.exact) = (.handoff, nil) }
        return DraftedPicture(job: finished, estimate: picture, unknownWords: unknownWords)
    }

    /// Decodes a latent with the models' own decoder.
    ///
    /// - Throws: `ModelError`, or what the backend throws.
    public func picture(of latent: Latent) throws -> Picture {
        let decoded = try decoder.withLock { try $0.decode(latent) }
        return Picture(width: decoded.width, height: decoded.height, decoded: decoded.values)
    }

    /// Refuses before any work what the verifier would refuse after it; the estimate is still to come.
    func checkLimits(of job: VerificationJob) throws {
        if let share = job.checkLikeness, share > 0, models.verifier.calibration?.likeness == nil {
            throw SpeculationError.noLikeness
        }
        var undrafted = job
        undrafted.handoffStep = 0
        try undrafted.validate()
    }

    private func run(
        _ steps: Range<Int>, of schedule: FlowSchedule, from start: Latent, noise: Latent, job: VerificationJob,
        progress: (DraftStep) throws -> Void
    ) throws -> (state: Latent, unknownWords: [String], preparation: Duration) {
        guard !steps.isEmpty else {
            return (start, models.shared.tokenizer.encode(job.prompt).unknownWords, .zero)
        }
        return try studio.withLock { studio in
            let prepared = studio.denoiser.preparation
            let prompt = try studio.text.encode(job.prompt)
            var model = PromptedDenoiser(
                studio.denoiser, prompt: prompt.conditioning, unconditional: try studio.text.unconditional(),
                guidance: Double(job.guidanceScale))
            let state = try FlowTrajectory(schedule).run(steps, from: start, with: &model) { walk in
                try progress(
                    DraftStep(
                        done: walk.step - steps.lowerBound, total: steps.count,
                        estimate: SeedResidual.estimate(state: walk.state, noise: noise, time: walk.time)))
            }
            return (state, prompt.tokens.unknownWords, studio.denoiser.preparation - prepared)
        }
    }
}
