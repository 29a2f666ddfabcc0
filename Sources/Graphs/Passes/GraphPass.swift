/// A rewriting of graphs: a pure function whose result computes the same outputs from the same inputs.
public protocol GraphPass: Sendable {
    /// For reports, for example `fusion`.
    var name: String { get }

    /// The rewritten graph. Inputs and outputs keep their names and shapes; another `ValueID` of the old graph
    /// need not mean anything in the new one.
    func apply(to graph: Graph) -> Graph
}

extension Graph {
    /// The graph after the passes, in order.
    public func applying(_ passes: [any GraphPass]) -> Graph {
        passes.reduce(self) { $1.apply(to: $0) }
    }
}
