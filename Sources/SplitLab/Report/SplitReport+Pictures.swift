import EdgeRuntime
import Foundation
import Speculation

extension SplitReport {
    /// Prompts whose pictures are shown; more would make the page heavy.
    private static let shownPrompts = 3

    var pictureSection: String {
        guard let schedule = table.schedules.first else { return "" }
        let runs = table.runs.filter {
            $0.stepCounts == schedule.stepCounts && $0.shift == schedule.shift && !$0.isAuto
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
                    : step == schedule.stepCounts.draft
                        ? "draft only"
                        : (Double(step) / Double(schedule.stepCounts.draft)).percentText
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
}
