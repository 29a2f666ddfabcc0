import Diffusion
import ExactWindows
import Models
import Speculation

extension DraftPainter {
    /// The job of an exact chain; nothing is drafted yet.
    ///
    /// - Throws: `ModelError`, `DiffusionError`, `SpeculationError`, or `VerifierError` for a request outside the
    ///   protocol's limits.
    func exactJob(
        _ request: GenerationRequest, id: JobID, options: ExactOptions
    ) throws -> (job: VerificationJob, unknownWords: [String]) {
        let schedule = try schedule(of: request)
        let plan = try HandoffPlan(schedule: schedule, fraction: request.handoffFraction)
        var job = VerificationJob(
            id: id, draft: models.draft.identity, verifier: models.verifier.identity, prompt: request.prompt,
            guidanceScale: request.guidanceScale,
            latentShape: try models.draft.latentShape(
                for: PictureSize(width: request.width, height: request.height)),
            stepCount: schedule.stepCount, scheduleShift: schedule.shift, handoffStep: plan.handoffStep,
            seed: request.seed, noise: .philox, mode: .exact, checkThreshold: nil, result: .png, codedEstimate: [],
            exact: options)
        job.ask(for: request.format)
        try job.validate()
        return (job, models.shared.tokenizer.encode(request.prompt).unknownWords)
    }

    /// Drafts the next window of a chain.
    ///
    /// - Throws: `CancellationError`, and what the models throw.
    func draftWindow(
        of chain: EdgeChain, _ job: VerificationJob, cancellation: CancellationFlag
    ) throws -> (chain: EdgeChain, frames: [[UInt8]]) {
        try studio.withLock { studio in
            let denoiser = PromptedDenoiser(
                studio.denoiser, prompt: try studio.text.encode(job.prompt).conditioning,
                unconditional: try studio.text.unconditional(), guidance: Double(job.guidanceScale))
            var model = StoppableDenoiser(base: denoiser, cancellation: cancellation)
            var next = chain
            let frames = try next.draft(with: &model)
            return (next, frames)
        }
    }
}

/// A denoiser that looks at a wish to stop before every evaluation.
private struct StoppableDenoiser: VelocityPredicting {
    var base: PromptedDenoiser
    let cancellation: CancellationFlag

    mutating func velocities(_ states: [Latent], at times: [Double]) throws -> [Latent] {
        try cancellation.check()
        return try base.velocities(states, at: times)
    }
}
