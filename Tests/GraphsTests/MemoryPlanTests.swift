import Graphs
import Tensors
import TestSupport
import Testing

@Suite struct MemoryPlanTests {
    @Test(arguments: UInt64(200)..<260)
    func liveValuesNeverShareBytes(_ seed: UInt64) throws {
        let graph = try RandomGraph.make(seed: seed, steps: 25).graph
        for graph in [graph, FusionPass().apply(to: graph)] {
            let plan = MemoryPlan(graph)
            #expect(plan.faults(in: graph) == [])
            #expect(plan.arenaByteCount <= plan.unsharedByteCount)
        }
    }

    /// The check itself must see a plan that is wrong.
    @Test func planOfAnotherGraphIsFoundOut() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [64])
        let first = try builder.activation(x, .silu)
        let second = try builder.activation(first, .silu)
        builder.output("y", try builder.activation(second, .silu))
        let chain = builder.graph
        // The same values, but the last node reads the input again: its memory is needed longer.
        var longer = chain
        longer.nodes[2] = Node(
            name: "late", operation: .add, inputs: [second, x], output: chain.nodes[2].output)
        #expect(MemoryPlan(chain).faults(in: chain) == [])
        #expect(MemoryPlan(chain).faults(in: longer) != [])
        #expect(MemoryPlan(longer).faults(in: longer) == [])
    }

    @Test func chainNeedsTwoPlaces() throws {
        var builder = GraphBuilder()
        var value = builder.input("x", [16])  // 64 bytes
        for _ in 0..<10 { value = try builder.activation(value, .silu) }
        builder.output("y", value)
        let plan = MemoryPlan(builder.graph)
        #expect(plan.arenaByteCount == 128)
        #expect(plan.unsharedByteCount == 11 * 64)
    }

    @Test func outputsLiveToTheEnd() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [16])
        let early = try builder.activation(x, .silu)
        var value = early
        for _ in 0..<4 { value = try builder.activation(value, .silu) }
        builder.output("early", early)
        builder.output("late", value)
        let plan = MemoryPlan(builder.graph)
        #expect(plan.faults(in: builder.graph) == [])
        #expect(plan.arenaByteCount == 192)
        #expect(plan.blocks.first { $0.value == early }?.lifetime == 0...5)
    }

    @Test func reshapeIsAnotherName() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [2, 8])
        let y = try builder.activation(x, .silu)
        let flat = try builder.reshape(builder.reshape(y, [4, 4]), [16])
        let weight = try builder.reshape(builder.parameter("weight", [4, 4]), [16])
        builder.output("z", try builder.add(flat, weight))
        let plan = MemoryPlan(builder.graph)
        #expect(plan.offset(of: flat) == plan.offset(of: y))
        #expect(plan.root(of: flat) == y)
        #expect(plan.offset(of: weight) == nil, "parameters lie elsewhere, and so do their reshapes")
        #expect(plan.blocks.count == 3)
        #expect(plan.faults(in: builder.graph) == [])
    }

    @Test func backendMayLeaveSlicesWhereTheyAre() throws {
        var builder = GraphBuilder()
        let x = try builder.activation(builder.input("x", [32]), .silu)
        let part = try builder.slice(x, axis: 0, start: 16, count: 16)
        builder.output("y", try builder.activation(part, .silu))
        let plan = MemoryPlan(builder.graph) { node in
            if case .slice = node.operation { true } else { node.operation.isReshape }
        }
        #expect(plan.root(of: part) == x)
        #expect(plan.blocks.first { $0.value == x }?.lifetime == 0...2)
    }

    @Test func tightestGapIsTaken() throws {
        // In lines of 64 bytes, placed from the largest: one behind the other while all of them live. When the last comes, of three
        // lines, two have ended and left gaps of seven and of five; the tighter one is not the first.
        var builder = GraphBuilder()
        let x = builder.input("x", [16 * 9])
        func lines(_ count: Int, of value: ValueID) throws -> ValueID {
            try builder.slice(value, axis: 0, start: 0, count: 16 * count)
        }
        let (first, wide, second, tight) = try (lines(8, of: x), lines(7, of: x), lines(6, of: x), lines(5, of: x))
        let third = try lines(4, of: x)
        builder.output("ends", try builder.concatenate([lines(1, of: wide), lines(1, of: tight)], axis: 0))
        let last = try lines(3, of: first)
        for (index, value) in [first, second, third, last].enumerated() { builder.output("stays\(index)", value) }
        let plan = MemoryPlan(builder.graph)
        #expect(plan.faults(in: builder.graph) == [])
        let offsets = [x, first, wide, second, tight, third].map { plan.offset(of: $0) }
        #expect(offsets == [0, 9, 17, 24, 30, 35].map { $0 * 64 })
        #expect(plan.offset(of: last) == plan.offset(of: tight))
    }

    @Test func planIsTheSameEveryTime() throws {
        let graph = try RandomGraph.make(seed: 9, steps: 20).graph
        #expect(MemoryPlan(graph).blocks == MemoryPlan(graph).blocks)
    }

    @Test func graphWithoutNodesHasAPlan() {
        #expect(MemoryPlan(Graph()).arenaByteCount == 0)
    }
}
