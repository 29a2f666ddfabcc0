import EdgeRuntime
import Speculation

/// Runs that differ in nothing but split, picture and repetition.
struct Scenario: Hashable {
    var schedule: ScheduleKey
    var network: NetworkProfile
    var edge: EdgeProfile
    var mode: SpeculationMode
    var order: StepOrder
}

/// N and shift.
struct ScheduleKey: Hashable {
    var stepCounts: StepCounts
    var shift: Double?

    var name: String { "\(stepCounts) steps" + (shift.map { ", shift \($0.short)" } ?? "") }
}

/// All runs of one split in a scenario.
struct SplitCell {
    let draftSteps: Int
    let split: Double
    let runs: [RunRecord]

    init(draftSteps: Int, runs: [RunRecord]) {
        self.draftSteps = draftSteps
        split = runs.first?.split ?? 0
        self.runs = runs
    }

    func sample(_ value: (RunRecord) -> Double) -> Sample { Sample(runs.map(value)) }

    var total: Sample { sample(\.seconds.total) }

    /// The name of a split on an axis.
    var label: String { split.percentText }
}

/// The runs of an experiment by scenario.
struct ScenarioTable {
    let runs: [RunRecord]

    /// In the order of the file.
    var schedules: [ScheduleKey] { distinct { ScheduleKey(stepCounts: $0.stepCounts, shift: $0.shift) } }
    var networks: [NetworkProfile] { distinct(\.network) }
    var edges: [EdgeProfile] { distinct(\.edge) }
    var modes: [SpeculationMode] {
        let split = ScenarioTable(runs: runs.filter { ($0.isSplit || $0.isAuto) && $0.order == .smallFirst })
        return split.distinct(\.mode)
    }
    var prompts: [PromptedSeed] { distinct { PromptedSeed(prompt: $0.prompt, seed: $0.seed) } }

    func distinct<Value: Hashable>(_ value: (RunRecord) -> Value) -> [Value] {
        var seen: Set<Value> = []
        return runs.map(value).filter { seen.insert($0).inserted }
    }

    /// The runs of a scenario at splits that were given, its controls among them.
    func fixed(_ scenario: Scenario) -> [RunRecord] {
        runs.filter { run in
            guard !run.isAuto, run.edge == scenario.edge, schedule(of: run) == scenario.schedule else { return false }
            if run.draftSteps == run.stepCount { return true }
            guard run.network == scenario.network else { return false }
            return run.draftSteps == 0 || (run.mode == scenario.mode && run.order == scenario.order)
        }
    }

    /// The runs of a scenario whose split the cost model chose.
    func auto(_ scenario: Scenario) -> [RunRecord] {
        runs.filter {
            $0.isAuto && $0.edge == scenario.edge && $0.network == scenario.network && $0.mode == scenario.mode
                && $0.order == scenario.order && schedule(of: $0) == scenario.schedule
        }
    }

    /// One cell for each split, by rising share of the draft.
    func cells(_ scenario: Scenario) -> [SplitCell] {
        Dictionary(grouping: fixed(scenario), by: \.draftSteps)
            .map { SplitCell(draftSteps: $0, runs: $1) }
            .sorted { $0.draftSteps < $1.draftSteps }
    }

    private func schedule(of run: RunRecord) -> ScheduleKey {
        ScheduleKey(stepCounts: run.stepCounts, shift: run.shift)
    }
}

extension RunRecord {
    /// Whether both models took part.
    var isSplit: Bool { draftSteps > 0 && draftSteps < stepCount }
}
