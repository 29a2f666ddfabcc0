import Speculation

/// The report of an experiment: one HTML page that needs nothing else.
public struct SplitReport {
    let table: ScenarioTable
    let pictures: PictureStore
    let facts: ExperimentFacts?
    let scores: PictureScores?
    let audit: AutoAudit

    /// - Throws: `LabError.invalidPlan` without runs.
    public init(
        runs: [RunRecord], pictures: PictureStore, facts: ExperimentFacts?, scores: PictureScores? = nil
    ) throws(LabError) {
        guard !runs.isEmpty else {
            throw .invalidPlan("there are no runs to report on yet; make some with `underpaint lab split`")
        }
        table = ScenarioTable(runs: runs)
        self.pictures = pictures
        self.facts = facts
        self.scores = scores
        audit = AutoAudit(table)
    }

    /// The same scenario by scenario, a line of text each.
    public var autoLines: [String] {
        audit.findings.map { finding in
            let places = [
                finding.scenario.network.name, finding.scenario.edge.name, finding.scenario.mode.rawValue,
                "best \(finding.bestSplit.percentText) \(finding.bestSeconds.text(3)) s",
                "auto \(finding.chosenSplit.percentText) \(finding.chosenSeconds.text(3)) s",
                "predicted \(finding.predictedSeconds.text(3)) s",
                "off \((finding.excess * 100).text(1)) % ± \((finding.excessError * 100).text(1))",
                "run to run \((finding.spread * 100).text(1)) %",
                (finding.isWithinGoal ? "within" : "beyond") + (finding.isResolved ? "" : ", not resolved"),
            ]
            return places.joined(separator: " | ")
        }
    }

    public var html: String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Underpaint: where to split the work</title>
        <style>\(ReportStyle.css)</style></head>
        <body><main>
        \(header)
        \(table.schedules.map(latency).joined(separator: "\n"))
        \(autoSection)
        \(table.schedules.map(quality).joined(separator: "\n"))
        \(bytes)
        \(pictureSection)
        \(allRuns)
        \(conditions)
        </main></body></html>

        """
    }

    private var header: String {
        let cards = headline.map {
            "<div class=\"card\"><b>\(Markup.escaped($0.0))</b><span>\(Markup.escaped($0.1))</span></div>"
        }
        return """
            <h1>Where to split the work</h1>
            <p class="lead">A draft on the edge takes the first steps of a picture, a verifier the others. \
            \(table.runs.count) runs, \(table.prompts.count) \(table.prompts.count == 1 ? "prompt" : "prompts"), \
            real sockets through a shaped network.</p>
            <div class="cards">\(cards.joined())</div>
            """
    }

    private var headline: [(String, String)] {
        var cards: [(String, String)] = []
        if let schedule = table.schedules.first, let edge = table.edges.first, let mode = table.modes.first {
            for network in table.networks.prefix(4) {
                let cells = table.cells(
                    Scenario(schedule: schedule, network: network, edge: edge, mode: mode, order: .smallFirst)
                ).filter { $0.draftSteps < schedule.stepCounts.draft }
                if let best = cells.min(by: { $0.total.mean < $1.total.mean }) {
                    cards.append(
                        (
                            "\(best.label) drafted",
                            "is quickest on \(network.name), \(best.total.mean.secondsText) a picture "
                                + "(edge: \(edge.name), mode \(mode.rawValue))"
                        ))
                }
            }
        }
        if let share = audit.shareWithinGoal {
            let count = audit.findings.filter(\.isWithinGoal).count
            cards.append(
                (
                    "\(count) of \(audit.findings.count)",
                    "scenarios in which auto was within 5 % of the best measured latency "
                        + "(goal 90 %: \(share >= AutoAudit.goalShare ? "met" : "not met"))"
                ))
        }
        return cards
    }
}
