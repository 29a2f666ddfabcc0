public import Graphs
import Tensors

extension MemoryPlan {
    /// What is wrong with the plan, found by playing the graph through byte owner by byte owner, without the
    /// planner's own idea of lifetimes; empty if it is sound.
    public func faults(in graph: Graph) -> [String] {
        var faults: [String] = []
        var owners = [Int](repeating: -1, count: arenaByteCount / MemoryPlan.alignment)

        func lines(_ value: ValueID) -> Range<Int>? {
            offset(of: value).map { offset in
                let end = offset + graph[value].byteCount
                return offset / MemoryPlan.alignment..<(end + MemoryPlan.alignment - 1) / MemoryPlan.alignment
            }
        }
        func write(_ value: ValueID, _ place: String) {
            guard let range = lines(value) else { return faults.append("\(place): value \(value.index) has no place") }
            guard range.upperBound <= owners.count else { return faults.append("\(place): outside the arena") }
            for line in range { owners[line] = value.index }
        }
        func expectWhole(_ value: ValueID, _ place: String) {
            let owner = root(of: value).index
            if let range = lines(value), range.contains(where: { owners[$0] != owner }) {
                faults.append("\(place): value \(value.index) was overwritten")
            }
        }

        for input in graph.inputs { write(input.value, "input") }
        for (index, node) in graph.nodes.enumerated() {
            for input in node.inputs { expectWhole(input, "node \(index)") }
            if case .reshape = node.operation {
                if root(of: node.output) != root(of: node.inputs[0]) { faults.append("node \(index): no alias") }
                continue
            }
            write(node.output, "node \(index)")
            for input in node.inputs { expectWhole(input, "node \(index), after its result") }
        }
        for output in graph.outputs { expectWhole(output.value, "output \(output.name)") }
        for block in blocks where block.offset % MemoryPlan.alignment != 0 { faults.append("misaligned") }
        return faults
    }
}
