public import Graphs
import Tensors

/// The reference's kernels on a fused graph, with all values in one arena of float32 as `MemoryPlan` lays it out.
///
/// What fusion, planning and rounding between nodes do to results shows here, apart from any real kernel.
public struct ArenaBackend: Backend {
    private let passes: [any GraphPass]

    public init(passes: [any GraphPass] = [FusionPass()]) { self.passes = passes }

    public var name: String { "reference in an arena" }

    public func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph {
        let fused = graph.applying(passes)
        try fused.validate()
        return ArenaProgram(fused, try fused.parameterTensors(from: parameters))
    }
}

private final class ArenaProgram: ExecutableGraph {
    private let graph: Graph
    private let plan: MemoryPlan
    private var fixed: [ValueID: ReferenceArray]
    /// One place for every four bytes; a double holds any float32 and any id.
    private var arena: [Double]
    private var profiler: GraphProfiler

    init(_ graph: Graph, _ parameters: [ValueID: Tensor]) {
        self.graph = graph
        plan = MemoryPlan(graph)
        fixed = parameters.mapValues(ReferenceArray.init)
        for constant in graph.constants { fixed[constant.value] = ReferenceArray(constant.tensor) }
        // NaN everywhere: whoever reads what nobody wrote is found out.
        arena = [Double](repeating: .nan, count: plan.arenaByteCount / 4)
        profiler = GraphProfiler(graph)
    }

    var profile: [NodeCost] { profiler.costs }
    var isProfiling: Bool {
        get { profiler.isRunning }
        set { profiler.isRunning = newValue }
    }

    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        for (value, tensor) in try graph.inputTensors(from: inputs) { write(ReferenceArray(tensor), to: value) }
        for (index, node) in graph.nodes.enumerated() where !node.operation.isReshape {
            let operands = node.inputs.map(read)
            let result = try profiler.measure(index) {
                try ReferenceKernels.run(node, inputs: operands, shape: graph[node.output].shape)
            }
            write(result, to: node.output)
        }
        return graph.outputs.reduce(into: [:]) { outputs, output in
            outputs[output.name] = read(output.value).tensor(as: graph[output.value])
        }
    }

    private func read(_ value: ValueID) -> ReferenceArray {
        let shape = graph[value].shape
        guard let offset = plan.offset(of: value) else {
            let whole = fixed[plan.root(of: value)] ?? ReferenceArray(zeros: shape)
            return ReferenceArray(shape: shape, values: whole.values)
        }
        let first = offset / 4
        return ReferenceArray(shape: shape, values: Array(arena[first..<first + shape.elementCount]))
    }

    private func write(_ array: ReferenceArray, to value: ValueID) {
        guard let offset = plan.offset(of: value) else { return }
        let isInteger = graph[value].elementType == .int32
        for (index, element) in array.values.enumerated() {
            arena[offset / 4 + index] = isInteger ? element : Double(Float(element))
        }
    }
}
