import Tensors

/// The slow exact interpreter that every other backend is measured against.
///
/// Runs the graph as it is, without passes. Values stay in double precision between nodes and are rounded to
/// float32 once, at the outputs.
public struct ReferenceBackend: Backend {
    public init() {}

    public var name: String { "reference (double precision)" }

    /// - Throws: `GraphError` or `ParameterError`.
    public func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph {
        try graph.validate()
        return try ReferenceProgram(graph, parameters: parameters)
    }
}

private final class ReferenceProgram: ExecutableGraph {
    private let graph: Graph
    /// Parameters and constants.
    private let fixed: [ValueID: ReferenceArray]
    private let useCounts: [Int]
    private var profiler: GraphProfiler

    init(_ graph: Graph, parameters: any ParameterSource) throws(ParameterError) {
        self.graph = graph
        var fixed = try graph.parameterTensors(from: parameters).mapValues(ReferenceArray.init)
        for constant in graph.constants { fixed[constant.value] = ReferenceArray(constant.tensor) }
        self.fixed = fixed
        useCounts = graph.useCounts
        profiler = GraphProfiler(graph)
    }

    var profile: [NodeCost] { profiler.costs }

    var isProfiling: Bool {
        get { profiler.isRunning }
        set { profiler.isRunning = newValue }
    }

    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        var values = fixed
        for (value, tensor) in try graph.inputTensors(from: inputs) { values[value] = ReferenceArray(tensor) }
        var remaining = useCounts
        for (index, node) in graph.nodes.enumerated() {
            let operands = node.inputs.compactMap { values[$0] }
            values[node.output] = try profiler.measure(index) {
                try ReferenceKernels.run(node, inputs: operands, shape: graph[node.output].shape)
            }
            for input in node.inputs {
                remaining[input.index] -= 1
                if remaining[input.index] == 0 { values[input] = nil }
            }
        }
        var outputs: [String: Tensor] = [:]
        for output in graph.outputs {
            outputs[output.name] = values[output.value]?.tensor(as: graph[output.value])
        }
        return outputs
    }
}
