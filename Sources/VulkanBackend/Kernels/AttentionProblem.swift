import Graphs
import Tensors

/// Attention as its kernel sees it.
struct AttentionProblem: Hashable, Sendable, Codable {
    /// Of one head.
    let queries: Int
    let keys: Int
    let headWidth: Int
    /// Of all pictures together.
    let heads: Int
}

extension AttentionProblem {
    /// q [B, Tq, heads·d], k [B, Tk, heads·d], more k [B, Tm, heads·d] if there are such
    init(_ headCount: Int, q: Shape, k: Shape, more: Shape?) {
        self.init(
            queries: q[1], keys: k[1] + (more?[1] ?? 0), headWidth: q[2] / headCount, heads: q[0] * headCount)
    }

    /// That of a node, nil if it is no attention.
    init?(_ node: Node, in graph: Graph) {
        guard case .attention(let attention) = node.operation else { return nil }
        let shapes = node.inputs.map { graph[$0].shape }
        self.init(attention.headCount, q: shapes[0], k: shapes[1], more: attention.hasMoreKeys ? shapes[3] : nil)
    }
}
