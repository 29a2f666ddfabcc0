public import Foundation
import Speculation

/// The report of an experiment: one HTML page that needs nothing else.
public struct SplitReport {
    private let table: ScenarioTable
    private let pictures: PictureStore
    private let facts: ExperimentFacts?
    private let scores: PictureScores?
    private let audit: AutoAudit
    /// Prompts whose pictures are shown; more would make the page heavy.
    private static let shownPrompts = 3

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

    /// Share of the scenarios in which `auto` came within five in a hundred of the best measured latency.
    public var autoShareWithinGoal: Double? { audit.shareWithinGoal }

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

    // MARK: The head

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
                ).filter { $0.draftSteps < schedule.stepCount }
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

    // MARK: Latency

    private func latency(_ schedule: ScheduleKey) -> String {
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

    // MARK: The cost model's choices

    private var autoSection: String {
        guard let share = audit.shareWithinGoal else { return "" }
        let rows = audit.findings.map { finding in
            [
                "\(finding.scenario.network.name), \(finding.scenario.edge.name)", finding.scenario.mode.rawValue,
                finding.scenario.schedule.name, finding.bestSplit.percentText, finding.bestSeconds.secondsText,
                finding.chosenSplit.percentText, finding.chosenSeconds.secondsText,
                finding.predictedSeconds.secondsText,
                (finding.excess >= 0 ? "+" : "−") + "\((abs(finding.excess) * 100).text(1)) %",
                finding.isWithinGoal ? "✓ within" : "✗ beyond",
            ]
        }
        return """
            <h2>What <code>--handoff auto</code> chose</h2>
            <p>The cost model knows the edge's speed (measured once), the network (from earlier transfers), the \
            verifier's pace (told by the verifier) and the pair's quality curve. Its choice against the best of the \
            measured splits that keep the same bound on the loss; medians over the pictures, runs of the same split \
            taken together whoever chose it. Within 5 % in \
            \(share.percentText) of the scenarios (goal: 90 %).</p>
            \(Markup.table(
                caption: "Best measured split and the choice",
                head: ["network, edge", "mode", "schedule", "best split", "takes", "auto's split", "takes", "predicted",
                    "against best", "5 %"],
                rows: rows, leftColumns: 3))
            """
    }

    // MARK: Quality

    private func quality(_ schedule: ScheduleKey) -> String {
        let runs = table.runs.filter {
            $0.stepCount == schedule.stepCount && $0.shift == schedule.shift && !$0.isAuto
        }
        let decibels = figure("decibels to the verifier's own picture", runs) { $0.decibels }
        var parts = [
            "<h2>Quality against verifier seconds (\(Markup.escaped(schedule.name)))</h2>",
            "<p>PSNR to the picture that the verifier makes alone from the same prompt and seed, up to 60 dB, where no "
                + "eye sees a difference. Points are means over pictures, labelled with the share drafted; bars are "
                + "one standard error each way. Up and left is better.</p>",
            decibels.legend, "<figure>\(decibels.svg)</figure>",
        ]
        if let scores {
            let scored = runs.filter { scores.byPicture[$0.picture] != nil }
            if !scored.isEmpty {
                let figure = figure("mean score", scored) { scores.byPicture[$0.picture] ?? 0 }
                parts.append("<p>The same by the given scores of the pictures.</p><figure>\(figure.svg)</figure>")
            }
        }
        return parts.joined(separator: "\n")
    }

    private func figure(
        _ qualityName: String, _ runs: [RunRecord], quality: (RunRecord) -> Double
    ) -> QualityFigure {
        struct Place: Hashable {
            var series: String
            var draftSteps: Int
        }
        let groups = Dictionary(grouping: runs) { run in
            let series =
                !run.isSplit
                ? "one model alone" : run.order == .largeFirst ? "large first (control)" : "mode \(run.mode.rawValue)"
            return Place(series: series, draftSteps: run.draftSteps)
        }
        let points = groups.map { place, runs in
            // A picture is the same on every network and edge: quality counts each once, time every run.
            let distinct = ScenarioTable(runs: runs).distinct { PromptedSeed(prompt: $0.prompt, seed: $0.seed) }
            let pictures = distinct.compactMap { prompt in
                runs.first { $0.prompt == prompt.prompt && $0.seed == prompt.seed }
            }
            return QualityFigure.Point(
                series: place.series, label: runs.first?.split.percentText ?? "",
                cost: Sample(runs.map(\.seconds.verifier)), quality: Sample(pictures.map(quality)))
        }.sorted { ($0.series, $0.cost.mean) < ($1.series, $1.cost.mean) }
        let known = table.modes.map { "mode \($0.rawValue)" } + ["one model alone", "large first (control)"]
        let series = known.filter { name in points.contains { $0.series == name } }
        return QualityFigure(
            title: "Quality against verifier seconds", qualityName: qualityName, points: points, series: series)
    }

    // MARK: Bytes

    private var bytes: String {
        let runs = table.runs.filter { $0.isSplit && $0.order == .smallFirst && !$0.isAuto }
        guard let first = runs.first else { return "" }
        let cells = Dictionary(grouping: runs.filter { $0.stepCount == first.stepCount }, by: \.draftSteps)
            .map { SplitCell(draftSteps: $0, runs: $1) }.sorted { $0.draftSteps < $1.draftSteps }
        let figure = BytesFigure(cells: cells, rawBytes: Double(first.bytes.rawLatent))
        let result = Sample(runs.map { Double($0.bytes.result) }).mean
        let up = Sample(runs.map { Double($0.bytes.uploaded) }).mean
        let down = Sample(runs.map { Double($0.bytes.downloaded) }).mean
        return """
            <h2>What travels</h2>
            <p>The latent as it is coded, by the share drafted. The picture that comes back has \
            \(Markup.escaped(result.bytesText)) on average. With HTTP and framing the relay passed \
            \(Markup.escaped(up.bytesText)) up and \(Markup.escaped(down.bytesText)) down a picture.</p>
            <figure>\(figure.svg)</figure>
            """
    }

    // MARK: Pictures

    private var pictureSection: String {
        guard let schedule = table.schedules.first else { return "" }
        let runs = table.runs.filter {
            $0.stepCount == schedule.stepCount && $0.shift == schedule.shift && !$0.isAuto
        }
        let modes: [(String, (RunRecord) -> Bool)] =
            table.modes.map { mode in
                ("mode \(mode.rawValue)", { $0.order == .smallFirst && $0.mode == mode && $0.isSplit })
            } + [("large first", { $0.order == .largeFirst && $0.isSplit })]
        let blocks = modes.compactMap { name, belongs -> String? in
            let split = runs.filter(belongs)
            guard !split.isEmpty else { return nil }
            let shown = split + runs.filter { !$0.isSplit }
            let steps = Set(shown.map(\.draftSteps)).sorted()
            let head = steps.map { step in
                let label =
                    step == 0
                    ? "verifier only"
                    : step == schedule.stepCount
                        ? "draft only"
                        : (Double(step) / Double(schedule.stepCount)).percentText
                return "<th scope=\"col\">\(Markup.escaped(label))</th>"
            }
            let rows = table.prompts.prefix(Self.shownPrompts).map { prompt in
                let cells = steps.map { step in
                    cell(shown.first { $0.draftSteps == step && $0.prompt == prompt.prompt && $0.seed == prompt.seed })
                }
                return "<tr><th scope=\"row\" class=\"left\">\(Markup.escaped(prompt.prompt)) "
                    + "<small>seed \(prompt.seed)</small></th>\(cells.joined())</tr>"
            }
            return """
                <h3>\(Markup.escaped(name))</h3>
                <div class="scroll"><table class="pictures"><thead><tr><th></th>\(head.joined())</tr></thead>
                <tbody>\(rows.joined(separator: "\n"))</tbody></table></div>
                """
        }
        guard !blocks.isEmpty else { return "" }
        return """
            <h2>The pictures</h2>
            <p>The same prompts and seeds at each share drafted; below each, PSNR to the verifier's own.</p>
            \(blocks.joined(separator: "\n"))
            """
    }

    private func cell(_ run: RunRecord?) -> String {
        guard let run, let file = FileManager.default.contents(atPath: pictures.folder.path + "/" + run.picture) else {
            return "<td></td>"
        }
        let description = "\(run.prompt), \(run.split.percentText) drafted"
        let note = run.draftSteps == 0 ? "reference" : "\(run.decibels.text(1)) dB"
        return "<td><img alt=\"\(Markup.escaped(description))\" "
            + "src=\"data:image/png;base64,\(file.base64EncodedString())\">"
            + "<small>\(Markup.escaped(note))</small></td>"
    }

    // MARK: Everything

    private var allRuns: String {
        struct Row: Hashable {
            var scenario: Scenario
            var draftSteps: Int
            var isAuto: Bool
        }
        let groups = Dictionary(grouping: table.runs) { run in
            Row(
                scenario: Scenario(
                    schedule: ScheduleKey(stepCount: run.stepCount, shift: run.shift), network: run.network,
                    edge: run.edge, mode: run.mode, order: run.order), draftSteps: run.draftSteps,
                isAuto: run.isAuto)
        }
        let order = table.distinct { run in
            Row(
                scenario: Scenario(
                    schedule: ScheduleKey(stepCount: run.stepCount, shift: run.shift), network: run.network,
                    edge: run.edge, mode: run.mode, order: run.order), draftSteps: run.draftSteps,
                isAuto: run.isAuto)
        }
        let rows = order.map { row -> [String] in
            let runs = groups[row] ?? []
            let sample = { (value: (RunRecord) -> Double) in Sample(runs.map(value)) }
            let total = sample(\.seconds.total)
            let split = Double(row.draftSteps) / Double(row.scenario.schedule.stepCount)
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

    // MARK: The small print

    private var conditions: String {
        var rows: [[String]] = table.networks.map { ["network \($0.name)", $0.figures] }
        rows += table.edges.map { edge in
            let runs = table.runs.filter { $0.edge == edge && $0.seconds.edge > 0 }
            let used = Sample(runs.map { $0.seconds.edgeProcessor / max($0.seconds.edge, 1e-9) }).median
            return ["edge \(edge.name)", "used \(used.text(2)) processor seconds a second of drafting (median)"]
        }
        if let facts {
            rows += [
                ["networks made by", facts.shaping], ["edges held by", facts.throttling],
                ["verifier", facts.verifier], ["processor", "\(facts.processor), \(facts.processorCount) cores"],
                ["system", facts.system], ["program", facts.program],
            ]
        }
        rows += table.distinct(\.models).flatMap { [["draft", $0.draft], ["verifier", $0.verifier]] }
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
