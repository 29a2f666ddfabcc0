public import Diffusion

/// Takes one job through check, correct and refine with any model; no clock, no I/O, no thread.
///
/// `check` and `refine` are apart so that the caller can time each and let other jobs pass between them.
public struct HandoffVerifier: Sendable {
    public let plan: VerificationPlan

    public init(plan: VerificationPlan) {
        self.plan = plan
    }

    /// Judges the draft in a few evaluations and says where to go on.
    ///
    /// - Parameters:
    ///   - estimate: the draft's s; nil only if the hand-off step is 0.
    ///   - report: gets `checked` if anything was; throw to stop.
    /// - Throws: `VerifierError` for a bad estimate, `DiffusionError` for a model of another shape, and
    ///   what the model or `report` throws. A velocity that is not finite does not pass.
    public func check(
        estimate: Latent?, with model: inout some PromptComparing,
        report: (VerificationEvent) throws -> Void = { _ in }
    ) throws -> Refinement {
        var check = try plan.check(of: estimate)
        while let questions = check?.next {
            check?.take(try model.checkedAnswers(to: questions))
        }
        let refinement = try plan.refinement(of: estimate, after: check)
        if !refinement.readings.isEmpty {
            try report(.checked(levels: refinement.readings, reentryStep: refinement.startStep))
        }
        return refinement
    }

    /// Takes the verifier's own steps to the final latent, or to the state of the job's stop step.
    ///
    /// - Parameter report: gets `refined` after each step; throw to stop.
    /// - Throws: `DiffusionError.notFinite` with the step, and what the model or `report` throws.
    public func refine(
        _ refinement: Refinement, with model: inout some VelocityPredicting,
        report: (VerificationEvent) throws -> Void = { _ in }
    ) throws -> Latent {
        let first = refinement.startStep
        return try FlowTrajectory(plan.schedule).run(
            first..<plan.lastStep, from: refinement.startState,
            firstVelocity: refinement.firstVelocity, with: &model
        ) { reached in
            try report(.refined(done: reached - first, total: refinement.refiningStepCount))
        }
    }

    /// `check` and `refine` in one go.
    public func verify(
        estimate: Latent?, with model: inout some PromptComparing,
        report: (VerificationEvent) throws -> Void = { _ in }
    ) throws -> (latent: Latent, refinement: Refinement) {
        let refinement = try check(estimate: estimate, with: &model, report: report)
        return (try refine(refinement, with: &model, report: report), refinement)
    }
}
