import Graphs

/// What each value of a graph is stored as.
///
/// Inputs and outputs of the graph stay float32, and so does everything that a sinusoid of a time is made from: an
/// embedded time reaches a thousand radians, which 16 bits would round by more than one.
struct StoragePlan {
    private let types: [StorageType]

    /// - Parameter root: the value whose memory a value is, see `MemoryPlan`.
    init(_ graph: Graph, storage: StorageType, root: (ValueID) -> ValueID) {
        var keepsWide = [Bool](repeating: false, count: graph.values.count)
        var isMade = keepsWide
        var feedsTime: Set<ValueID> = []
        for output in graph.outputs { keepsWide[root(output.value).index] = true }
        for node in graph.nodes.reversed() {
            isMade[node.output.index] = true
            let isTime = if case .timestepEmbedding = node.operation { true } else { false }
            guard isTime || feedsTime.contains(root(node.output)) else { continue }
            for input in node.inputs { feedsTime.insert(root(input)) }
        }
        for value in feedsTime { keepsWide[value.index] = true }
        types = graph.values.indices.map { index in
            let root = root(ValueID(index: index)).index
            return isMade[root] && !keepsWide[root] ? storage : .float32
        }
    }

    subscript(value: ValueID) -> StorageType { types[value.index] }
}
