import EdgeRuntime
import Speculation

extension SplitReport {
    func quality(_ schedule: ScheduleKey) -> String {
        let runs = table.runs.filter {
            $0.stepCounts == schedule.stepCounts && $0.shift == schedule.shift && !$0.isAuto
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

    var bytes: String {
        let runs = table.runs.filter { $0.isSplit && $0.order == .smallFirst && !$0.isAuto }
        guard let first = runs.first else { return "" }
        let cells = Dictionary(grouping: runs.filter { $0.stepCounts == first.stepCounts }, by: \.draftSteps)
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
}
