import Graphs
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

@Suite(.serialized) struct LevelOrderTests {
    /// Two chains, one written behind the other, that meet in the end; the second reads its input through a reshape.
    private func graph() throws -> Graph {
        var builder = GraphBuilder()
        let x = builder.input("x", [4, 6])
        let left = try builder.activation(builder.activation(x, .silu), .geluTanh)
        let flat = try builder.reshape(x, [24])
        let right = try builder.reshape(builder.activation(builder.activation(flat, .gelu), .silu), [4, 6])
        builder.output("y", try builder.add(left, right))
        return builder.graph
    }

    private func kinds(_ graph: Graph) -> [Operation] { graph.nodes.map(\.operation).filter { !$0.isReshape } }

    @Test func whatDoesNotWaitForEachOtherStandsTogether() throws {
        let (before, after) = (try graph(), LevelOrder().apply(to: try graph()))
        try after.validate()
        let expected: [Activation] = [.silu, .gelu, .geluTanh, .silu]
        #expect(kinds(after) == expected.map { .activation($0) } + [.add])
        #expect(kinds(before) != kinds(after))
        #expect(Set(before.nodes) == Set(after.nodes))
        // Nothing is left to move.
        #expect(LevelOrder().apply(to: after).nodes == after.nodes)
    }

    /// One wait for each level behind the first.
    @Test(.enabled(if: TestDevice.isExpected())) func fewerBarriersAreNeeded() throws {
        let program = try TestDevice.backend().prepare(try graph(), parameters: DictionaryParameters()).program()
        var hazards = HazardTracker()
        #expect(program.dispatches.filter { hazards.needsBarrier($0) }.count == 2)
    }
}
