public import Diffusion

/// Why a split of the work cannot be planned.
public enum SpeculationError: Error, Hashable, Sendable {
    /// The draft's share of the steps is not a number from 0 to 1.
    case fractionOutOfRange(Double)
    /// The draft has no such step to hand over after.
    case handoffStepOutOfRange(Int, stepCount: Int)
    /// There is no schedule of such steps or such a shift.
    case invalidSchedule(DiffusionError)
    /// A verifier of one step begins at the noise: a draft has no place in it.
    case noStepToEnter
    /// A level of the check is not usable: its time must lie in 0…1, its threshold be finite and, of a distance, not negative.
    case invalidLevel(time: Double, threshold: Float)
    /// A quality curve is not usable, and why.
    case invalidQuality(String)
    /// The share of faults that the check shall catch is not a number between 0 and 1.
    case quantileOutOfRange(Double)
    /// The share of the verifier's own pictures that the question about likeness may reject is neither 0 nor a number between 0 and 1.
    case likenessShareOutOfRange(Double)
    /// Likeness is asked for and the check has no measurement of it.
    case noLikeness
}

extension SpeculationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .fractionOutOfRange(let fraction):
            "a hand-off fraction of \(fraction) is not in 0…1; 0.8 is the default, "
                + "0 leaves all to the verifier and 1 all to the draft"
        case .handoffStepOutOfRange(let step, let stepCount):
            "hand-off step \(step) is not in 0…\(stepCount); send a step of the schedule"
        case .invalidSchedule(let error):
            error.description
        case .noStepToEnter:
            "a verifier of one step takes it from the noise and cannot go on from a draft; give it two steps or more"
        case .invalidLevel(let time, let threshold):
            "a check at t = \(time) with threshold \(threshold) is not usable; "
                + "times lie in 0…1 and thresholds are finite, of distances at least 0"
        case .quantileOutOfRange(let quantile):
            "a check quantile of \(quantile) is not in 0.001…0.999; 0.95 catches nearly all faults, less is kinder"
        case .likenessShareOutOfRange(let share):
            "a likeness share of \(share) is neither 0 nor in 0.001…0.999; 0.1 is usual, more is stricter, 0 does not ask"
        case .noLikeness:
            "this verifier's check cannot tell how like its own a draft is; leave out --check-likeness, or train its critic for it "
                + "and calibrate (CloudModels/training)"
        case .invalidQuality(let reason):
            "the quality curve cannot be used: \(reason); measure it anew with `underpaint lab split --out DIR --preset quality --write-quality`"
        }
    }
}
