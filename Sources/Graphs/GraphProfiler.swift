/// Times the nodes of a graph, for `ExecutableGraph.profile`.
public struct GraphProfiler: Sendable {
    /// One entry for each node, in their order.
    public private(set) var costs: [NodeCost]
    private let clock = ContinuousClock()

    /// Whether `measure` takes times. Switching on starts from zero.
    public var isRunning = false {
        didSet {
            guard isRunning, !oldValue else { return }
            for index in costs.indices {
                costs[index].seconds = 0
                costs[index].runs = 0
            }
        }
    }

    public init(_ graph: Graph) {
        costs = graph.nodes.map { node in
            NodeCost(
                name: node.name, operation: node.operation.kind, seconds: 0, runs: 0,
                floatingPointOperations: graph.floatingPointOperations(of: node),
                bytes: graph.byteCount(of: node))
        }
    }

    /// Runs `body` and books its time on a node if the profiler is running.
    public mutating func measure<Result, Failure: Error>(
        _ node: Int, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard isRunning else { return try body() }
        let start = clock.now
        let result = try body()
        let (seconds, attoseconds) = start.duration(to: clock.now).components
        costs[node].seconds += Double(seconds) + Double(attoseconds) * 1e-18
        costs[node].runs += 1
        return result
    }

    /// Books a time that was taken elsewhere, by a device for example, on a node if the profiler is running.
    public mutating func book(_ seconds: Double, on node: Int) {
        guard isRunning else { return }
        costs[node].seconds += seconds
        costs[node].runs += 1
    }
}
