import EdgeRuntime
import Foundation
import Pictures
import Speculation

/// What the program says of a finished picture: one line for people, an object for programs.
struct PictureResult: Encodable {
    let path: String
    let prompt: String
    let seed: UInt64
    let width: Int
    let height: Int
    let report: MakingReport

    init(_ finished: FinishedPicture, path: String) {
        self.path = path
        prompt = finished.job.prompt
        seed = finished.job.seed
        width = finished.picture.width
        height = finished.picture.height
        report = finished.report
    }

    /// One line: who did what share, at what cost.
    var line: String {
        let steps = report.stepCount
        let edge = "\(report.edgeSeconds.formatted(decimals: 2)) s"
        let verifier = "\(report.verifierSeconds.formatted(decimals: 2)) s"
        switch report.origin {
        case .draftOnly:
            return "\(path): DRAFT ONLY, not verified: \(steps) of \(steps) steps here in \(edge)"
        case .verifierOnly:
            return "\(path): verifier alone, \(evaluations) in \(verifier)"
        case .hybrid:
            let share = Int((100 * Double(report.draftSteps) / Double(steps)).rounded())
            return "\(path): the draft ran \(report.draftSteps) of \(steps) steps (\(share) %) in \(edge), "
                + "sent \(report.latentBytes) bytes (raw \(report.rawLatentBytes)), \(decision), "
                + "\(evaluations) in \(verifier)"
        }
    }

    private var evaluations: String {
        guard let verification = report.verification else { return "no verifier evaluations" }
        return "\(verification.verifierEvaluations) verifier evaluations of \(verification.verifierOnlyEvaluations)"
    }

    private var decision: String {
        guard let verification = report.verification, !verification.levels.isEmpty else { return "not checked" }
        switch verification.reentryStep {
        case report.draftSteps: return "draft accepted"
        case 0: return "draft rejected"
        default: return "draft corrected from step \(verification.reentryStep)"
        }
    }

    /// The object that `--json` prints, one a line.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
