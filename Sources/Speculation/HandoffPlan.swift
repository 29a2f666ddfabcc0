public import Diffusion

/// Who takes which steps: the draft the first n, the verifier the others.
public struct HandoffPlan: Hashable, Sendable {
    public let schedule: FlowSchedule
    /// n: the index of the state that travels, 0…N.
    public let handoffStep: Int

    /// Splits the schedule where the draft has done `fraction` of the steps, rounded to a whole step.
    ///
    /// 0 is the verifier alone and 1 the draft alone; everything between leaves each at least one step if
    /// the schedule has two.
    /// - Throws: `SpeculationError.fractionOutOfRange`, for NaN too.
    public init(schedule: FlowSchedule, fraction: Double) throws(SpeculationError) {
        guard (0...1).contains(fraction) else { throw .fractionOutOfRange(fraction) }
        self.schedule = schedule
        self.handoffStep = schedule.handoffStep(fraction: fraction)
    }

    /// t_n: the time of the state that travels.
    public var handoffTime: Double { schedule.times[handoffStep] }
    /// The draft's steps.
    public var draftSteps: Range<Int> { 0..<handoffStep }
    /// The verifier's steps when the draft is good.
    public var verifierSteps: Range<Int> { handoffStep..<schedule.stepCount }
    /// Nothing is drafted and nothing but the job travels.
    public var isVerifierAlone: Bool { handoffStep == 0 }
    /// Nothing is left to verify.
    public var isDraftAlone: Bool { handoffStep == schedule.stepCount }
}
