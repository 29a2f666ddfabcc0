package import Tensors

/// How a value lies in the memory of its root (`MemoryPlan.root`): the whole of it, or a part that a slice left
/// in place instead of copying.
package struct ValueView: Hashable {
    /// Elements before the first.
    package let offset: Int
    /// Neighbouring elements; the next such run starts `stride` elements on.
    package let run: Int
    package let stride: Int
}

/// Finds slices that need no copy.
///
/// A slice whose part is one stretch of memory is that stretch. Any other stays in place if all that read it can
/// read rows at a distance: the three parts of a joint query-key-value product, above all.
package struct ValueViews {
    /// Something that reads a value in pieces: a node, and which of its inputs the value is.
    package struct Reader {
        package let node: Node
        package let input: Int
        package let view: ValueView
        /// Of the value as the node sees it.
        package let shape: Shape
    }

    private var views: [ValueView?]
    private let graph: Graph
    private let canRead: (Reader) -> Bool

    /// - Parameter canRead: whether a backend's kernel can read a value in pieces; not asked about reshapes.
    package init(_ graph: Graph, canRead: @escaping (Reader) -> Bool) {
        self.graph = graph
        self.canRead = canRead
        views = [ValueView?](repeating: nil, count: graph.values.count)
        let readers = ValueViews.readers(of: graph)
        let outputs = Set(graph.outputs.map(\.value))
        for node in graph.nodes {
            switch node.operation {
            case .reshape: views[node.output.index] = views[node.inputs[0].index]
            case .slice(let axis, let start, _):
                guard let view = slice(node, axis: axis, start: start) else { continue }
                let isDense = view.run == graph[node.output].shape.elementCount
                guard isDense || accepts(view, node.output, readers, outputs) else { continue }
                views[node.output.index] = view
            default: break
            }
        }
    }

    package subscript(value: ValueID) -> ValueView {
        let count = graph[value].shape.elementCount
        return views[value.index] ?? ValueView(offset: 0, run: count, stride: count)
    }

    /// Whether a node has nothing to do because its result lies in its input.
    package func isView(_ node: Node) -> Bool {
        switch node.operation {
        case .reshape: true
        case .slice: views[node.output.index] != nil
        default: false
        }
    }

    /// The part of a dense value, or of a stretch of one; nil if the value sliced is itself in pieces.
    private func slice(_ node: Node, axis: Int, start: Int) -> ValueView? {
        let (source, part) = (graph[node.inputs[0]].shape, graph[node.output].shape)
        let whole = self[node.inputs[0]]
        guard whole.run == source.elementCount else { return nil }
        let inner = source.dimensions[(axis + 1)...].reduce(1, *)
        let (run, stride) = (part[axis] * inner, source[axis] * inner)
        let offset = whole.offset + start * inner
        return part.elementCount == run
            ? ValueView(offset: offset, run: run, stride: run)
            : ValueView(offset: offset, run: run, stride: stride)
    }

    private func accepts(
        _ view: ValueView, _ value: ValueID, _ readers: [[(node: Int, input: Int)]], _ outputs: Set<ValueID>
    ) -> Bool {
        guard !outputs.contains(value) else { return false }
        let shape = graph[value].shape
        return readers[value.index].allSatisfy { reader in
            let node = graph.nodes[reader.node]
            if node.operation.isReshape { return accepts(view, node.output, readers, outputs) }
            return canRead(Reader(node: node, input: reader.input, view: view, shape: shape))
        }
    }

    private static func readers(of graph: Graph) -> [[(node: Int, input: Int)]] {
        var readers = [[(node: Int, input: Int)]](repeating: [], count: graph.values.count)
        for (index, node) in graph.nodes.enumerated() {
            for (input, value) in node.inputs.enumerated() { readers[value.index].append((index, input)) }
        }
        return readers
    }
}
