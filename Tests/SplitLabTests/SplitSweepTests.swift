import EdgeRuntime
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
            modes: [.handoff, .trust], orders: orders, splits: splits, stepCounts: [StepCounts(draft: 25, verifier: 8)],
            shifts: [nil],
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

    /// Round robin: a scene's runs stand together, every round has each of its splits once, and rounds begin with
    /// different ones.
    @Test func roundsOfOneSceneFollowEachOtherAndBeginWithAnotherSplit() throws {
        let runs = sweep(networks: 1, repetitions: 2).runs()
        let scenes = runs.map(\.edge)
        #expect(zip(scenes, scenes.dropFirst()).count { $0 != $1 } == 1)
        #expect(runs.first?.split == .verifierOnly)
        let first = runs.prefix(runs.count / 2)
        let size = first.count / 4
        let rounds = (0..<4).map { Array(first[$0 * size..<($0 + 1) * size]) }
        #expect(size == 8)
        for round in rounds {
            #expect(Set(round.map(\.prompt)).count == 1 && Set(round.map(\.repetition)).count == 1)
            #expect(round.count { $0.split == .auto } == 2 && Set(round).count == size)
        }
        #expect(Set(rounds.map { "\($0[0].split) \($0[0].mode)" }).count == 4)
    }

    @Test func theLargeModelFirstIsRunInOneModeAndWithoutAuto() {
        let runs = sweep(orders: StepOrder.allCases).runs().filter { $0.order == .largeFirst }
        #expect(runs.count == 2 * 4 * 2)
        #expect(runs.allSatisfy { $0.mode == .trust && $0.split != .auto })
        // Who goes on does so on the schedule of who began.
        #expect(runs.allSatisfy { $0.stepCounts == StepCounts(draft: 25) })
    }

    /// Resuming goes by the key: a run with other steps of the verifier is another run, one of old logs the same.
    @Test func theKeyNamesTheVerifiersStepsWhereTheyAreItsOwn() throws {
        var sweep = sweep()
        let own = try #require(sweep.runs().first).key(models: "m")
        sweep.stepCounts = [StepCounts(draft: 25)]
        let same = try #require(sweep.runs().first).key(models: "m")
        #expect(own.contains("| N25/8 |") && same.contains("| N25 |"))
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
        bad.stepCounts = [StepCounts(draft: 0)]
        #expect(throws: LabError.self) { try bad.validate() }
        for count in [0, 1] {
            bad.stepCounts = [StepCounts(draft: 25, verifier: count)]
            #expect(throws: LabError.self) { try bad.validate() }
        }
        bad = sweep()
        bad.modes = [.trust, .exact]
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
