public import Graphs

/// A profile by kind of node, the most time first.
public func profileLines(_ profile: [NodeCost]) -> [String] {
    var byKind: [String: (seconds: Double, operations: Double, nodes: Int)] = [:]
    for cost in profile where cost.runs > 0 {
        var sum = byKind[cost.operation] ?? (0, 0, 0)
        sum.seconds += cost.seconds / Double(cost.runs)
        sum.operations += Double(cost.floatingPointOperations)
        sum.nodes += 1
        byKind[cost.operation] = sum
    }
    return byKind.sorted { $0.value.seconds > $1.value.seconds }.map { kind, sum in
        let rate = (sum.operations / sum.seconds * 1e-9 * 10).rounded() / 10
        return "\(kind): \(sum.nodes) nodes, \((sum.seconds * 1e7).rounded() / 10) us, \(rate) GFLOP/s"
    }
}
