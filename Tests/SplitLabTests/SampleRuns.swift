import Foundation
import Pictures
import Speculation

@testable import SplitLab

/// Runs that were never made, for tests of what is made of runs.
enum SampleRuns {
    static func run(
        network: NetworkProfile = NetworkProfile.named[1], share: Double? = 1, mode: SpeculationMode = .handoff,
        order: StepOrder = .smallFirst, draftSteps: Int = 20, stepCount: Int = 25, isAuto: Bool = false,
        prompt: String = "a mug", seed: UInt64 = 1, repetition: Int = 0, total: Double = 1, verifier: Double = 0.3,
        loss: Double = 0.02, picture: String = "a.png", evaluations: Int = 5, allowed: [Int] = Array(0...20)
    ) -> RunRecord {
        RunRecord(
            key:
                "\(network.name) \(share ?? 0) \(mode) \(order) \(draftSteps) \(isAuto) \(prompt) \(seed) \(repetition)",
            startedAt: 1, network: network, edge: EdgeProfile(share: share, threads: 1), order: order, mode: mode,
            stepCount: stepCount, shift: nil, isAuto: isAuto, draftSteps: draftSteps, prompt: prompt, seed: seed,
            repetition: repetition,
            seconds: .init(
                total: total, edge: max(0, total - verifier - 0.1), stages: ["refine": verifier], queue: 0,
                network: 0.1, plan: 0, edgeProcessor: 0.2),
            bytes: .init(latent: 1000, rawLatent: 4096, result: 15_000, uploaded: 1500, downloaded: 16_000),
            verifierEvaluations: evaluations, reentryStep: nil, loss: loss, picture: picture,
            plan: isAuto
                ? PlanSummary(predictedSeconds: total, predictedVerifierSeconds: verifier, allowedSteps: allowed) : nil,
            models: .init(draft: "d 1", verifier: "v 2"))
    }

    /// A folder that goes with the object.
    final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString, isDirectory: true)

        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }

        func write(_ text: String, _ name: String) throws -> URL {
            let file = url.appendingPathComponent(name)
            try Data(text.utf8).write(to: file)
            return file
        }
    }
}
