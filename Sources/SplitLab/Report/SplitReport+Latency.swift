import Speculation

extension SplitReport {
    func latency(_ schedule: ScheduleKey) -> String {
        let sections = (table.modes + (hasLargeFirst ? [nil] : [])).map { mode -> String in
            let (order, used) = mode.map { (StepOrder.smallFirst, $0) } ?? (.largeFirst, .trust)
            return latency(schedule, mode: used, order: order)
        }
        return """
            <h2>Latency against the split (\(Markup.escaped(schedule.name)))</h2>
            <p>Each bar is the mean time of one picture, stacked by who spends it; the whisker is one standard error \
            of the whole. Figures in a row share their axis, in seconds.</p>
            \(LatencyFigure.legend)
            \(sections.joined(separator: "\n"))
            """
    }

    private var hasLargeFirst: Bool { table.runs.contains { $0.order == .largeFirst } }

    private func latency(_ schedule: ScheduleKey, mode: SpeculationMode, order: StepOrder) -> String {
        let rows = table.edges.compactMap { edge -> String? in
            let scenarios = table.networks.map {
                Scenario(schedule: schedule, network: $0, edge: edge, mode: mode, order: order)
            }
            let shown = scenarios.map { ($0, table.cells($0)) }.filter { pair in pair.1.contains { $0.runs[0].isSplit }
            }
            guard !shown.isEmpty else { return nil }
            let ceiling = shown.flatMap(\.1).map { $0.total.mean + $0.total.standardError }.max() ?? 1
            let figures = shown.map { scenario, cells in
                LatencyFigure(
                    title: "\(scenario.network.name), \(edge.name)", cells: cells,
                    auto: order == .smallFirst ? table.auto(scenario) : [], ceiling: ceiling
                ).svg
            }
            return "<figure><div class=\"grid\">\(figures.joined(separator: "\n"))</div></figure>"
        }
        let name =
            order == .smallFirst ? "mode \(mode.rawValue)" : "control: the large model first, the draft finishes"
        return rows.isEmpty ? "" : "<h3>\(Markup.escaped(name))</h3>\(rows.joined(separator: "\n"))"
    }

    var autoSection: String {
        guard let share = audit.shareWithinGoal else { return "" }
        let rows = audit.findings.map { finding in
            [
                "\(finding.scenario.network.name), \(finding.scenario.edge.name)", finding.scenario.mode.rawValue,
                finding.scenario.schedule.name, finding.bestSplit.percentText, finding.bestSeconds.secondsText,
                finding.chosenSplit.percentText, finding.chosenSeconds.secondsText,
                finding.predictedSeconds.secondsText,
                (finding.excess >= 0 ? "+" : "−") + "\((abs(finding.excess) * 100).text(1)) %"
                    + (finding.excessError.isFinite ? " ± \((finding.excessError * 100).text(1))" : " ± ?"),
                "\((finding.spread * 100).text(1)) %", "\(finding.roundCount)",
                (finding.isWithinGoal ? "✓ within" : "✗ beyond") + (finding.isResolved ? "" : ", not resolved"),
            ]
        }
        return """
            <h2>What <code>--handoff auto</code> chose</h2>
            <p>The cost model knows the edge's speed (measured once), the network (from earlier transfers), the \
            verifier's pace (told by the verifier) and the pair's quality curve. Its choice against the best of the \
            measured splits that keep the same bound on the loss. Both are compared within rounds of one picture at every \
            split; medians over the rounds, with a standard error; runs of the same split taken together whoever chose \
            it. Beside it how far runs of one split are apart: where two standard errors reach across 5 % the verdict \
            is not resolved. Within 5 % in \
            \(share.percentText) of the scenarios (goal: 90 %); \(audit.findings.filter(\.isResolved).count) of \
            \(audit.findings.count) verdicts are resolved.</p>
            \(Markup.table(
                caption: "Best measured split and the choice",
                head: ["network, edge", "mode", "schedule", "best split", "takes", "auto's split", "takes", "predicted",
                    "against best", "run to run", "rounds", "5 %"],
                rows: rows, leftColumns: 3))
            """
    }
}
