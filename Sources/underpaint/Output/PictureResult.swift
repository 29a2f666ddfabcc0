import EdgeRuntime
import Foundation
import Pictures
import Speculation

/// What the program says of a finished picture: one line for people, an object for programs.
struct PictureResult: Encodable {
    let path: String
    let prompt: String
    /// With which the picture can be made again.
    let seed: UInt64
    /// That was asked for, if the picture is the best of several candidates.
    let askedSeed: UInt64?
    let width: Int
    let height: Int
    let report: MakingReport
    /// Where the verifier goes on from a draft that passes.
    let entryStep: Int
    /// Of the pictures of this command so far, this one included.
    let tally: SpeculationTally
    /// Why the split is what it is, if the cost model chose it.
    let plan: SplitPlan?
    /// Placement and window of mode `exact`, if the cost model chose them.
    let exactPlan: ExactPrediction?

    /// - Parameter tally: counts this picture already.
    init(
        _ finished: FinishedPicture, path: String, askedSeed: UInt64? = nil, tally: SpeculationTally, plan: SplitPlan?,
        exactPlan: ExactPrediction?
    ) {
        self.path = path
        prompt = finished.job.prompt
        seed = finished.job.seed
        self.askedSeed = finished.report.candidateCount > 1 ? askedSeed : nil
        width = finished.picture.width
        height = finished.picture.height
        report = finished.report
        // No verifier enters what the draft alone has made.
        entryStep = report.origin == .draftOnly ? report.verifierStepCount : finished.job.entryStep
        self.tally = tally
        self.plan = plan
        self.exactPlan = exactPlan
    }

    /// One line: who did what share, at what cost.
    var line: String {
        let split = plan.map { "; split chosen for \($0.choice.latency.formatted(decimals: 2)) s" }
        let windows = exactPlan.map {
            "; windows of \($0.length) chosen for \($0.latency.formatted(decimals: 2)) s and "
                + "\($0.rounds.formatted(decimals: 1)) rounds"
        }
        return fate + (split ?? windows ?? "")
    }

    private var fate: String {
        let steps = report.stepCount
        let edge = "\(report.edgeSeconds.formatted(decimals: 2)) s"
        let verifier = "\(report.verifierSeconds.formatted(decimals: 2)) s"
        if let exact = report.verification?.exact {
            return "\(path): exact, \(self.exact(exact)) in \(verifier)"
        }
        switch report.origin {
        case .draftOnly:
            return "\(path): DRAFT ONLY, not verified: \(steps) of \(steps) steps here\(choice) in \(edge)"
        case .verifierOnly:
            return "\(path): verifier alone, \(evaluations) in \(verifier)"
        case .hybrid:
            let share = Int((100 * Double(report.draftSteps) / Double(steps)).rounded())
            return "\(path): the draft ran \(report.draftSteps) of \(steps) steps (\(share) %)\(choice) in \(edge), "
                + "sent \(report.latentBytes) bytes (raw \(report.rawLatentBytes)), \(decision), "
                + "\(evaluations) in \(verifier)\(saving)"
        }
    }

    private func exact(_ telemetry: ExactTelemetry) -> String {
        let share = Int((100 * telemetry.acceptanceRate).rounded())
        let drafted =
            telemetry.windows == 0
            ? "nothing drafted"
            : "\(telemetry.acceptedSteps) of \(telemetry.judgedSteps) judged drafts accepted (\(share) %) in "
                + "\(telemetry.windows) windows"
        let travelled =
            telemetry.placement == .edge
            ? ", sent \(telemetry.sentBytes) and got \(telemetry.receivedBytes) bytes" : ""
        return "\(drafted)\(travelled), \(telemetry.rounds) rounds for \(report.stepCount) steps, \(evaluations)"
    }

    /// Which of several drafts it is.
    private var choice: String {
        report.candidateCount > 1 ? ", the best of \(report.candidateCount) (seed \(seed))" : ""
    }

    private var evaluations: String {
        guard let verification = report.verification else { return "no verifier evaluations" }
        let all = counted(verification.verifierEvaluations, "verifier evaluation")
        return "\(all) (\(verification.verifierOnlyEvaluations) without the draft)"
    }

    private var saving: String {
        guard let saved = report.verification?.verifierSecondsSaved, abs(saved) >= 0.005 else { return "" }
        return ", \(abs(saved).formatted(decimals: 2)) s \(saved > 0 ? "saved" : "lost") there"
    }

    private var decision: String {
        guard let verification = report.verification, !verification.levels.isEmpty else { return "not checked" }
        switch verification.reentryStep {
        case entryStep: return "draft accepted"
        case 0: return "draft rejected"
        default: return "draft corrected from step \(verification.reentryStep)/\(report.verifierStepCount)"
        }
    }
}

extension SpeculationTally {
    mutating func add(_ finished: FinishedPicture) {
        guard let verification = finished.report.verification else { return }
        add(verification, entryStep: finished.job.entryStep)
    }

    /// What several pictures come to; nil if no verifier saw a draft.
    var line: String? {
        guard let perPicture = evaluationsPerPicture, let share = evaluationShare else { return nil }
        return
            "\(counted(pictureCount, "draft")): \(acceptedCount) accepted, \(correctedCount) corrected, \(droppedCount) dropped; "
            + "\(perPicture.formatted(decimals: 1)) verifier "
            + "evaluations a picture, \(Int((100 * share).rounded())) % of the verifier alone; "
            + "\(verifierSecondsSaved.formatted(decimals: 2)) s of the verifier saved"
    }
}
