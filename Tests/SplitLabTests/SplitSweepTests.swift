import Speculation
import Testing

@testable import SplitLab

@Suite struct SplitSweepTests {
    private func sweep(
        splits: [Double] = [0, 0.4, 0.8, 1], orders: [StepOrder] = [.smallFirst], includesAuto: Bool = true,
        networks: Int = 2, repetitions: Int = 1
    ) -> SplitSweep {
        SplitSweep(
            networks: Array(NetworkProfile.named.prefix(networks)),
            edges: [EdgeProfile(share: 1, threads: 1), EdgeProfile(share: 0.25, threads: 1)],
            modes: [.handoff, .trust], orders: orders, splits: splits, stepCounts: [25], shifts: [nil],
            prompts: [PromptedSeed(prompt: "a", seed: 1), PromptedSeed(prompt: "b", seed: 2)],
            repetitions: repetitions, includesAuto: includesAuto)
    }

    @Test func everyCombinationThatDiffersIsThereOnce() {
        let runs = sweep().runs()
        #expect(Set(runs).count == runs.count)
        #expect(Set(runs.map { $0.key(models: "m") }).count == runs.count)
        // Per prompt: 4 scenarios of verifier-only, 2 edges alone, and 4 × 2 modes × (2 splits + auto).
        #expect(runs.count == 2 * (4 + 2 + 4 * 2 * 3))
        #expect(runs.filter { $0.split == .edgeOnly }.count == 4)
        #expect(sweep(repetitions: 3).runs().count == 3 * runs.count)
        #expect(sweep(includesAuto: false).runs().allSatisfy { $0.split != .auto })
    }

    @Test func theVerifiersOwnPictureComesFirstAndAutoAfterTheOthersOfItsScenario() throws {
        let runs = sweep().runs()
        for prompt in ["a", "b"] {
            #expect(runs.first { $0.prompt.prompt == prompt }?.split == .verifierOnly)
        }
        for (index, run) in runs.enumerated() where run.split == .auto {
            let before = runs[..<index].filter {
                $0.network == run.network && $0.edge == run.edge && $0.mode == run.mode && $0.prompt == run.prompt
            }
            #expect(before.count >= 2)
        }
    }

    @Test func theLargeModelFirstIsRunInOneModeAndWithoutAuto() {
        let runs = sweep(orders: StepOrder.allCases).runs().filter { $0.order == .largeFirst }
        #expect(runs.count == 2 * 4 * 2)
        #expect(runs.allSatisfy { $0.mode == .trust && $0.split != .auto })
    }

    @Test func splitsThatFallOnOneStepAreRunOnce() {
        let steps = sweep(splits: [0, 0.4, 0.41, 0.001, 0.999, 1]).runs().compactMap { run in
            if case .draftSteps(let count) = run.split, run.mode == .trust { return count } else { return nil }
        }
        #expect(Set(steps) == [10])
    }

    @Test func experimentsThatCannotBeRunAreRefused() throws {
        try sweep().validate()
        var bad = sweep()
        bad.splits = [1.2]
        #expect(throws: LabError.self) { try bad.validate() }
        bad = sweep()
        bad.stepCounts = [0]
        #expect(throws: LabError.self) { try bad.validate() }
        bad = sweep()
        bad.shifts = [0]
        #expect(throws: LabError.self) { try bad.validate() }
        bad = sweep()
        bad.edges = [EdgeProfile(share: 0, threads: 1)]
        #expect(throws: LabError.self) { try bad.validate() }
        bad = sweep()
        bad.networks += [bad.networks[0]]
        #expect(throws: LabError.self) { try bad.validate() }
        bad = sweep()
        bad.prompts = []
        #expect(throws: LabError.self) { try bad.validate() }
    }
}
