import Graphs
import Tensors

/// Computes a graph in one way after another, and remembers for each of its products and attentions which was fastest.
struct TuningRun {
    /// What is measured, whatever the node's weights.
    enum Problem: Hashable, Sendable {
        case product(ProductProblem)
        case attention(AttentionProblem)
    }

    /// Seconds of all nodes of a problem in one run, by the rules alone.
    private(set) var usual: [Problem: Double] = [:]
    /// Ways whose results were others, or that failed, each with the reason.
    private(set) var refused: [String] = []
    /// The fastest so far, of problems for which anything was faster than the rules, and what they take.
    private var found = Tuning()
    private var fastest: [Problem: Double] = [:]

    private let graph: Graph
    private let parameters: any ParameterSource
    private let host: DeviceHost
    private let runCount: Int
    /// By node.
    private let problems: [Problem?]
    private let inputs: [String: Tensor]
    private var expected: [String: Tensor] = [:]

    /// Another way must take so much of the time of the usual one at most, or the next measurement may say the opposite.
    private static let gain = 0.97
    /// A way that takes so many times as long is not run again.
    private static let patience = 3.0

    /// Measures the graph as it is computed by the rules.
    ///
    /// - Parameter graph: valid, through its passes.
    init(_ graph: Graph, _ parameters: any ParameterSource, _ host: DeviceHost, runCount: Int) throws {
        (self.graph, self.parameters, self.host, self.runCount) = (graph, parameters, host, runCount)
        problems = graph.nodes.map { TuningRun.problem(of: $0, in: graph) }
        inputs = TuningRun.inputs(of: graph)
        (usual, expected) = try measured(Tuning(), limit: .infinity)
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

    /// Computes all products in a way; what goes wrong, or computes something else, is refused.
    ///
    /// - Throws: `VulkanError` if the device was lost and there is no other.
    mutating func measure(_ way: KernelWay) throws(VulkanError) {
        var trial = Tuning()
        for case .product(let problem) in usual.keys { trial.products[problem] = Tuning.Choice(way: way) }
        try measure(trial, way.name)
    }

    /// Computes all products with their depth in so many parts, each in the way that was fastest so far.
    ///
    /// - Throws: as above.
    mutating func measure(parts: Int) throws(VulkanError) {
        var trial = Tuning()
        for case .product(let problem) in usual.keys {
            trial.products[problem] = Tuning.Choice(way: found.products[problem]?.way, parts: parts)
        }
        try measure(trial, "the depth in \(parts)")
    }

    /// Computes all attentions in a way.
    ///
    /// - Throws: as above.
    mutating func measure(_ way: CooperativeAttentionTile.Way) throws(VulkanError) {
        var trial = Tuning()
        for case .attention(let problem) in usual.keys { trial.attention[problem] = way }
        guard !trial.attention.isEmpty else { return }
        try measure(trial, way.name)
    }

    private mutating func measure(_ trial: Tuning, _ name: String) throws(VulkanError) {
        let device = host.device
        do {
            let limit = TuningRun.patience * usual.values.reduce(0, +)
            let (seconds, results) = try measured(trial, limit: limit)
            let error = TuningRun.error(of: results, expected)
            // Written so that a NaN is refused, too.
            guard error <= host.options.storage.tolerance else {
                refused.append("\(name): its results are others (NMSE \(error))")
                return
            }
            for (problem, seconds) in seconds where seconds < fastest[problem] ?? usual[problem] ?? 0 {
                switch problem {
                case .product(let product):
                    guard let choice = trial.products[product] else { continue }
                    found.products[product] = choice
                case .attention(let attention):
                    guard let way = trial.attention[attention] else { continue }
                    found.attention[attention] = way
                }
                fastest[problem] = seconds
            }
        } catch {
            refused.append("\(name): \(error)")
            if device.isLost { _ = try host.replacement(for: device) }
        }
    }

    /// Puts what was found in the place of what was known.
    ///
    /// - Returns: how many problems are computed in another way than by the rules, and what all take then.
    func enter(into tuning: inout Tuning) -> (changedCount: Int, seconds: Double) {
        var (changedCount, whole) = (0, 0.0)
        for (problem, before) in usual {
            let seconds = fastest[problem] ?? before
            let isWorthIt = seconds < TuningRun.gain * before
            switch problem {
            case .product(let problem): tuning.products[problem] = isWorthIt ? found.products[problem] : nil
            case .attention(let problem): tuning.attention[problem] = isWorthIt ? found.attention[problem] : nil
            }
            changedCount += isWorthIt ? 1 : 0
            whole += isWorthIt ? seconds : before
        }
        return (changedCount, whole)
    }

    /// What all nodes of a problem take together in the fastest of some runs, and the results.
    ///
    /// - Parameter limit: seconds that a run of all of them may take, or it is the last.
    private func measured(
        _ tuning: Tuning, limit: Double
    ) throws -> (seconds: [Problem: Double], results: [String: Tensor]) {
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
        return (sums, results)
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
