/// Where each value of a graph lies in one stretch of memory that values share over time.
///
/// Inputs and results of nodes get a place; parameters and constants lie elsewhere. A reshape is the value it
/// reshapes under another name, and a backend may treat more nodes so. Values that are alive at the same time never share a byte; a node's result never
/// shares one with its inputs. Outputs stay alive to the end.
///
/// Placement is greedy by size (arXiv 2001.03288 §5): the largest value first, each into the tightest gap
/// between the places of values that live at the same time.
public struct MemoryPlan: Sendable {
    /// The place of one value that is no view.
    public struct Block: Hashable, Sendable {
        public let value: ValueID
        /// In bytes from the arena's start, a multiple of `MemoryPlan.alignment`.
        public let offset: Int
        public let byteCount: Int
        /// Nodes, by position or step, from the one that writes the value to the last that reads it; an input is written
        /// at −1, an output is read by the node after the last.
        public let lifetime: ClosedRange<Int>
    }

    /// Of every block's offset: one cache line, one AVX-512 register.
    public static let alignment = 64

    public let blocks: [Block]
    /// Size of the arena.
    public let arenaByteCount: Int
    /// What all blocks would take side by side.
    public let unsharedByteCount: Int
    private let roots: [ValueID]
    private let offsets: [Int?]

    /// Plans a graph that `Graph.validate()` accepts.
    ///
    /// - Parameter isView: whether a node's result lies in its first input's memory; reshapes unless given. A
    ///   backend that leaves slices where they are says so here.
    /// - Parameter steps: of each node, never less than that of the one before. Nodes of one step may run side by side:
    ///   what one reads shares no memory with what another writes. Positions unless given.
    public init(_ graph: Graph, steps: [Int]? = nil, isView: (Node) -> Bool = { $0.operation.isReshape }) {
        let roots = MemoryPlan.roots(of: graph, isView: isView)
        var placed: [Block] = []  // by offset
        for value in MemoryPlan.lifetimes(of: graph, roots: roots, steps: steps).sorted(by: MemoryPlan.isPlacedBefore) {
            let block = MemoryPlan.place(value, among: placed)
            let index = placed.firstIndex { $0.offset > block.offset } ?? placed.count
            placed.insert(block, at: index)
        }
        var offsets = [Int?](repeating: nil, count: graph.values.count)
        for block in placed { offsets[block.value.index] = block.offset }
        self.blocks = placed
        self.roots = roots
        self.offsets = roots.map { offsets[$0.index] }
        arenaByteCount = placed.map { $0.offset + MemoryPlan.aligned($0.byteCount) }.max() ?? 0
        unsharedByteCount = placed.reduce(0) { $0 + MemoryPlan.aligned($1.byteCount) }
    }

    /// Where a value starts in the arena, nil if it lies elsewhere (parameters, constants and their reshapes).
    public func offset(of value: ValueID) -> Int? { offsets[value.index] }

    /// The value whose memory a value is: itself unless it is a view.
    public func root(of value: ValueID) -> ValueID { roots[value.index] }

    // MARK: Liveness

    private struct Lifetime {
        let value: ValueID
        let byteCount: Int
        let nodes: ClosedRange<Int>
    }

    private static func roots(of graph: Graph, isView: (Node) -> Bool) -> [ValueID] {
        var roots = graph.values.indices.map(ValueID.init)
        for node in graph.nodes where isView(node) { roots[node.output.index] = roots[node.inputs[0].index] }
        return roots
    }

    private static func lifetimes(of graph: Graph, roots: [ValueID], steps: [Int]?) -> [Lifetime] {
        var first = [Int?](repeating: nil, count: graph.values.count)
        var last = [Int](repeating: -1, count: graph.values.count)
        for input in graph.inputs { first[input.value.index] = -1 }
        for (position, node) in graph.nodes.enumerated() {
            let index = steps?[position] ?? position
            if roots[node.output.index] == node.output {
                first[node.output.index] = index
                last[node.output.index] = index
            }
            for input in node.inputs { last[roots[input.index].index] = index }
        }
        for output in graph.outputs { last[roots[output.value.index].index] = graph.nodes.count }
        return graph.values.indices.compactMap { index in
            first[index].map { first in
                Lifetime(
                    value: ValueID(index: index), byteCount: graph.values[index].byteCount,
                    nodes: first...last[index])
            }
        }
    }

    // MARK: Placement

    private static func isPlacedBefore(_ a: Lifetime, _ b: Lifetime) -> Bool {
        a.byteCount == b.byteCount ? a.value.index < b.value.index : a.byteCount > b.byteCount
    }

    /// Puts a value into the tightest gap that the blocks alive with it leave, or behind them all.
    private static func place(_ value: Lifetime, among placed: [Block]) -> Block {
        let needed = aligned(value.byteCount)
        var (end, best): (Int, (offset: Int, gap: Int)?) = (0, nil)
        for block in placed where block.lifetime.overlaps(value.nodes) {
            let gap = block.offset - end
            if gap >= needed, gap < best?.gap ?? .max { best = (end, gap) }
            end = max(end, block.offset + aligned(block.byteCount))
        }
        return Block(
            value: value.value, offset: best?.offset ?? end, byteCount: value.byteCount, lifetime: value.nodes)
    }

    private static func aligned(_ byteCount: Int) -> Int {
        (byteCount + alignment - 1) / alignment * alignment
    }
}
