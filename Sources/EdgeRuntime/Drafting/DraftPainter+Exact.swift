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
        var job = try job(of: request, id: id, schedule, plan)
        (job.mode, job.exact) = (.exact, options)
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
