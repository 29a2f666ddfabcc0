import Speculation

extension SplitReport {
    var allRuns: String {
        struct Row: Hashable {
            var scenario: Scenario
            var draftSteps: Int
            var isAuto: Bool
        }
        let groups = Dictionary(grouping: table.runs) { run in
            Row(
                scenario: Scenario(
                    schedule: ScheduleKey(stepCounts: run.stepCounts, shift: run.shift), network: run.network,
                    edge: run.edge, mode: run.mode, order: run.order), draftSteps: run.draftSteps,
                isAuto: run.isAuto)
        }
        let order = table.distinct { run in
            Row(
                scenario: Scenario(
                    schedule: ScheduleKey(stepCounts: run.stepCounts, shift: run.shift), network: run.network,
                    edge: run.edge, mode: run.mode, order: run.order), draftSteps: run.draftSteps,
                isAuto: run.isAuto)
        }
        let rows = order.map { row -> [String] in
            let runs = groups[row] ?? []
            let sample = { (value: (RunRecord) -> Double) in Sample(runs.map(value)) }
            let total = sample(\.seconds.total)
            let split = Double(row.draftSteps) / Double(row.scenario.schedule.stepCounts.draft)
            let who =
                row.draftSteps == 0
                ? "verifier only"
                : split >= 1 ? "edge only" : "\(row.scenario.mode.rawValue), \(row.scenario.order.rawValue)"
            return [
                split >= 1 ? "no network" : row.scenario.network.name, row.scenario.edge.name,
                who + (row.isAuto ? ", auto" : ""), row.scenario.schedule.name, split.percentText,
                "\(total.mean.text(3)) ± \(total.standardError.text(3))", sample(\.seconds.edge).mean.text(3),
                sample(\.seconds.network).mean.text(3), sample(\.seconds.verifier).mean.text(3),
                sample { Double($0.verifierEvaluations) }.mean.text(1), sample { Double($0.bytes.latent) }.mean.text(0),
                sample(\.decibels).mean.text(1), "\(runs.count)",
            ]
        }
        return """
            <h2>All figures</h2>
            <details><summary>\(rows.count) rows</summary>
            \(Markup.table(
                caption: "Means; seconds, bytes, decibels to the verifier's own picture",
                head: ["network", "edge", "who", "schedule", "drafted", "total s", "edge s", "network s", "verifier s",
                    "evaluations", "latent B", "PSNR", "runs"],
                rows: rows, leftColumns: 4))
            </details>
            """
    }

    var conditions: String {
        var rows: [[String]] = table.networks.map { ["network \($0.name)", $0.figures] }
        rows += table.edges.map { edge in
            let runs = table.runs.filter { $0.edge == edge && $0.seconds.edge > 0 && $0.draftSteps > 0 }
            let used = Sample(runs.map { $0.seconds.edgeProcessor / max($0.seconds.edge, 1e-9) }).median
            return [
                "edge \(edge.name)", "used \(used.text(2)) processor seconds in all for a second of drafting (median)",
            ]
        }
        if let facts {
            rows += [
                ["networks made by", facts.shaping], ["edges held by", facts.throttling],
                ["verifier", facts.verifier], ["processor", "\(facts.processor), \(facts.processorCount) cores"],
                ["system", facts.system], ["program", facts.program],
            ]
        }
        rows += table.distinct(\.models).flatMap { models in
            [["draft", models.draft], ["verifier", models.verifier]]
                + (models.critic.map { [["its critic", $0]] } ?? [])
        }
        return """
            <h2>How it was measured</h2>
            <p>Edge and verifier are processes of their own on one machine and compute one after the other. Opening a \
            connection costs a round trip; TCP's slow start is kept; a lost segment stalls its connection for one \
            retransmission. Pictures are compared with those that the verifier made alone in this experiment. The \
            machine may have had other work: compare bars with their neighbours, not with other machines.</p>
            \(Markup.table(caption: "Conditions", head: ["what", "value"], rows: rows, leftColumns: 2))
            """
    }
}
