/// Drops nodes, parameters and constants that no output depends on. Inputs stay: callers give them by name.
public struct DeadCodeElimination: GraphPass {
    public init() {}

    public var name: String { "dead code elimination" }

    public func apply(to graph: Graph) -> Graph {
        var isNeeded = [Bool](repeating: false, count: graph.values.count)
        for output in graph.outputs { isNeeded[output.value.index] = true }
        for node in graph.nodes.reversed() where isNeeded[node.output.index] {
            for input in node.inputs { isNeeded[input.index] = true }
        }
        var kept = graph
        kept.nodes.removeAll { !isNeeded[$0.output.index] }
        kept.parameters.removeAll { !isNeeded[$0.value.index] }
        kept.constants.removeAll { !isNeeded[$0.value.index] }
        return kept
    }
}
