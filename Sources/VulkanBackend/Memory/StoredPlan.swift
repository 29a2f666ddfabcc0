import Graphs
import Tensors

/// What of a graph's values is stored on the device, as what, and where in the arena.
struct StoredPlan {
    let views: ValueViews
    let types: StoragePlan
    /// Of the values as they are stored, with nodes of one level side by side.
    let memory: MemoryPlan

    /// - Parameter graph: through its passes.
    init(_ graph: Graph, _ options: VulkanOptions) {
        views = ValueViews(of: graph)
        let roots = MemoryPlan(graph, isView: views.isView)
        types = StoragePlan(graph, storage: StorageType(options.storage), root: roots.root)
        var stored = graph
        for index in graph.values.indices {
            switch types[ValueID(index: index)] {
            case .float16: stored.values[index].elementType = .float16
            case .bfloat16: stored.values[index].elementType = .bfloat16
            case .float32, .int8: break
            }
        }
        memory = MemoryPlan(stored, steps: LevelOrder.steps(of: graph), isView: views.isView)
    }
}
