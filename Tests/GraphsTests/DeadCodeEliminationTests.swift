import Graphs
import Tensors
import TestSupport
import Testing

@Suite struct DeadCodeEliminationTests {
    @Test func whatNoOutputNeedsIsGone() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [1, 4])
        let unused = builder.input("unused", [2])
        let needed = try builder.linear(x, "needed", outputs: 3)
        let dead = try builder.linear(x, "dead", outputs: 3)
        _ = try builder.activation(dead, .silu)
        _ = try builder.add(unused, builder.constant(Tensor([2], [1, 2] as [Float])))
        builder.output("y", needed)
        let graph = DeadCodeElimination().apply(to: builder.graph)
        try graph.validate()
        #expect(graph.nodes.map(\.name) == ["needed"])
        #expect(graph.parameters.map(\.name) == ["needed.weight", "needed.bias"])
        #expect(graph.constants.isEmpty)
        #expect(graph.inputs.map(\.name) == ["x", "unused"], "callers know inputs by name")
    }

    @Test func graphThatIsAllNeededStays() throws {
        let graph = try RandomGraph.make(seed: 5, steps: 8).graph
        let once = DeadCodeElimination().apply(to: graph)
        try once.validate()
        #expect(once.outputs.map(\.name) == graph.outputs.map(\.name))
        #expect(DeadCodeElimination().apply(to: once).nodes == once.nodes)
    }
}
