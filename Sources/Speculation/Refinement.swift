public import Diffusion

/// Where and with what the verifier's own steps begin, once the draft is judged.
public struct Refinement: Hashable, Sendable {
    /// The check's readings in the order in which they were taken; empty if nothing was checked.
    public let readings: [LevelReading]
    /// What the check cost, in evaluations.
    public let checkEvaluations: Int
    /// The steps that are walked, the first of them at the state that the verifier goes on from.
    public let schedule: FlowSchedule
    /// The step of `startState`: 0 for a fresh start, N if nothing is left to refine.
    public let startStep: Int
    /// x at that step: the seed's pure noise at step 0.
    public let startState: Latent
    /// The verifier's velocity at `startState`, if the check evaluated it: the first step's evaluation.
    public let firstVelocity: Latent?
    /// The step at which the verifier stops, N as a rule.
    let lastStep: Int

    /// How many steps there are to take.
    public var refiningStepCount: Int { lastStep - startStep }

    /// What all of it costs the verifier network, check and refining together.
    public var verifierEvaluations: Int {
        VerifierEvaluations.count(
            check: checkEvaluations, reentryStep: startStep, stepCount: lastStep,
            reused: firstVelocity != nil && refiningStepCount > 0)
    }

    /// The job's telemetry; the clock and the bytes are the caller's.
    public func telemetry(stages: [StageTime], receivedBytes: Int) -> VerificationTelemetry {
        VerificationTelemetry(
            levels: readings, reentryStep: startStep, verifierEvaluations: verifierEvaluations,
            verifierOnlyEvaluations: lastStep, stages: stages, receivedBytes: receivedBytes)
    }
}
