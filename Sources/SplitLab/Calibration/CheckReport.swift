import Foundation

/// What trying a check on the standard prompts gave.
public struct CheckReport: Hashable, Sendable, Codable {
    public var verifier: String
    public var draft: String
    public var prompts: Int
    public var faultPrompts: Int
    /// N of the draft's schedule, and of the verifier's.
    public var stepCount: Int
    public var verifierStepCount: Int
    public var handoffStep: Int
    public var quantile: Double
    public var promptThreshold: Double
    public var handoffThreshold: Double
    /// The share of the verifier's own pictures that its critic may find unlike them; nil where it is not asked.
    public var likenessShare: Double?
    /// The largest unlikeness that passes at the hand-off.
    public var likenessThreshold: Double?
    public var arms: [Arm]
    /// How many pictures went on from which step.
    public var entries: [Entry]
    /// Rejected at the hand-off although nothing was planted: of the draft's pictures and of the verifier's own.
    public var falseAlarms: [FalseAlarm]
    public var faults: [Fault]

    /// One way to make the pictures.
    public struct Arm: Hashable, Sendable, Codable {
        public var name: String
        public var verifierEvaluations: Double
        /// Share of the evaluations of the verifier alone.
        public var saved: Double
        /// Median over the pictures, dB; nil of the verifier's own.
        public var similarity: Double?
    }

    public struct Entry: Hashable, Sendable, Codable {
        public var step: Int
        public var pictures: Int
    }

    /// Good pictures and how many of them the check lets pass at the hand-off.
    public struct FalseAlarm: Hashable, Sendable, Codable {
        public var pictures: String
        public var count: Int
        /// Rejected for lack of the prompt.
        public var forPrompt: Double
        /// Rejected in all, at the hand-off.
        public var inAll: Double
    }

    /// One kind of planted fault.
    public struct Fault: Hashable, Sendable, Codable {
        public var name: String
        public var count: Int
        /// The share that the check rejects at the hand-off.
        public var caught: Double
        /// The share that it drops, so that the verifier begins anew.
        public var dropped: Double
        /// By the statistic's name.
        public var areas: [String: Double]
        public var caughtAtFivePercent: [String: Double]
    }

    /// The report as a page.
    public var markdown: String {
        func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
        var lines = [
            "\(verifier) with \(draft): \(prompts) standard prompts, \(stepCount) steps, hand-off at step \(handoffStep), "
                + "\(verifierStepCount) steps of the verifier, "
                + "check quantile \(quantile)" + (likenessShare.map { ", likeness share \($0)" } ?? ""), "",
            "| arm | verifier evaluations a picture | saved | median PSNR to the verifier's own |", "|---|---|---|---|",
        ]
        lines += arms.map {
            "| \($0.name) | \(String(format: "%.2f", $0.verifierEvaluations)) | \(percent($0.saved)) | "
                + ($0.similarity.map { String(format: "%.1f dB", $0) } ?? "–") + " |"
        }
        lines += ["", "| verifier goes on from step | pictures |", "|---|---|"]
        lines += entries.map { "| \($0.step == 0 ? "0 (draft dropped)" : "\($0.step)") | \($0.pictures) |" }
        lines += [
            "", "| good pictures | rejected for the prompt | rejected at the hand-off in all |", "|---|---|---|",
        ]
        lines += falseAlarms.map {
            "| \($0.pictures) (\($0.count)) | \(percent($0.forPrompt)) | \(percent($0.inAll)) |"
        }
        let statistics = faults.first?.areas.keys.sorted() ?? []
        lines += [
            "",
            "| planted fault | rejected | dropped | "
                + statistics.map { "AUC \($0)" }.joined(separator: " | ") + " | "
                + statistics.map { "at 5 % \($0)" }.joined(separator: " | ") + " |",
            "|---|---|---|" + String(repeating: "---|", count: 2 * statistics.count),
        ]
        lines += faults.map { fault in
            "| \(fault.name) (\(fault.count)) | \(percent(fault.caught)) | \(percent(fault.dropped)) | "
                + statistics.map { fault.areas[$0].map { String(format: "%.3f", $0) } ?? "–" }.joined(separator: " | ")
                + " | "
                + statistics.map { fault.caughtAtFivePercent[$0].map(percent) ?? "–" }.joined(separator: " | ") + " |"
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
