public import Diffusion

/// One job on its way through check, correct and refine, evaluation by evaluation.
///
/// A value type without model, clock or thread, like `DraftCheck`: whoever has a model asks `next` and answers with `take`,
/// so rows of several jobs, each at a step of its own, can share a batch. `run` does that for one job.
public struct VerificationCourse: Sendable {
    public let plan: VerificationPlan
    /// Where and with what the verifier's own steps begin; nil while the draft is being checked.
    public private(set) var refinement: Refinement?
    /// What to ask the verifier now, in one batch; nil at the end.
    public private(set) var next: [FlowQuestion]?

    private let estimate: Latent?
    private var check: DraftCheck?
    /// The verifier's own steps; nil while the draft is being checked.
    private var walk: FlowWalk?

    /// Begins a job.
    ///
    /// - Parameter estimate: the draft's s; nil only if the hand-off step is 0.
    /// - Throws: `invalidLatent` if it is missing, not finite or of another shape.
    public init(plan: VerificationPlan, estimate: Latent?) throws(VerifierError) {
        self.plan = plan
        self.estimate = estimate
        check = try plan.check(of: estimate)
        next = check?.next
        if next == nil { enter(try plan.refinement(of: estimate, after: check)) }
    }

    /// The final latent, or the state of the job's stop step; nil while there is something to ask.
    public var latent: Latent? { next == nil ? walk?.state : nil }

    /// Takes the verifier's answers to `next`.
    ///
    /// - Returns: what that led to: `checked` once a check is decided, `refined` after a step.
    /// - Throws: `DiffusionError.notFinite` with the step. A velocity that is not finite does not pass the check.
    /// - Precondition: one answer of the latent's shape for each question, in order, by its subject.
    public mutating func take(_ answers: FlowAnswers) throws -> [VerificationEvent] {
        guard refinement == nil else {
            guard case .velocity(let velocity)? = answers.rows.first else {
                preconditionFailure("a step needs a velocity")
            }
            return [try advance(by: velocity)]
        }
        check?.take(answers)
        next = check?.next
        guard next == nil else { return [] }
        let refinement = try plan.refinement(of: estimate, after: check)
        enter(refinement)
        var events = [VerificationEvent.checked(levels: refinement.readings, reentryStep: refinement.startStep)]
        // The evaluation that let the draft pass was the first step's.
        if let velocity = refinement.firstVelocity, next != nil { events.append(try advance(by: velocity)) }
        return events
    }

    private mutating func enter(_ refinement: Refinement) {
        self.refinement = refinement
        walk = FlowWalk(refinement.schedule, from: refinement.startStep, state: refinement.startState)
        ask()
    }

    private mutating func ask() {
        guard let walk, walk.step < plan.lastStep else { return next = nil }
        next = [FlowQuestion(.velocity, state: walk.state, time: walk.time)]
    }

    private mutating func advance(by velocity: Latent) throws(DiffusionError) -> VerificationEvent {
        guard let refinement, var walk else { preconditionFailure("no step is taken before the draft is judged") }
        try walk.take(velocity)
        self.walk = walk
        ask()
        return .refined(done: walk.step - refinement.startStep, total: refinement.refiningStepCount)
    }
}

extension VerificationCourse {
    /// Takes the job to its end with a model of its own.
    ///
    /// - Parameter report: gets every event; throw to stop.
    /// - Returns: the final latent, or the state of the job's stop step.
    /// - Throws: as `take`, and what the model or `report` throws.
    public mutating func run(
        with model: inout some PromptComparing, report: (VerificationEvent) throws -> Void = { _ in }
    ) throws -> Latent {
        while let questions = next {
            for event in try take(model.checkedAnswers(to: questions)) { try report(event) }
        }
        guard let latent else { preconditionFailure("nothing is left to ask and no state is there") }
        return latent
    }
}
