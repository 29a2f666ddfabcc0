import Foundation
import Speculation

/// What the exact lab measured.
public struct ExactLabReport: Codable, Sendable {
    /// One way to draft along one kind of schedule: how near it is to the verifier and how much of it is accepted.
    public struct Distance: Codable, Sendable {
        public var arm: String
        public var stepCount: Int
        public var time: Double
        /// RMS velocity difference an element.
        public var r: Double
        /// ‖Δ‖, mean.
        public var delta: Double
        /// 2Φ(−‖Δ‖/2), mean.
        public var predictedAcceptance: Double
        public var measuredAcceptance: Double
        public var judgedSteps: Int
    }

    /// One way to draft with one window on one schedule; means over the prompts.
    public struct Cost: Codable, Sendable {
        public var arm: String
        public var stepCount: Int
        public var window: String
        /// Steps that the verifier takes alone.
        public var tailSteps: Double
        public var rounds: Double
        public var verifierEvaluations: Double
        public var draftEvaluations: Double
        public var acceptanceRate: Double
        /// What a draft step costs in evaluations of the verifier.
        public var draftShare: Double

        /// Evaluations one after another, draft steps at their share: latency in steps of the verifier where a batch takes
        /// as long as one state.
        public var sequentialCost: Double { rounds + draftEvaluations * draftShare }
    }

    /// Final latents of an exact chain against those of the verifier alone.
    public struct Law: Codable, Sendable {
        public var name: String
        public var stepCount: Int
        public var samples: Int
        public var energyDistance: Double
        /// How often chance alone gives as much between sets of one law.
        public var probability: Double
    }

    public var draftModel: String
    public var verifierModel: String
    public var guidanceScale: Float
    public var elementCount: Int
    public var handoffFraction: Double
    public var promptCount: Int
    public var distances: [Distance]
    public var costs: [Cost]
    public var law: [Law] = []
    /// Milliseconds of one evaluation.
    public var draftMilliseconds: Double
    public var verifierMilliseconds: [String: Double]

    /// The report as a page.
    public var markdown: String {
        var lines = [
            "\(draftModel), \(verifierModel), guidance \(guidanceScale), D = \(elementCount), \(promptCount) prompts, "
                + "drafted share of the steps \(handoffFraction)", "",
            "One evaluation: draft \(format(draftMilliseconds, 1)) ms; verifier "
                + verifierMilliseconds.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }
                .map { "\(format($0.value, 1)) ms for \($0.key) states" }.joined(separator: ", ") + ".", "",
        ]
        lines += distanceTable + [""]
        for stepCount in Set(costs.map(\.stepCount)).sorted() { lines += costTable(stepCount) + [""] }
        if !law.isEmpty { lines += lawTable + [""] }
        return lines.joined(separator: "\n")
    }

    private var lawTable: [String] {
        ["| final latents against the verifier's own | samples | N | energy distance | p |", "|---|---|---|---|---|"]
            + law.map {
                "| \($0.name) | \($0.samples) | \($0.stepCount) | \(format($0.energyDistance, 3)) | "
                    + "\(format($0.probability, 3)) |"
            }
    }

    private var distanceTable: [String] {
        var lines = [
            "| draft | N | t | r | ‖Δ‖ | predicted acceptance | measured | judged steps |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for row in distances {
            lines.append(
                "| \(row.arm) | \(row.stepCount) | \(format(row.time, 2)) | \(format(row.r, 3)) | \(format(row.delta, 2)) | "
                    + "\(format(row.predictedAcceptance, 2)) | \(format(row.measuredAcceptance, 2)) | \(row.judgedSteps) |"
            )
        }
        return lines
    }

    private func costTable(_ stepCount: Int) -> [String] {
        let rows = costs.filter { $0.stepCount == stepCount }
        var windows: [String] = []
        for row in rows where !windows.contains(row.window) { windows.append(row.window) }
        var arms: [String] = []
        for row in rows where !arms.contains(row.arm) { arms.append(row.arm) }
        var lines = [
            "N = \(stepCount): sequential rounds / verifier evaluations; for the last window the acceptance and the "
                + "sequential cost, draft steps included, in steps of the verifier", "",
            "| draft | " + windows.map { "L = \($0)" }.joined(separator: " | ") + " | acceptance | sequential cost |",
            "|---|" + String(repeating: "---|", count: windows.count + 2),
        ]
        for arm in arms {
            let cells = windows.map { window in
                guard let row = rows.first(where: { $0.arm == arm && $0.window == window }) else { return "–" }
                return "\(format(row.rounds, 1)) / \(format(row.verifierEvaluations, 0))"
            }
            let last = rows.last { $0.arm == arm }
                .map { "\(format($0.acceptanceRate, 2)) | \(format($0.sequentialCost, 1))" }
            lines.append("| \(arm) | " + cells.joined(separator: " | ") + " | \(last ?? "– | –") |")
        }
        return lines
    }

    private func format(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

    /// 2Φ(−distance/2).
    static func predictedAcceptance(_ distance: Double) -> Double { erfc(distance / 8.0.squareRoot()) }
}
