import Graphs
import Tensors

/// Computes a graph in one way after another, and keeps the ledger of what its products and attentions take.
struct TuningRun {
    typealias Problem = TuningLedger.Problem

    private(set) var ledger: TuningLedger
    /// Ways whose results were others, or that failed, each with the reason.
    private(set) var refused: [String] = []

    private let graph: Graph
    private let parameters: any ParameterSource
    private let host: DeviceHost
    private let runCount: Int
    /// By node.
    private let problems: [Problem?]
    private let inputs: [String: Tensor]
    private let expected: [String: Tensor]

    /// A way that takes so many times as long is not run again.
    private static let patience = 3.0
    /// Turns in which rules and findings are measured side by side in the end.
    private static let turns = 2

    /// Measures the graph as it is computed by the rules; once more on another device if the device is lost.
    ///
    /// - Parameter graph: valid, through its passes.
    init(_ graph: Graph, _ parameters: any ParameterSource, _ host: DeviceHost, runCount: Int) throws {
        (self.graph, self.parameters, self.host, self.runCount) = (graph, parameters, host, runCount)
        problems = graph.nodes.map { TuningRun.problem(of: $0, in: graph) }
        inputs = TuningRun.inputs(of: graph)
        let measurement = Measurement(
            graph: graph, parameters: parameters, host: host, runCount: runCount, problems: problems, inputs: inputs)
        let device = host.device
        let usual: Outcome
        do {
            usual = try measurement.outcome(of: Tuning(), limit: .infinity)
        } catch  where TuningRun.isLoss(error, of: device) {
            _ = try host.replacement(for: device)
            usual = try measurement.outcome(of: Tuning(), limit: .infinity)
        }
        ledger = TuningLedger(usual: usual.seconds)
        expected = usual.results
    }

    /// The products and attentions of a graph.
    static func problems(of graph: Graph) -> Set<Problem> { Set(graph.nodes.compactMap { problem(of: $0, in: graph) }) }

    private static func problem(of node: Node, in graph: Graph) -> Problem? {
        ProductProblem(node, in: graph).map { .product($0) } ?? AttentionProblem(node, in: graph).map { .attention($0) }
    }

    /// Numbers between −√3 and √3, the same each time; zero where they name rows of a table.
    private static func inputs(of graph: Graph) -> [String: Tensor] {
        var word: UInt32 = 1
        func next() -> Float {
            word = word &* 1_664_525 &+ 1_013_904_223  // Numerical Recipes' generator
            return (Float(word >> 8) / Float(1 << 23) - 1) * 1.732_050_8
        }
        return Dictionary(
            uniqueKeysWithValues: graph.inputs.map { input in
                let (shape, type) = (graph[input.value].shape, graph[input.value].elementType)
                let isIndex = type == .int32
                return (
                    input.name,
                    isIndex
                        ? Tensor(shape, [Int32](repeating: 0, count: shape.elementCount))
                        : Tensor(shape, rounding: (0..<shape.elementCount).map { _ in next() }, to: type)
                )
            })
    }

    // MARK: Trials

    /// Computes all products in a way; what goes wrong, or computes something else, is refused.
    ///
    /// - Throws: `VulkanError` if the device was lost and there is no other.
    mutating func measure(_ way: KernelWay) throws(VulkanError) {
        var trial = Tuning()
        for case .product(let problem) in ledger.usual.keys { trial.products[problem] = Tuning.Choice(way: way) }
        try measure(trial, way.name)
    }

    /// Computes all products with their depth in so many parts, each in the way that was fastest so far.
    ///
    /// - Throws: as above.
    mutating func measure(parts: Int) throws(VulkanError) {
        var trial = Tuning()
        for case .product(let problem) in ledger.usual.keys {
            trial.products[problem] = Tuning.Choice(way: ledger.found.products[problem]?.way, parts: parts)
        }
        try measure(trial, TuningRun.name(parts: parts))
    }

    /// Computes all attentions in a way.
    ///
    /// - Throws: as above.
    mutating func measure(_ way: CooperativeAttentionTile.Way) throws(VulkanError) {
        var trial = Tuning()
        for case .attention(let problem) in ledger.usual.keys { trial.attention[problem] = way }
        guard !trial.attention.isEmpty else { return }
        try measure(trial, way.name)
    }

    static func name(parts: Int) -> String { "depth in \(parts) parts" }

    private mutating func measure(_ trial: Tuning, _ name: String) throws(VulkanError) {
        let limit = TuningRun.patience * ledger.usual.values.reduce(0, +)
        guard let seconds = try seconds(of: trial, name, limit: limit) else { return }
        ledger.take(seconds, of: trial)
    }

