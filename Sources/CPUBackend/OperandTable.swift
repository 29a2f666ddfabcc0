import Graphs
import Tensors

/// Where every value of a graph lies: activations in one arena, parameters and constants each in memory of their
/// own.
final class OperandTable {
    private let graph: Graph
    private let views: ValueViews
    private let plan: MemoryPlan
    private let arena: AlignedMemory
    private let tensors: [ValueID: Tensor]
    private var fixed: [ValueID: AlignedMemory] = [:]
    /// Parameters that are read as weights of products and nothing else.
    private let weights: Set<ValueID>

    /// - Parameter parameters: the tensor of every parameter.
    init(_ graph: Graph, views: ValueViews, parameters: [ValueID: Tensor]) {
        self.graph = graph
        self.views = views
        plan = MemoryPlan(graph, isView: views.isView)
        arena = AlignedMemory(byteCount: plan.arenaByteCount)
        tensors = parameters.merging(graph.constants.map { ($0.value, $0.tensor) }) { parameter, _ in parameter }
        weights = OperandTable.weights(of: graph, plan: plan)
    }

    /// Where a value lies; the memory of a parameter is made at the first asking and kept.
    func operand(_ value: ValueID) -> Operand {
        let root = plan.root(of: value)
        if let offset = plan.offset(of: value) {
            return operand(value, at: arena.base + offset)
        }
        let memory = fixed[root] ?? load(root)
        fixed[root] = memory
        return operand(value, at: memory.base)
    }

    /// Where a node's inputs lie. A weight of products that nobody else reads is in no memory here: the step takes it as it
    /// wants it, and keeps that.
    func inputs(of node: Node) -> [Operand] {
        node.inputs.map { value in
            let root = plan.root(of: value)
            guard weights.contains(root), let tensor = tensors[root],
                views[value].offset == 0, graph[value].shape.elementCount == tensor.shape.elementCount
            else { return operand(value) }
            return Operand(info: graph[value], weight: FixedWeight(tensor))
        }
    }

    private func operand(_ value: ValueID, at root: UnsafeMutableRawPointer) -> Operand {
        let (info, view) = (graph[value], views[value])
        return Operand(
            info: info, base: root + view.offset * info.elementType.byteCount, run: view.run,
            stride: view.stride)
    }

    /// A parameter or constant; a value that nothing makes cannot occur in a valid graph and would be zeros.
    private func load(_ root: ValueID) -> AlignedMemory {
        guard let tensor = tensors[root] else { return AlignedMemory(zeros: graph[root].byteCount) }
        return AlignedMemory(tensor)
    }

    private static func weights(of graph: Graph, plan: MemoryPlan) -> Set<ValueID> {
        var weights: Set<ValueID> = []
        var others = Set(graph.outputs.map { plan.root(of: $0.value) })
        for node in graph.nodes {
            for (position, value) in node.inputs.enumerated() {
                let root = plan.root(of: value)
                guard plan.offset(of: value) == nil else { continue }
                switch node.operation {
                case .linear where position == 1, .convolution2D where position == 1: weights.insert(root)
                case .reshape: break
                default: others.insert(root)
                }
            }
        }
        return weights.subtracting(others)
    }
}
