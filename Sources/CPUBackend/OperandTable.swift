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

    /// - Parameter parameters: the tensor of every parameter.
    init(_ graph: Graph, views: ValueViews, parameters: [ValueID: Tensor]) {
        self.graph = graph
        self.views = views
        plan = MemoryPlan(graph, isView: views.isView)
        arena = AlignedMemory(byteCount: plan.arenaByteCount)
        tensors = parameters.merging(graph.constants.map { ($0.value, $0.tensor) }) { parameter, _ in parameter }
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

    /// Where a node's inputs lie. The weight of a product is in no memory here: the step takes it as it wants it, and keeps that.
    func inputs(of node: Node) -> [Operand] {
        node.inputs.enumerated().map { position, value in
            switch node.operation {
            case .linear where position == 1, .convolution2D where position == 1:
                weight(value).map { Operand(info: graph[value], weight: $0) } ?? operand(value)
            default: operand(value)
            }
        }
    }

    /// A value that is the whole of a parameter or constant; nil for what is computed, and for a part.
    private func weight(_ value: ValueID) -> FixedWeight? {
        guard let tensor = tensors[plan.root(of: value)], views[value].offset == 0,
            graph[value].shape.elementCount == tensor.shape.elementCount
        else { return nil }
        return FixedWeight(tensor)
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
}
