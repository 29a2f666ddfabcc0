public import Diffusion

/// Runs a whole exact chain on one machine: drafts windows, has them verified, takes the tail.
///
/// No clock, no I/O, no thread; `report` may throw to stop between two evaluations of the verifier.
public struct ExactSampler<Coupling: SpeculativeCoupling>: Sendable {
    public let plan: ExactPlan
    public let window: WindowPolicy
    public let draft: ExactDraft
    public let correction: ResidualCorrection
    private let coupling: Coupling

    public init(
        plan: ExactPlan, window: WindowPolicy, draft: ExactDraft, correction: ResidualCorrection,
        coupling: Coupling = ReflectionCoupling()
    ) {
        self.plan = plan
        self.window = window
        self.draft = draft
        self.correction = correction
        self.coupling = coupling
    }

    /// The final latent and what it cost.
    ///
    /// - Parameters:
    ///   - drafting: the draft network; not asked for held drafts.
    ///   - settled: gets every window.
    /// - Throws: `DiffusionError`, and what the models or `report` throw.
    public func run(
        drafting: inout some VelocityPredicting, verifying: inout some VelocityPredicting,
        report: (VerificationEvent) throws -> Void = { _ in }, settled observe: (SettledWindow) -> Void = { _ in }
    ) throws -> (latent: Latent, telemetry: ExactTelemetry) {
        var chain = ExactChain(plan: plan)
        var memory = DraftMemory(draft: draft, correction: correction, schedule: plan.schedule)
        var history = WindowHistory()
        var telemetry = ExactTelemetry(placement: .verifier)
        while !chain.isAtTail {
            let length = window.nextLength(
                after: history, rowCost: correction.rowCost, limit: plan.tailStep - chain.step)
            var (drafted, own) = (chain.window(), [Latent]())
            for _ in 0..<length {
                let picture = try draftedPicture(of: drafted, with: &drafting)
                own.append(picture)
                drafted.append(memory.corrected(picture, step: drafted.nextStep))
            }
            let velocities = try verifying.checkedVelocities(drafted.statesToVerify, at: drafted.timesToVerify)
            let result = try chain.settle(drafted, velocities: velocities, by: coupling)
            memory.learn(
                firstStep: result.firstStep, own: own, verified: result.verifierPictures,
                settledCount: result.settledCount)
            history.add(result)
            telemetry.add(result, draftEvaluations: draft == .model ? length : 0)
            observe(result)
            try report(.speculated(step: chain.step, stepCount: plan.stepCount, accepted: telemetry.acceptedSteps))
        }
        try takeTail(&chain, verifying: &verifying, telemetry: &telemetry, report: report)
        return (chain.state, telemetry)
    }

    private func draftedPicture(
        of window: DraftedWindow, with drafting: inout some VelocityPredicting
    ) throws -> Latent {
        guard draft == .model else { return .zero(plan.randomness.shape) }
        return try window.draftedPicture(with: &drafting)
    }
}

extension ExactSampler {
    /// The steps that the verifier takes alone.
    public func takeTail(
        _ chain: inout ExactChain, verifying: inout some VelocityPredicting, telemetry: inout ExactTelemetry,
        report: (VerificationEvent) throws -> Void = { _ in }
    ) throws {
        let first = chain.step
        while !chain.isFinished {
            let time = plan.schedule.times[chain.step]
            try chain.takeOwnStep(velocity: try verifying.checkedVelocities([chain.state], at: [time])[0])
            telemetry.addOwnStep()
            try report(.refined(done: chain.step - first, total: plan.stepCount - first))
        }
    }
}

extension DraftedWindow {
    /// x̂₀ that a draft network sees in the state of the next step.
    ///
    /// - Throws: `DiffusionError`, also for a velocity that is not finite, or what the model throws.
    public func draftedPicture(with drafting: inout some VelocityPredicting) throws -> Latent {
        let time = plan.schedule.times[nextStep]
        let velocity = try drafting.checkedVelocities([state], at: [time])[0]
        guard velocity.isFinite else { throw DiffusionError.notFinite(step: nextStep) }
        return pictureEstimate(state: state, velocity: velocity, time: time)
    }
}
