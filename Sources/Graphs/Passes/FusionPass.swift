/// Joins nodes that a backend computes in one go, so that what lies between them never reaches memory.
///
/// - linear, convolution, RMS norm or group norm, then an activation;
/// - linear or convolution, then adding to a value of the same shape;
/// - linear, then multiplying by a gate that all tokens share, then adding to a value of the same shape;
/// - layer norm, then modulation.
///
/// Two nodes join only if nothing else reads what is between them. The joined node stands where the last of them
/// stood, so that everything it reads is there before it.
public struct FusionPass: GraphPass {
    public init() {}

    public var name: String { "fusion" }

    public func apply(to graph: Graph) -> Graph {
        // One walk is enough: what a node is joined with comes before it and is joined already.
        var work = FusionWork(graph)
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            switch node.operation {
            case .activation(let activation): work.joinActivation(activation, at: index)
            case .modulate: work.joinModulation(at: index)
            case .add:
                // residual + branch is how models are written, so the second operand is tried first.
                if !work.joinSum(at: index, branch: 1, residual: 0) {
                    work.joinSum(at: index, branch: 0, residual: 1)
                }
            default: break
            }
        }
        return DeadCodeElimination().apply(to: work.result)
    }
}
