/// Joins what surrounds attention, for backends whose kernels have it in one:
///
/// - RMS norm, then rotation;
/// - attention over keys and values that were joined of two stretches each: it reads the stretches where they lie.
///
/// As with `FusionPass`, nothing else may read what is between them.
public struct AttentionFusion: GraphPass {
    public init() {}

    public var name: String { "attention" }

    public func apply(to graph: Graph) -> Graph {
        var work = FusionWork(graph)
        for index in graph.nodes.indices {
            switch graph.nodes[index].operation {
            case .rotary(let axisCount): work.joinRotation(axisCount: axisCount, at: index)
            case .attention(let attention): work.joinStretches(attention, at: index)
            default: break
            }
        }
        return DeadCodeElimination().apply(to: work.result)
    }
}