    /// What is worth keeping, after rules and findings were measured again side by side.
    ///
    /// - Returns: that, how many problems it is of, and what all of them take without it and with it.
    /// - Throws: as above.
    mutating func confirmed() throws(VulkanError) -> (tuning: Tuning, count: Int, before: Double, after: Double) {
        var (usual, tuned) = ([Problem: Double](), [Problem: Double]())
        for _ in 0..<TuningRun.turns {
            guard let rules = try seconds(of: Tuning(), "the rules once more", limit: .infinity),
                let findings = try seconds(of: ledger.found, "all that was found together", limit: .infinity)
            else {
                let before = ledger.usual.values.reduce(0, +)
                return (Tuning(), 0, before, before)
            }
            usual.merge(rules) { min($0, $1) }
            tuned.merge(findings) { min($0, $1) }
        }
        let (tuning, count, after) = ledger.confirmed(usual: usual, tuned: tuned)
        return (tuning, count, usual.values.reduce(0, +), after)
    }

    // MARK: Measuring

    /// What the problems take; nil, and refused, if something goes wrong or something else is computed.
    private mutating func seconds(
        of trial: Tuning, _ name: String, limit: Double
    ) throws(VulkanError) -> [Problem: Double]? {
        let device = host.device
        do {
            let measurement = Measurement(
                graph: graph, parameters: parameters, host: host, runCount: runCount, problems: problems, inputs: inputs
            )
            let outcome = try measurement.outcome(of: trial, limit: limit)
            let error = TuningRun.error(of: outcome.results, expected)
            // Written so that a NaN is refused, too.
            if error <= host.options.storage.tolerance { return outcome.seconds }
            refused.append("\(name): its results are others (NMSE \(error))")
        } catch {
            refused.append("\(name): \(error)")
            if TuningRun.isLoss(error, of: device) { _ = try host.replacement(for: device) }
        }
        return nil
    }

    private static func isLoss(_ error: any Error, of device: VulkanDevice) -> Bool {
        device.isLost || (error as? VulkanError)?.isDeviceLoss == true
    }

    private struct Outcome {
        let seconds: [Problem: Double]
        let results: [String: Tensor]
    }

    private struct Measurement {
        let graph: Graph
        let parameters: any ParameterSource
        let host: DeviceHost
        let runCount: Int
        let problems: [Problem?]
        let inputs: [String: Tensor]

        /// What all nodes of a problem take together in the fastest of some runs, and the results.
        ///
        /// - Parameter limit: seconds that a run of all of them may take, or it is the last.
        func outcome(of tuning: Tuning, limit: Double) throws -> Outcome {
            let program = try VulkanProgram(
                graph, parameters: parameters, options: host.options, tuning: tuning, device: host.device)
            var fastest = [Double](repeating: .infinity, count: graph.nodes.count)
            // The first run is not counted: drivers do some of their work then.
            var results = try program.run(inputs) { _, _ in }
            for _ in 0..<runCount {
                var whole = 0.0
                results = try program.run(inputs) { node, seconds in
                    fastest[node] = min(fastest[node], seconds)
                    if problems[node] != nil { whole += seconds }
                }
                if whole > limit { break }
            }
            var sums: [Problem: Double] = [:]
            for (node, problem) in problems.enumerated() {
                if let problem, fastest[node].isFinite { sums[problem, default: 0] += fastest[node] }
            }
            return Outcome(seconds: sums, results: results)
        }
    }

    /// The largest normalised mean squared error of a result, NaN if one is.
    static func error(of found: [String: Tensor], _ expected: [String: Tensor]) -> Double {
        var worst = 0.0
        for (name, tensor) in expected {
            let (a, b) = (found[name]?.floats() ?? [], tensor.floats())
            guard a.count == b.count else { return .infinity }
            var (error, energy) = (0.0, 0.0)
            for (a, b) in zip(a, b) {
                error += (Double(a) - Double(b)) * (Double(a) - Double(b))
                energy += Double(b) * Double(b)
            }
            let share = error == 0 ? 0 : error / energy
            if share.isNaN || share > worst { worst = share }
        }
        return worst
    }
}

extension ActivationStorage {
    /// The largest normalised mean squared error between two ways to compute a graph: of adding float32 in another order, or of
    /// rounding to 2⁻¹¹ or 2⁻⁸ elsewhere some dozens of times.
    var tolerance: Double {
        switch self {
        case .float32: 1e-8
        case .float16: 1e-4
        case .bfloat16: 1e-2
        }
    }
}
