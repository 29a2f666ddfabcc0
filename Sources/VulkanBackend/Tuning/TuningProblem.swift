import Graphs

/// What is measured by itself, whatever the node's weights.
enum TuningProblem: Hashable, Sendable {
    case product(ProductProblem)
    case attention(AttentionProblem)

    /// That of a node, nil if it is neither.
    init?(_ node: Node, in graph: Graph) {
        if let product = ProductProblem(node, in: graph) {
            self = .product(product)
        } else if let attention = AttentionProblem(node, in: graph) {
            self = .attention(attention)
        } else {
            return nil
        }
    }
}
