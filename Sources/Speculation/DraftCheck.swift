public import Diffusion

/// The check of ALGORITHMS.md §4: would the verifier have drawn this picture?
///
/// The draft's estimate s gets the seed's noise ξ laid over it at a few levels, x_t = (1 − t)·s + t·ξ. One batch of
/// the verifier gives its own estimate x̂₀ at each, and d = RMS(x̂₀ − s) is read against a threshold. d is not divided by
/// RMS(s): undivided, with guidance and with the seed's own noise, it ranked the pilot's drafts best.
public struct DraftCheck: Hashable, Sendable {
    /// One level that is checked.
    public struct Probe: Hashable, Sendable {
        /// The schedule step whose time the level is.
        public let step: Int
        public let time: Double
        public let threshold: Float
    }

    /// By rising noise; the first is the hand-off. Empty if the draft took no step.
    public let probes: [Probe]

    /// Chooses the steps to check: the hand-off step, and before it the steps nearest to the levels' times.
    ///
    /// Step 0 is pure noise and needs no check; the last state is a picture without noise and cannot be checked, so a
    /// draft that took all N steps is first checked one step back. Levels that fall on one step are checked once;
    /// thresholds are read off the line through the levels at each step's own time.
    /// - Parameter handoffStep: 0…N.
    public init(schedule: FlowSchedule, handoffStep: Int, levels: [CheckLevel]) {
        precondition((0...schedule.stepCount).contains(handoffStep), "no hand-off at step \(handoffStep)")
        let lowest = min(handoffStep, schedule.stepCount - 1)
        let nearest = levels.map { schedule.step(nearestTo: $0.time) }.filter { $0 > 0 && $0 < lowest }
        let steps = Set(nearest + [lowest]).subtracting([0]).sorted(by: >)
        self.probes = steps.compactMap { step in
            let time = schedule.times[step]
            return levels.threshold(at: time).map { Probe(step: step, time: time, threshold: $0) }
        }
    }

    /// x_t of each probe, in the order of `probes`.
    public func states(estimate: Latent, noise: Latent) -> [Latent] {
        probes.map { noisedState(picture: estimate, noise: noise, time: $0.time) }
    }

    /// d of each probe, from the verifier's velocities at `states`.
    ///
    /// - Precondition: one velocity of the estimate's shape for each state, in order.
    public func readings(estimate: Latent, states: [Latent], velocities: [Latent]) -> [LevelReading] {
        precondition(states.count == probes.count && velocities.count == probes.count, "rows do not match")
        return probes.indices.map { i in
            let probe = probes[i]
            let own = pictureEstimate(state: states[i], velocity: velocities[i], time: probe.time)
            return LevelReading(
                step: probe.step, time: probe.time, statistic: Self.distance(own, estimate),
                threshold: probe.threshold)
        }
    }

    /// The root of the mean squared difference of the elements; NaN or infinite if an element is.
    static func distance(_ a: Latent, _ b: Latent) -> Float {
        let squares = zip(a.values, b.values).reduce(0) { sum, pair in
            let difference = Double(pair.0) - Double(pair.1)
            return sum + difference * difference
        }
        return Float((squares / Double(a.values.count)).squareRoot())
    }
}
