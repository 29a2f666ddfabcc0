import Graphs

/// Sorts nodes by how many come before them at least, so that those which do not wait for each other stand together: a
/// device runs them side by side, and needs fewer barriers.
struct LevelOrder: GraphPass {
    let name = "level order"

    func apply(to graph: Graph) -> Graph {
        let levels = LevelOrder.levels(of: graph)
        var result = graph
        // Stable by position: a reshape must stay behind what it reshapes.
        result.nodes = graph.nodes.indices.sorted { (levels[$0], $0) < (levels[$1], $1) }.map { graph.nodes[$0] }
        return result
    }

    /// Of each node the level up to there, so that memory is not handed on within one: a barrier would have to come between.
    static func steps(of graph: Graph) -> [Int] {
        var step = 0
        return levels(of: graph).map { level in
            step = max(step, level)
            return step
        }
    }

    private static func levels(of graph: Graph) -> [Int] {
        var levels = [Int](repeating: 0, count: graph.values.count)
        return graph.nodes.map { node in
            let before = node.inputs.map { levels[$0.index] }.max() ?? 0
            // A reshape computes nothing.
            levels[node.output.index] = node.operation.isReshape ? before : before + 1
            return levels[node.output.index]
        }
    }
}
