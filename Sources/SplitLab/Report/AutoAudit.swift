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
        let pictureCount: Int

        /// 0.02 is two in a hundred slower than the best.
        var excess: Double { chosenSeconds / bestSeconds - 1 }
        var isWithinGoal: Bool { excess <= AutoAudit.goal }
    }

    /// The goal: within five in a hundred of the best latency …
    static let goal = 0.05
    /// … in nine of ten scenarios.
    static let goalShare = 0.9

    let findings: [Finding]

    /// Compares where both `auto` and fixed splits were measured. The best is looked for among the splits that keep
    /// the same bound on the loss as the choice. Runs of one split are the same work whoever chose it, so they are
    /// taken together: what is held against `auto` is its choice, not the machine's other work.
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

    private static func finding(_ scenario: Scenario, in table: ScenarioTable) -> Finding? {
        let auto = table.auto(scenario)
        guard let allowed = auto.first?.plan.map({ Set($0.allowedSteps) }) else { return nil }
        let medians = Dictionary(grouping: table.fixed(scenario) + auto, by: \.draftSteps)
            .mapValues { Sample($0.map(\.seconds.total)).median }
        let best = medians.filter { allowed.contains($0.key) }.min { ($0.value, $0.key) < ($1.value, $1.key) }
        guard let best, best.value > 0 else { return nil }
        return Finding(
            scenario: scenario, bestSplit: Double(best.key) / Double(scenario.schedule.stepCount),
            bestSeconds: best.value, chosenSplit: Sample(auto.map(\.split)).median,
            chosenSeconds: Sample(auto.map { medians[$0.draftSteps] ?? $0.seconds.total }).mean,
            predictedSeconds: Sample(auto.compactMap { $0.plan?.predictedSeconds }).median, pictureCount: auto.count)
    }
}
