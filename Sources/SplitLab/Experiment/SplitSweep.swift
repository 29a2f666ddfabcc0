import Diffusion
public import EdgeRuntime
public import Speculation

/// What an experiment varies; every combination that differs is one run.
public struct SplitSweep: Hashable, Sendable {
    public var networks: [NetworkProfile]
    public var edges: [EdgeProfile]
    public var modes: [SpeculationMode]
    public var orders: [StepOrder]
    /// The draft's shares of the steps; 0 and 1 are the controls verifier-only and edge-only.
    public var splits: [Double]
    public var stepCounts: [StepCounts]
    /// nil is the models' own shift.
    public var shifts: [Double?]
    public var prompts: [PromptedSeed]
    /// How often everything is done.
    public var repetitions: Int
    /// Whether each scenario also gets a run whose split the cost model chooses.
    public var includesAuto: Bool

    public init(
        networks: [NetworkProfile], edges: [EdgeProfile], modes: [SpeculationMode], orders: [StepOrder],
        splits: [Double], stepCounts: [StepCounts], shifts: [Double?], prompts: [PromptedSeed], repetitions: Int,
        includesAuto: Bool
    ) {
        self.networks = networks
        self.edges = edges
        self.modes = modes
        self.orders = orders
        self.splits = splits
        self.stepCounts = stepCounts
        self.shifts = shifts
        self.prompts = prompts
        self.repetitions = repetitions
        self.includesAuto = includesAuto
    }

    /// Refuses what cannot be run.
    ///
    /// - Throws: `LabError.invalidPlan`.
    public func validate() throws(LabError) {
        func require(_ holds: Bool, _ message: String) throws(LabError) {
            guard holds else { throw .invalidPlan(message) }
        }
        let lists = [
            ("network", networks.isEmpty), ("edge", edges.isEmpty), ("mode", modes.isEmpty),
            ("order", orders.isEmpty), ("split", splits.isEmpty), ("step count", stepCounts.isEmpty),
            ("shift", shifts.isEmpty), ("prompt", prompts.isEmpty),
        ]
        for (name, isEmpty) in lists { try require(!isEmpty, "the experiment has no \(name); name at least one") }
        try require(
            !modes.contains(.exact),
            "mode exact gives another picture than the verifier's own steps; try it with `lab exact`")
        try require(
            splits.allSatisfy { (0...1).contains($0) }, "splits are shares of the steps, from 0 to 1")
        try require(
            stepCounts.allSatisfy {
                FlowSchedule.allowedStepCounts.contains($0.draft)
                    && FlowSchedule.allowedStepCounts.contains($0.verifier)
            },
            "step counts go from 1 to \(FlowSchedule.allowedStepCounts.upperBound)")
        try require(
            stepCounts.allSatisfy { $0.verifier > 1 || $0.draft == 1 }, "\(SpeculationError.noStepToEnter)")
        try require(
            shifts.allSatisfy { $0.map { FlowSchedule.allowedShifts.contains($0) } ?? true },
            "shifts go from \(FlowSchedule.allowedShifts.lowerBound) to \(FlowSchedule.allowedShifts.upperBound)")
        try require(
            edges.allSatisfy { $0.threads > 0 && ($0.share.map { (0.01...64).contains($0) } ?? true) },
            "an edge's share goes from 0.01 of a core to 64 cores")
        try require((1...1000).contains(repetitions), "an experiment is repeated 1 to 1000 times")
        try require(
            Set(networks.map(\.name)).count == networks.count, "two networks have the same name; call one otherwise")
    }

    /// All runs, in the order in which they are made.
    ///
    /// One network and edge after another, and there in rounds: a round is one picture at every split and by `auto`, so
    /// that what the machine does besides falls on all of them alike. Each round begins with another split, lest one
    /// always follow the same. What a dimension does not change is run once: verifier-only has neither order nor mode,
    /// edge-only no network either.
    public func runs() -> [PlannedRun] {
        var seen: Set<PlannedRun> = []
        var planned: [PlannedRun] = []
        for counts in stepCounts {
            for shift in shifts {
                for network in networks {
                    for edge in edges {
                        let scene = Scene(network: network, edge: edge, stepCounts: counts, shift: shift)
                        planned += rounds(of: scene)
                    }
                }
            }
        }
        return planned.filter { seen.insert($0).inserted }
    }

