public import Diffusion

/// Who takes which steps: the draft the first n of its schedule, the verifier what is left of its own.
public struct HandoffPlan: Hashable, Sendable {
    /// The draft's.
    public let schedule: FlowSchedule
    /// The verifier's own, which it takes from the noise where there is no draft, or none that passes.
    public let verifierSchedule: FlowSchedule
    /// n: the index in `schedule` of the state that travels, 0…N.
    public let handoffStep: Int
    /// The verifier's schedule for a draft that passes (`FlowSchedule.entered`).
    public let entrySchedule: FlowSchedule
    /// The step of `entrySchedule` that begins at the hand-off: 0 without a draft, its N if nothing is left.
    public let entryStep: Int

    /// Splits the schedule where the draft has done `fraction` of the steps, rounded to a whole step.
    ///
    /// 0 is the verifier alone and 1 the draft alone; everything between leaves each at least one step if
    /// the schedule has two.
    ///
    /// - Parameter verifierStepCount: N of the verifier's schedule; nil takes the draft's.
    /// - Throws: `SpeculationError.fractionOutOfRange`, for NaN too; as the other initialiser.
    public init(
        schedule: FlowSchedule, verifierStepCount: Int? = nil, fraction: Double
    ) throws(SpeculationError) {
        guard (0...1).contains(fraction) else { throw .fractionOutOfRange(fraction) }
        try self.init(
            schedule: schedule, verifierStepCount: verifierStepCount,
            handoffStep: schedule.handoffStep(fraction: fraction))
    }

    /// Hands over after a step of the draft's schedule.
    ///
    /// - Throws: `SpeculationError.handoffStepOutOfRange`, `.invalidSchedule` for a count that no schedule has,
    ///   `.noStepToEnter` for a verifier of one step.
    public init(
        schedule: FlowSchedule, verifierStepCount: Int? = nil, handoffStep: Int
    ) throws(SpeculationError) {
        guard (0...schedule.stepCount).contains(handoffStep) else {
            throw .handoffStepOutOfRange(handoffStep, stepCount: schedule.stepCount)
        }
        self.schedule = schedule
        self.handoffStep = handoffStep
        verifierSchedule = try Self.schedule(verifierStepCount ?? schedule.stepCount, schedule.shift)
        guard handoffStep > 0 else {
            (entrySchedule, entryStep) = (verifierSchedule, 0)
            return
        }
        guard let entry = verifierSchedule.entered(at: schedule.times[handoffStep]) else { throw .noStepToEnter }
        (entrySchedule, entryStep) = entry
    }

    /// The plan of a job.
    ///
    /// - Throws: `SpeculationError` as the other initialisers, `.invalidSchedule` for steps or a shift that no schedule has.
    public init(of job: VerificationJob) throws(SpeculationError) {
        try self.init(
            schedule: Self.schedule(job.stepCount, job.scheduleShift), verifierStepCount: job.verifierStepCount,
            handoffStep: job.handoffStep)
    }

    private static func schedule(_ stepCount: Int, _ shift: Double) throws(SpeculationError) -> FlowSchedule {
        do throws(DiffusionError) {
            return try FlowSchedule(stepCount: stepCount, shift: shift)
        } catch {
            throw .invalidSchedule(error)
        }
    }

    /// t_n: the time of the state that travels.
    public var handoffTime: Double { schedule.times[handoffStep] }
    /// The draft's steps, of `schedule`.
    public var draftSteps: Range<Int> { 0..<handoffStep }
    /// The verifier's steps when the draft is good, of `entrySchedule`.
    public var verifierSteps: Range<Int> { entryStep..<entrySchedule.stepCount }
    /// Nothing is drafted and nothing but the job travels.
    public var isVerifierAlone: Bool { handoffStep == 0 }
    /// Nothing is left to verify.
    public var isDraftAlone: Bool { handoffStep == schedule.stepCount }

    /// The schedule that is walked from a step on: that of the hand-off, or the verifier's own from any earlier one.
    public func schedule(enteredAt step: Int) -> FlowSchedule {
        step == entryStep ? entrySchedule : verifierSchedule
    }
}
