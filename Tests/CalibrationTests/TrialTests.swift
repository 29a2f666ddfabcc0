import CPUBackend
import Foundation
import Models
import Speculation
import TestSupport
import Testing

@testable import SplitLab

/// The commands' work with the tiny random models of the fixtures.
@Suite struct TrialTests {
    private let models: ModelPair
    private let prompts: [StandardPrompt]
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/tiny")

    init() throws {
        models = try ModelPair(
            draft: "studio-draft", verifier: "studio-verifier", in: ModelStore(roots: [Self.fixtures.path]))
        prompts = [("red", "mug"), ("blue", "vase"), ("white", "bowl")].enumerated().map { index, words in
            StandardPrompt(
                prompt: "a \(words.0) ceramic \(words.1) on a wooden table", seed: UInt64(index + 1),
                fields: ["color": words.0, "object": words.1, "surface": index == 0 ? "wooden table" : "other"])
        }
    }

    @Test func aCalibrationHasRisingTablesOfEveryFaultAndRepeats() throws {
        let calibrator = Calibrator(
            models: models, plan: Calibrator.Plan(stepCounts: StepCounts(draft: 6, verifier: 4)))
        let backend = CPUBackend(threads: ThreadPolicy(count: 1))
        var seen: [Int] = []
        let calibration = try calibrator.calibrate(prompts, backend: backend) { seen.append($0) }
        #expect(seen == [3])
        #expect(calibration.fault == nil)
        #expect(calibration.samples == 3 && calibration.stepCount == 6 && calibration.handoffStep == 5)
        #expect(calibration.draft == models.draft.weightsDigest)
        // The fixtures' verifier has a critic, which is what the prompt is asked of.
        #expect(calibration.critic == models.verifier.criticDigest && calibration.critic != nil)
        #expect(calibration.promptStatistic == .promptDoubt && calibration.prompt.times == [0.25])
        let likeness = try #require(calibration.likeness)
        #expect(likeness.rejectedShare == 0.1 && likeness.levels.count == 5)
        #expect(abs((likeness.levels.first?.time ?? .nan) - 0.375) < 1e-9)
        #expect(calibration.prompt.draftFaults.keys.contains("color"))
        #expect(calibration.prompt.draftFaults.keys.contains("object"))
        // Planted noise is farther from what the verifier draws than its own pictures.
        let first = try #require(calibration.levels.first)
        #expect(first.noiseFaults.value(at: 0.5) > first.null.value(at: 0.5))
        // More of it above the hand-off, for drafts that are handed off there; below it there is no other.
        for level in calibration.levels {
            let early = level.earlyNoiseFaults
            #expect((early == nil) == (level.time <= 0.375 + 1e-9), "\(level.time)")
            if let early { #expect(early.value(at: 0.5) > level.noiseFaults.value(at: 0.5), "\(level.time)") }
        }
        #expect(try calibrator.calibrate(prompts, backend: backend) { _ in } == calibration)
        struct Stop: Error {}
        #expect(throws: Stop.self) { try calibrator.calibrate(prompts, backend: backend) { _ in throw Stop() } }
    }

    @Test func aTrialCountsEvaluationsAndWritesEveryPicture() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let trial = CheckTrial(
            models: models,
            plan: CheckTrial.Plan(
                stepCounts: StepCounts(draft: 12, verifier: 4), faultCount: 2, folder: folder.path))
        let report = try trial.run(prompts, backend: CPUBackend(threads: ThreadPolicy(count: 1))) { _ in }
        #expect(report.arms.map(\.name) == ["verifier", "trust-0.8", "handoff-0.8"])
        // Ten of twelve steps are drafted; of the verifier's own four one is left.
        #expect(report.arms[0].verifierEvaluations == 4 && report.arms[1].verifierEvaluations == 1)
        #expect(report.entries.map(\.pictures).reduce(0, +) == 3)
        #expect(report.falseAlarms.map(\.count) == [2, 2])
        #expect(report.faults.contains { $0.name == "wrong color, drafted" && $0.count == 2 })
        #expect(report.faults.allSatisfy { $0.areas.values.allSatisfy { (0...1).contains($0) } })
        #expect(report.markdown.contains("| verifier | 4.00 | 0.0 % | – |"))
        #expect(try JSONDecoder().decode(CheckReport.self, from: JSONEncoder().encode(report)) == report)

        let lines = try String(contentsOf: folder.appendingPathComponent("pictures.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSONDecoder().decode(Gallery.Label.self, from: Data($0.utf8)) }
        #expect(lines.count == 9)
        for line in lines {
            #expect(line.file == "\(line.arm)/\(line.seed).png" && line.stepCount == 12 && line.verifierStepCount == 4)
            #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent(line.file).path))
            #expect(line.fields.keys.contains("color"))
        }
        let handed = lines.filter { $0.arm == "handoff-0.8" }.map(\.verifierEvaluations)
        #expect(Double(handed.reduce(0, +)) / 3 == report.arms[2].verifierEvaluations)
    }

    /// With a critic that was measured on both models' pictures the trial reads its other answer too.
    @Test func aTrialReadsLikenessOnceItIsCalibrated() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.copyItem(at: Self.fixtures, to: root)
        let backend = CPUBackend(threads: ThreadPolicy(count: 1))
        func pair() throws -> ModelPair {
            try ModelPair(draft: "studio-draft", verifier: "studio-verifier", in: ModelStore(roots: [root.path]))
        }
        let steps = StepCounts(draft: 12, verifier: 4)
        let calibration = try Calibrator(models: pair(), plan: Calibrator.Plan(stepCounts: steps))
            .calibrate(prompts, backend: backend) { _ in }
        try ManifestCheck.write(calibration, to: pair().verifier.folder.manifestPath)
        #expect(try pair().verifier.calibration?.likeness?.levels.count == calibration.likeness?.levels.count)
        for (share, isAsked) in [(nil, true), (0, false)] as [(Double?, Bool)] {
            let plan = CheckTrial.Plan(stepCounts: steps, likenessShare: share, faultCount: 2)
            let report = try CheckTrial(models: pair(), plan: plan).run(prompts, backend: backend) { _ in }
            #expect(!report.faults.isEmpty && (report.likenessShare == 0.1) == isAsked)
            #expect(report.faults.allSatisfy { ($0.areas["unlikeness"] != nil) == isAsked })
        }
    }

    @Test func aHandoffThatLeavesOneSideNothingIsRefused() {
        let backend = CPUBackend(threads: ThreadPolicy(count: 1))
        #expect(throws: LabError.self) {
            try Calibrator(models: models, plan: Calibrator.Plan(handoff: 1)).calibrate(prompts, backend: backend) {
                _ in
            }
        }
        #expect(throws: LabError.self) {
            try CheckTrial(models: models, plan: CheckTrial.Plan(handoff: 0, faultCount: 0)).run(
                prompts, backend: backend
            ) { _ in }
        }
    }

    @Test func areasAreProbabilitiesOfTheRightOrder() {
        #expect(Discrimination.area(faults: [2, 3], good: [0, 1]) == 1)
        #expect(Discrimination.area(faults: [0, 1], good: [2, 3]) == 0)
        #expect(Discrimination.area(faults: [1, 1], good: [1]) == 0.5)
        #expect(Discrimination.area(faults: [0, 2], good: [1, 3]) == 0.25)
        #expect(Discrimination.area(faults: [.nan], good: [1]) == 1)
        #expect(Discrimination.area(faults: [], good: [1]) == nil)
        let good = (0..<100).map(Double.init)
        #expect(Discrimination.caughtAtFivePercent(faults: [10, 94, 95, 200], good: good) == 0.5)
    }
}
