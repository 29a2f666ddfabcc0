/// One Euler step of the flow's ordinary differential equation: x_s = x_t + (s − t)·v.
///
/// This is DDIM with η = 0 in flow coordinates (ALGORITHMS.md §1).
public struct EulerStep: Hashable, Sendable {
    /// t: the state's time before the step.
    public let time: Double
    /// s: the state's time after the step.
    public let nextTime: Double

    public init(from time: Double, to nextTime: Double) {
        self.time = time
        self.nextTime = nextTime
    }

    /// The step that leaves t_n of `schedule`.
    ///
    /// - Precondition: 0 ≤ step < `schedule.stepCount`.
    public init(_ step: Int, of schedule: FlowSchedule) {
        precondition(schedule.times.indices.contains(step + 1) && step >= 0, "no step \(step)")
        self.init(from: schedule.times[step], to: schedule.times[step + 1])
    }

    /// The state after the step.
    ///
    /// - Precondition: `state` and `velocity` have the same shape.
    public func next(state: Latent, velocity: Latent) -> Latent {
        let length = Float(nextTime - time)
        return state.combined(with: velocity) { x, v in x + length * v }
    }
}