    private struct Scene {
        var network: NetworkProfile
        var edge: EdgeProfile
        var stepCounts: StepCounts
        var shift: Double?
    }

    private func rounds(of scene: Scene) -> [PlannedRun] {
        (0..<repetitions * prompts.count).flatMap { index -> [PlannedRun] in
            let runs = round(of: scene, prompt: prompts[index % prompts.count], repetition: index / prompts.count)
            let first = index % max(runs.count, 1)
            return Array(runs[first...] + runs[..<first])
        }
    }

    private func round(of scene: Scene, prompt: PromptedSeed, repetition: Int) -> [PlannedRun] {
        func run(
            _ mode: SpeculationMode, _ order: StepOrder, _ split: PlannedRun.Split, over network: NetworkProfile? = nil
        ) -> PlannedRun {
            // One schedule, which the second model goes on with.
            let isOne = order == .largeFirst
            return PlannedRun(
                network: network ?? scene.network, edge: scene.edge, mode: mode, order: order, split: split,
                stepCounts: isOne ? StepCounts(draft: scene.stepCounts.draft) : scene.stepCounts, shift: scene.shift,
                prompt: prompt, repetition: repetition)
        }
        var planned: [PlannedRun] = []
        if splits.contains(0) || includesAuto { planned.append(run(.trust, .smallFirst, .verifierOnly)) }
        if splits.contains(1), let first = networks.first {
            planned.append(run(.trust, .smallFirst, .edgeOnly, over: first))
        }
        for order in orders {
            // The large model has nothing to check where it goes first.
            for mode in order == .smallFirst ? modes : [.trust] {
                let count = scene.stepCounts.draft
                let steps = Set(splits.map { Int(($0 * Double(count)).rounded()) })
                for step in steps.sorted() where step > 0 && step < count {
                    planned.append(run(mode, order, .draftSteps(step)))
                }
                if includesAuto, order == .smallFirst { planned.append(run(mode, order, .auto)) }
            }
        }
        return planned
    }
}

/// One run that an experiment asks for.
public struct PlannedRun: Hashable, Sendable {
    /// Who takes how many steps.
    public enum Split: Hashable, Sendable {
        case verifierOnly
        case edgeOnly
        case draftSteps(Int)
        /// The cost model chooses.
        case auto
    }

    public var network: NetworkProfile
    public var edge: EdgeProfile
    public var mode: SpeculationMode
    public var order: StepOrder
    public var split: Split
    public var stepCounts: StepCounts
    public var shift: Double?
    public var prompt: PromptedSeed
    public var repetition: Int

    /// The draft's share; nil for auto.
    public var fraction: Double? {
        switch split {
        case .verifierOnly: 0
        case .edgeOnly: 1
        case .draftSteps(let count): Double(count) / Double(stepCounts.draft)
        case .auto: nil
        }
    }

    /// What makes two runs the same one, for resuming: all that the sweep varies, the sampler and the models.
    func key(models: String) -> String {
        let split =
            switch split {
            case .verifierOnly: "verifier-only"
            case .edgeOnly: "edge-only"
            case .draftSteps(let count): "\(count)"
            case .auto: "auto"
            }
        let parts = [
            "\(network.name) \(network.figures)", "\(edge.share.map(\.short) ?? "all")/\(edge.threads)",
            mode.rawValue, order.rawValue, split, "N\(stepCounts)", "s\(shift.map(\.short) ?? "own")",
            "\(prompt.seed) \(prompt.prompt)", "r\(repetition)", FlowWalk.method, models,
        ]
        return parts.joined(separator: " | ")
    }
}
