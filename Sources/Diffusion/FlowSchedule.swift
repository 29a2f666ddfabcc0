/// The times of a rectified-flow trajectory: uniform steps, shifted towards the noise (ALGORITHMS.md §1).
///
/// With u_n = 1 − n/N and shift s, t_n = s·u_n / (1 + (s−1)·u_n). Times fall strictly from 1 to 0.
public struct FlowSchedule: Hashable, Sendable {
    /// Step counts for which a schedule can be made.
    public static let allowedStepCounts = 1...1000
    /// Shifts for which a schedule can be made: all its times then stay apart in `Double` and in `Float`.
    public static let allowedShifts = 0.01...100.0

    /// N: how many steps lead from noise to picture.
    public let stepCount: Int
    /// s: how much the times lean towards the noise; 1 is uniform.
    public let shift: Double
    /// t_0 = 1 … t_N = 0, N + 1 values.
    public private(set) var times: [Double]

    /// Makes the times.
    ///
    /// - Throws: `DiffusionError.stepCountOutOfRange` or `.shiftOutOfRange`.
    public init(stepCount: Int, shift: Double) throws(DiffusionError) {
        guard Self.allowedStepCounts.contains(stepCount) else { throw .stepCountOutOfRange(stepCount) }
        // A NaN is in no range.
        guard Self.allowedShifts.contains(shift) else { throw .shiftOutOfRange(shift) }
        self.stepCount = stepCount
        self.shift = shift
        self.times = (0...stepCount).map { n in
            // The ends are exact by decree: s / (1 + (s − 1)) need not round to 1.
            if n == 0 { return 1 }
            if n == stepCount { return 0 }
            let u = Double(stepCount - n) / Double(stepCount)
            return shift * u / (1 + (shift - 1) * u)
        }
    }

    /// The step whose time is nearest to `time`; of two equally near ones, that with more noise.
    public func step(nearestTo time: Double) -> Int {
        var nearest = 0
        for n in times.indices where abs(times[n] - time) < abs(times[nearest] - time) {
            nearest = n
        }
        return nearest
    }

    /// The schedule of a state that comes in at `time`, from wherever it was made, and the step that begins there.
    ///
    /// Of the steps between the first and the last, the one whose time is nearest begins at `time` instead; all others stay.
    /// At one of the schedule's own times that is the schedule itself; 0 is its end.
    ///
    /// - Returns: nil for a time outside 0..<1, and where no step lies between: a single step begins at the noise.
    public func entered(at time: Double) -> (schedule: FlowSchedule, step: Int)? {
        guard (0..<1).contains(time) else { return nil }
        guard time > 0 else { return (self, stepCount) }
        guard stepCount > 1 else { return nil }
        let step = min(max(step(nearestTo: time), 1), stepCount - 1)
        var entered = self
        entered.times[step] = time
        return (entered, step)
    }

    /// How many steps the draft takes when it is to run `fraction` of them.
    ///
    /// Rounded to the nearest step; only 0 (or less, or NaN) gives 0 and only 1 (or more) gives N as long
    /// as the schedule has a step between, so that a fraction strictly between leaves both models work.
    public func handoffStep(fraction: Double) -> Int {
        guard fraction > 0 else { return 0 }
        guard fraction < 1 else { return stepCount }
        let nearest = Int((fraction * Double(stepCount)).rounded())
        return stepCount < 2 ? nearest : min(max(nearest, 1), stepCount - 1)
    }
}
