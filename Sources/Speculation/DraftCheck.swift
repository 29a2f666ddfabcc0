public import Diffusion

/// The check of ALGORITHMS.md §4, evaluation by evaluation: may the verifier go on from this draft, and where?
///
/// The draft's estimate s gets the seed's noise ξ laid over it at a few levels, x_t = (1 − t)·s + t·ξ, and the verifier
/// answers with its own estimate at each.
///
/// 1. A critic, if there is one, says whether the picture shows the prompt, before the verifier is asked anything. Without
///    one the verifier says so: one batch holds the hand-off and the high levels where the prompt is asked about. A picture
///    that lacks too much of the prompt is dropped.
/// 2. If the critic knows the draft's pictures from the verifier's, it says at each level, before the verifier is asked, whether
///    under its noise the picture could be one of the verifier's.
/// 3. If the hand-off is near enough, the verifier goes on from there, and that evaluation was its first step.
/// 4. If it is not, the levels above are tried one at a time, and the first that passes is where the verifier
///    re-enters: low noise repairs little, high noise much.
///
/// A draft that passes so costs the verifier the prompt's levels, and where a critic answers for it nothing. Whatever fails
/// everywhere is dropped, and the picture is the verifier's own. A value type without a model: whoever has one asks `next`
/// and answers with `take`, so rows of several drafts can share a batch.
public struct DraftCheck: Hashable, Sendable {
    /// One level that the verifier may go on from.
    public struct Probe: Hashable, Sendable {
        /// The schedule step whose time the level is.
        public let step: Int
        public let time: Double
        /// The largest distance that passes.
        public let threshold: Float
        /// Where likeness is asked, and the largest unlikeness that passes; nil where it is not.
        public let likeness: CheckLevel?
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
    /// What is asked about the prompt; nil for a draft that is too unfinished.
    public let prompt: CheckRule.Prompt?
    /// What was read so far, in the order in which it was evaluated.
    public private(set) var readings: [LevelReading] = []
    /// What the answers have cost the verifier (`FlowAnswers.evaluationCount`).
    public private(set) var evaluationCount = 0
    /// Nil while there is something left to evaluate.
    public private(set) var decision: Decision?
    /// What to ask the verifier or its critic now, in one batch; nil once it is decided.
    public private(set) var next: [FlowQuestion]?

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
            let (time, handoffTime) = (schedule.times[step], schedule.times[lowest])
            let likeness = rule.likeness(at: time, handoffTime: handoffTime)
            return Probe(
                step: step, time: time,
                threshold: rule.distance(
                    at: time, handoffTime: handoffTime, isCorrection: likeness != nil && step < lowest),
                likeness: likeness)
        }
        prompt = rule.prompt(at: schedule.times[lowest])
        (self.estimate, self.noise, self.schedule) = (estimate, noise, schedule)
        unread = prompt
        guard let first = probes.first else {
            decision = .drop
            return
        }
        let asked = prompt.map { prompt in prompt.times.map { question(prompt.statistic.subject, $0) } } ?? []
        let opening = opening(first)
        // What a critic may drop is not evaluated beside its questions.
        let isCriticsTurn = prompt?.statistic == .promptDoubt && !opening.subject.isForCritic
        next = isCriticsTurn ? asked : [opening] + asked
    }

    /// Takes the answers to `next`.
    ///
    /// - Precondition: one answer of the estimate's shape for each question, in order.
    public mutating func take(_ answers: FlowAnswers) {
        guard let questions = next else { preconditionFailure("nothing was asked") }
        precondition(answers.rows.count == questions.count, "rows do not match")
        evaluationCount += answers.evaluationCount
        next = nil
        var rows = Array(zip(questions, answers.rows))
        if let prompt = unread {
            unread = nil
            let reading = reading(prompt, rows.suffix(prompt.times.count))
            rows.removeLast(prompt.times.count)
            readings.append(reading)
            guard reading.passes else { return decision = .drop }
        }
        let probe = probes[tried]
        guard let (question, answer) = rows.first else { return next = [opening(probe)] }
        let likeness = question.subject == .likeness ? probe.likeness : nil
        let statistic: CheckStatistic = likeness == nil ? .estimateDistance : .unlikeness
        let reading = LevelReading(
            step: probe.step, time: likeness?.time ?? probe.time,
            statistic: statistic.value(estimate: estimate, question: question, answer: answer),
            threshold: likeness?.threshold ?? probe.threshold, kind: statistic)
        readings.append(reading)
        if reading.passes, likeness != nil { return next = [self.question(.velocity, probe.time)] }
        if reading.passes, case .velocity(let velocity) = answer {
            return decision = .enter(step: probe.step, state: question.state, velocity: velocity)
        }
        tried += 1
        guard tried < probes.count else { return decision = .drop }
        next = [opening(probes[tried])]
    }

    /// What is asked first at a level: what costs the verifier nothing.
    private func opening(_ probe: Probe) -> FlowQuestion {
        probe.likeness.map { question(.likeness, $0.time) } ?? question(.velocity, probe.time)
    }

    /// Probes that did not pass.
    private var tried = 0
    /// What is asked about the prompt, until it is read.
    private var unread: CheckRule.Prompt?

    private func question(_ subject: FlowQuestion.Subject, _ time: Double) -> FlowQuestion {
        FlowQuestion(subject, picture: estimate, noise: noise, time: time)
    }

    private func reading(
        _ prompt: CheckRule.Prompt, _ rows: some Sequence<(FlowQuestion, FlowAnswer)>
    ) -> LevelReading {
        let values = rows.map { prompt.statistic.value(estimate: estimate, question: $0, answer: $1) }
        let time = prompt.times.reduce(0, +) / Double(prompt.times.count)
        return LevelReading(
            step: schedule.step(nearestTo: time), time: time,
            statistic: values.reduce(0, +) / Float(values.count), threshold: prompt.threshold,
            kind: prompt.statistic)
    }
}
