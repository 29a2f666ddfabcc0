import EdgeRuntime
import Speculation

/// How far the cost model's choice was from the best measured split, scenario by scenario.
struct AutoAudit {
    /// One scenario's verdict.
    struct Finding {
        let scenario: Scenario
        let bestSplit: Double
        /// Medians.
        let bestSeconds: Double
        let chosenSplit: Double
        let chosenSeconds: Double
        let predictedSeconds: Double
        let roundCount: Int
        /// 0.02 is two in a hundred slower than the best: the median over paired runs.
        let excess: Double
        /// The standard error of `excess`; infinite where there are too few pairs to say.
        let excessError: Double
        /// How far runs of one split are apart, as a share of their median.
        let spread: Double

        var isWithinGoal: Bool { excess <= AutoAudit.goal }
        /// Whether the verdict is two standard errors from being another one.
        var isResolved: Bool { abs(excess - AutoAudit.goal) >= 2 * excessError }
    }

    /// The goal: within five in a hundred of the best latency …
    static let goal = 0.05
    /// … in nine of ten scenarios.
    static let goalShare = 0.9

    let findings: [Finding]

    /// Compares where both `auto` and fixed splits were measured. The best is looked for among the splits that keep
    /// the same bound on the loss as the choice.
    ///
    /// Runs are compared within their round, one picture at every split, so that what the machine does besides falls on
    /// both sides. Runs of one split are the same work whoever chose it, so within a round they are taken together, and
    /// rounds in which `auto` chose something else tell of its choice too: what is held against `auto` is its choice, not
    /// the machine's other work.
    init(_ table: ScenarioTable) {
        findings = table.schedules.flatMap { schedule in
            table.networks.flatMap { network in
                table.edges.flatMap { edge in
                    table.modes.compactMap { mode in
                        AutoAudit.finding(
                            Scenario(
                                schedule: schedule, network: network, edge: edge, mode: mode, order: .smallFirst),
                            in: table)
                    }
                }
            }
        }
    }

    /// The share of scenarios that keep the goal; nil without any.
    var shareWithinGoal: Double? {
        findings.isEmpty ? nil : Double(findings.filter(\.isWithinGoal).count) / Double(findings.count)
    }

    /// One picture at every split.
    private struct Round: Hashable {
        var picture: PromptedSeed
        var repetition: Int

        init(_ run: RunRecord) {
            picture = PromptedSeed(prompt: run.prompt, seed: run.seed)
            repetition = run.repetition
        }
    }

    private static func finding(_ scenario: Scenario, in table: ScenarioTable) -> Finding? {
        let auto = table.auto(scenario)
        guard let allowed = auto.first?.plan.map({ Set($0.allowedSteps) }) else { return nil }
        // Seconds of each round by the draft's steps.
        let rounds = Dictionary(grouping: table.fixed(scenario) + auto, by: Round.init).values.map {
            Dictionary(grouping: $0, by: \.draftSteps).mapValues { Sample($0.map(\.seconds.total)).mean }
        }
        let ranked = ranked(allowed, in: rounds)
        guard let best = ranked.first else { return nil }
        let seconds = { (step: Int) in Sample(rounds.compactMap { $0[step] }) }
        let spreads = allowed.map(seconds).filter { $0.count > 1 && $0.median > 0 }.map { $0.spread / $0.median }
        var (excess, error) = (0.0, 0.0)
        func ratios(_ step: Int, to other: Int) -> Sample {
            Sample(
                rounds.compactMap { round in
                    guard let chosen = round[step], let least = round[other], least > 0 else { return nil }
                    return chosen / least - 1
                })
        }
        for (step, runs) in Dictionary(grouping: auto, by: \.draftSteps) {
            let share = Double(runs.count) / Double(auto.count)
            // The best of a few noisy rounds may be another one's by chance: what is known of it is how far off the next is.
            let compared = step == best ? ranked.dropFirst().first.map { ratios(step, to: $0) } : ratios(step, to: best)
            guard let compared, compared.count > 0 else {
                if step != best || ranked.count > 1 { error = .infinity }
                continue
            }
            if step != best { excess += share * compared.median }
            error += share * compared.medianError
        }
        let steps = Double(scenario.schedule.stepCounts.draft)
        return Finding(
            scenario: scenario, bestSplit: Double(best) / steps, bestSeconds: seconds(best).median,
            chosenSplit: Sample(auto.map(\.split)).median, chosenSeconds: Sample(auto.map(\.seconds.total)).median,
            predictedSeconds: Sample(auto.compactMap { $0.plan?.predictedSeconds }).median, roundCount: rounds.count,
            excess: excess, excessError: error, spread: Sample(spreads).median)
    }

    /// The splits by the median of a round's time as a share of that round's middle one, the lowest first; of those that most
    /// rounds have.
    private static func ranked(_ allowed: Set<Int>, in rounds: [[Int: Double]]) -> [Int] {
        var shares: [Int: [Double]] = [:]
        for round in rounds {
            let middle = Sample(Array(round.values)).median
            guard middle > 0 else { continue }
            for (step, seconds) in round { shares[step, default: []].append(seconds / middle) }
        }
        return shares.filter { allowed.contains($0.key) && 2 * $0.value.count >= rounds.count }
            .map { (step: $0.key, share: Sample($0.value).median) }
            .sorted { ($0.share, $0.step) < ($1.share, $1.step) }.map(\.step)
    }
}
