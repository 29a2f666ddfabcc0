import Tensors

/// What a backend's device holds of one graph's values, its weights aside.
public struct MemoryLimits: Hashable, Sendable {
    /// Most bytes of one value.
    public let valueByteCount: Int
    /// Most bytes of the arena that values share over time.
    public let arenaByteCount: Int

    public init(valueByteCount: Int, arenaByteCount: Int) {
        self.valueByteCount = valueByteCount
        self.arenaByteCount = arenaByteCount
    }

    /// Whether a valid graph stays within the limits, with every value in the type that the graph says: a backend that
    /// stores less holds more.
    public func admit(_ graph: Graph) -> Bool {
        let plan = MemoryPlan(graph.applying([DeadCodeElimination(), FusionPass()]))
        return plan.arenaByteCount <= arenaByteCount && plan.blocks.allSatisfy { $0.byteCount <= valueByteCount }
    }
}
