import Graphs
import Tensors

/// Checks on the host that ids have rows: what a kernel finds wrong, it cannot say.
struct IDChecks {
    private struct Lookup {
        let node: String
        let rowCount: Int
        let source: ValueTable.IDSource
    }

    private let lookups: [Lookup]

    init(_ graph: Graph, in table: ValueTable) {
        lookups = graph.nodes.compactMap { node in
            guard case .embedding = node.operation, let source = table.idSource(node.inputs[1]) else { return nil }
            return Lookup(node: node.name, rowCount: graph[node.inputs[0]].shape[0], source: source)
        }
    }

    /// - Throws: `IndexError` for the first id without a row.
    func check(_ given: [String: Tensor]) throws(IndexError) {
        for lookup in lookups {
            let ids =
                switch lookup.source {
                case .input(let name): given[name]?.int32s() ?? []
                case .constant(let ids): ids
                }
            for id in ids where !(0..<lookup.rowCount).contains(Int(id)) {
                throw IndexError(node: lookup.node, index: Int(id), count: lookup.rowCount)
            }
        }
    }
}
