public import Diffusion

/// The check of ALGORITHMS.md §4, evaluation by evaluation: may the verifier go on from this draft, and where?
///
/// The draft's estimate s gets the seed's noise ξ laid over it at a few levels, x_t = (1 − t)·s + t·ξ, and the verifier
/// answers with its own estimate at each.
///
/// 1. One batch holds the hand-off and the high levels where the prompt is asked about. A picture that lacks too
///    much of the prompt is dropped.
/// 2. If the hand-off is near enough, the verifier goes on from there, and that evaluation was its first step.
/// 3. If it is not, the levels above are tried one at a time, and the first that is near enough is where the verifier
///    re-enters: low noise repairs little, high noise much.
///
/// A draft that passes so costs only the prompt's levels. Whatever fails everywhere is dropped, and the picture is the
/// verifier's own. A value type without a model: whoever has one asks `next` and answers with `take`, so rows of several
/// drafts can share a batch.
public struct DraftCheck: Hashable, Sendable {
    /// One level that the verifier may go on from.
    public struct Probe: Hashable, Sendable {
        /// The schedule step whose time the level is.
        public let step: Int
        public let time: Double
        /// The largest distance that passes.
        public let threshold: Float
    }

    /// Rows that are evaluated together.
    public struct Batch: Hashable, Sendable {
        public let states: [Latent]
        public let times: [Double]
    }

    /// Where the verifier goes on.
    public enum Decision: Hashable, Sendable {
        /// At a probe's step, with the verifier's velocity there.
        case enter(step: Int, state: Latent, velocity: Latent)
        /// From pure noise.
        case drop
    }

    /// By rising noise; the first is the hand-off. Empty if the draft took no step.
    public let probes: [Probe]
    /// What is asked about the prompt in the first batch; nil below a hand-off above its levels.
    public let prompt: CheckRule.Prompt?
    /// What was read so far, in the order in which it was evaluated.
    public private(set) var readings: [LevelReading] = []
    /// Rows that the verifier has evaluated.
    public private(set) var evaluationCount = 0
    /// Nil while there is something left to evaluate.
    public private(set) var decision: Decision?
    /// The rows to evaluate now; nil once it is decided.
    public private(set) var next: Batch?

    private let estimate: Latent
    private let noise: Latent
    private let schedule: FlowSchedule

    /// Plans the check of an estimate.
    ///
    /// The levels are the hand-off step and, before it, the steps nearest to the rule's times; those that fall on one
    /// step are one level. Step 0 is pure noise and needs no check; the last state is a picture without noise and cannot
    /// be checked, so a draft that took all N steps is first checked one step back. Thresholds are those of each step's
    /// own time. The prompt's levels are taken at their exact times, which need not be steps.
    ///
    /// - Parameters:
    ///   - estimate: s.
    ///   - noise: ξ.
    ///   - handoffStep: 0…N.
    public init(estimate: Latent, noise: Latent, schedule: FlowSchedule, handoffStep: Int, rule: CheckRule) {
        precondition((0...schedule.stepCount).contains(handoffStep), "no hand-off at step \(handoffStep)")
        let lowest = min(handoffStep, schedule.stepCount - 1)
        let nearest = rule.times.map { schedule.step(nearestTo: $0) }.filter { $0 > 0 && $0 < lowest }
        let steps = Set(nearest + [lowest]).subtracting([0]).sorted(by: >)
        probes = steps.map { step in
            let time = schedule.times[step]
            return Probe(step: step, time: time, threshold: rule.distance(at: time))
        }
        prompt = rule.prompt(at: schedule.times[lowest])
        (self.estimate, self.noise, self.schedule) = (estimate, noise, schedule)
        if let first = probes.first {
            next = batch([first.time] + (prompt?.times ?? []))
        } else {
            decision = .drop
        }
    }

    /// Takes the verifier's answers to `next`.
    ///
    /// - Precondition: one answer of the estimate's shape for each row, in order.
    public mutating func take(_ answers: [PromptedVelocity]) {
        guard let batch = next else { preconditionFailure("nothing was asked") }
        precondition(answers.count == batch.states.count, "rows do not match")
        let isFirst = readings.isEmpty
        let probe = probes[isFirst ? 0 : tried]
        evaluationCount += batch.states.count
        next = nil
        if isFirst, let prompt {
            let reading = reading(prompt, batch, answers)
            readings.append(reading)
            guard reading.passes else { return decision = .drop }
        }
        let reading = LevelReading(
            step: probe.step, time: probe.time,
            statistic: value(of: .estimateDistance, batch, answers, row: 0), threshold: probe.threshold)
        readings.append(reading)
        tried += 1
        if reading.passes {
            decision = .enter(step: probe.step, state: batch.states[0], velocity: answers[0].velocity)
        } else if tried < probes.count {
            next = self.batch([probes[tried].time])
        } else {
            decision = .drop
        }
    }

    /// Probes whose distance was read.
    private var tried = 0

    private func batch(_ times: [Double]) -> Batch {
        Batch(
            states: times.map { noisedState(picture: estimate, noise: noise, time: $0) }, times: times)
    }

    private func reading(
        _ prompt: CheckRule.Prompt, _ batch: Batch, _ answers: [PromptedVelocity]
    ) -> LevelReading {
        // Row 0 is the hand-off.
        let values = (1..<answers.count).map { value(of: .promptShortfall, batch, answers, row: $0) }
        let time = prompt.times.reduce(0, +) / Double(prompt.times.count)
        return LevelReading(
            step: schedule.step(nearestTo: time), time: time,
            statistic: values.reduce(0, +) / Float(values.count), threshold: prompt.threshold,
            kind: .promptShortfall)
    }

    private func value(
        of statistic: CheckStatistic, _ batch: Batch, _ answers: [PromptedVelocity], row: Int
    ) -> Float {
        statistic.value(
            estimate: estimate, answer: answers[row], state: batch.states[row], time: batch.times[row])
    }
}
