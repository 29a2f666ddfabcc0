/// Why a trajectory could not be planned or run.
public enum DiffusionError: Error, Hashable, Sendable {
    /// A schedule was asked for with a step count outside `FlowSchedule.allowedStepCounts`.
    case stepCountOutOfRange(Int)
    /// A schedule was asked for with a shift outside `FlowSchedule.allowedShifts`, or one that is not a number.
    case shiftOutOfRange(Double)
    /// A range of steps that the schedule does not have.
    case stepsOutOfRange(lowerBound: Int, upperBound: Int, stepCount: Int)
    /// The model's velocity at this step, or the state it leads to, holds a NaN or an infinity.
    case notFinite(step: Int)
    /// The model gave back another number of rows than it was asked for.
    case rowCountMismatch(expected: Int, got: Int)
    /// The model gave back a velocity of another shape than the state.
    case shapeMismatch(expected: LatentShape, got: LatentShape)
}

extension DiffusionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stepCountOutOfRange(let count):
            let allowed = FlowSchedule.allowedStepCounts
            return "\(count) steps are out of range; "
                + "choose a step count from \(allowed.lowerBound) to \(allowed.upperBound)"
        case .shiftOutOfRange(let shift):
            let allowed = FlowSchedule.allowedShifts
            return "a schedule shift of \(shift) is out of range; "
                + "choose one from \(allowed.lowerBound) to \(allowed.upperBound) (the studio models use 3)"
        case .stepsOutOfRange(let lower, let upper, let count):
            return "steps \(lower) up to \(upper) do not lie in a schedule of \(count) steps; "
                + "choose 0 ≤ first ≤ last ≤ \(count)"
        case .notFinite(let step):
            return "the model's velocity at step \(step) is not finite; "
                + "check the weights file with `underpaint models` and try a lower guidance scale"
        case .rowCountMismatch(let expected, let got):
            return "the model gave \(got) velocities for \(expected) states; "
                + "it must give one for each, in the same order"
        case .shapeMismatch(let expected, let got):
            return "the model gave a velocity of \(got) for a latent of \(expected); "
                + "build its graph for the latent's shape"
        }
    }
}
