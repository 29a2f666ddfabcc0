/// A walk along a schedule, velocity by velocity: whoever has a model looks at `state` and `time` and answers with `take`.
///
/// By the two-step Adams–Bashforth method for steps of unlike length: of the velocity v at t and the one before it, v′ at t′,
///
///     x_s = x_t + (s − t)·(v + (s − t) / (2·(t − t′))·(v − v′)).
///
/// It takes one evaluation a step, as Euler's does, and follows a curved way far better. Euler's are the first step, which
/// has no velocity before it, and the last, which is the longest: what has changed until then says little of it.
/// A picture is the same affine combination of the seed's noise and of pictures as with Euler's steps, so the code of the
/// hand-off (ALGORITHMS.md §3) holds.
public struct FlowWalk: Hashable, Sendable {
    /// What people who make pictures call it; pictures of one name and all else alike are the same.
    public static let method = "LMS (order 2)"

    public let schedule: FlowSchedule
    /// The step that comes next; the schedule's `stepCount` at the end.
    public private(set) var step: Int
    /// x at the time of `step`.
    public private(set) var state: Latent
    private var previous: Latent?

    /// Stands at a step, without a velocity before it.
    ///
    /// - Precondition: 0 ≤ `step` ≤ `schedule.stepCount`.
    public init(_ schedule: FlowSchedule, from step: Int = 0, state: Latent) {
        precondition(schedule.times.indices.contains(step), "no step \(step)")
        (self.schedule, self.step, self.state) = (schedule, step, state)
    }

    /// t of `state`.
    public var time: Double { schedule.times[step] }

    /// Takes a step with the model's velocity at `state`.
    ///
    /// - Throws: `DiffusionError.notFinite` with the step if the velocity or the result is not finite, `.shapeMismatch`;
    ///   `.stepsOutOfRange` at the end. The walk then stands where it stood.
    public mutating func take(_ velocity: Latent) throws(DiffusionError) {
        guard step < schedule.stepCount else {
            throw .stepsOutOfRange(lowerBound: step, upperBound: step + 1, stepCount: schedule.stepCount)
        }
        guard velocity.shape == state.shape else {
            throw .shapeMismatch(expected: state.shape, got: velocity.shape)
        }
        let next = EulerStep(step, of: schedule).next(state: state, velocity: extrapolated(velocity))
        // A velocity that is not finite leaves no finite state behind, and neither does an overflow.
        guard next.isFinite else { throw .notFinite(step: step) }
        (state, previous) = (next, velocity)
        step += 1
    }

    /// The mean velocity of the step, if velocities go on to change as they did.
    private func extrapolated(_ velocity: Latent) -> Latent {
        guard let previous, step + 1 < schedule.stepCount else { return velocity }
        let (before, now, after) = (schedule.times[step - 1], time, schedule.times[step + 1])
        let share = Float((after - now) / (2 * (now - before)))
        return velocity.combined(with: previous) { v, u in v + share * (v - u) }
    }
}
