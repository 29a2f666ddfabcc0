/// What predicts the velocity of the flow at a state: a denoiser, with its guidance already applied.
///
/// Synchronous; whoever calls decides on which thread the work is done.
public protocol VelocityPredicting {
    /// The velocities v(x, t) ≈ ξ − x₀ of the rows of one batch.
    ///
    /// - Parameters:
    ///   - states: rows of one shape, in flow coordinates.
    ///   - times: the t of each row, in (0, 1].
    /// - Returns: one velocity for each row, in flow coordinates and in the same order.
    mutating func velocities(_ states: [Latent], at times: [Double]) throws -> [Latent]
}

extension VelocityPredicting {
    /// `velocities`, with the count and shapes of the result checked.
    ///
    /// - Throws: `DiffusionError.rowCountMismatch` or `.shapeMismatch`, or what the model throws.
    public mutating func checkedVelocities(_ states: [Latent], at times: [Double]) throws -> [Latent] {
        let result = try velocities(states, at: times)
        guard result.count == states.count else {
            throw DiffusionError.rowCountMismatch(expected: states.count, got: result.count)
        }
        for (state, velocity) in zip(states, result) where state.shape != velocity.shape {
            throw DiffusionError.shapeMismatch(expected: state.shape, got: velocity.shape)
        }
        return result
    }
}

/// The deterministic way along a schedule with a model at hand (`FlowWalk`).
public struct FlowTrajectory: Hashable, Sendable {
    public let schedule: FlowSchedule

    public init(_ schedule: FlowSchedule) {
        self.schedule = schedule
    }

    /// Takes `steps`, from the state at t of the first to the state at t of the upper bound.
    ///
    /// - Parameters:
    ///   - state: x at `schedule.times[steps.lowerBound]`.
    ///   - firstVelocity: the model's velocity at `state` if it is known already; saves its evaluation.
    ///   - progress: called after each step with the walk, which stands at the next; throw to stop.
    /// - Throws: `DiffusionError.notFinite` with the step whose velocity or result is not finite,
    ///   `.stepsOutOfRange`, `.rowCountMismatch`, `.shapeMismatch`, and what the model or `progress` throws.
    public func run(
        _ steps: Range<Int>, from state: Latent, firstVelocity: Latent? = nil,
        with model: inout some VelocityPredicting, progress: (FlowWalk) throws -> Void = { _ in }
    ) throws -> Latent {
        guard steps.lowerBound >= 0, steps.upperBound <= schedule.stepCount else {
            throw DiffusionError.stepsOutOfRange(
                lowerBound: steps.lowerBound, upperBound: steps.upperBound, stepCount: schedule.stepCount)
        }
        var walk = FlowWalk(schedule, from: steps.lowerBound, state: state)
        var known = firstVelocity
        while walk.step < steps.upperBound {
            let velocity = try known ?? model.checkedVelocities([walk.state], at: [walk.time])[0]
            known = nil
            try walk.take(velocity)
            try progress(walk)
        }
        return walk.state
    }
}
