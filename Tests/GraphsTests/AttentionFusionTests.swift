import Graphs
import Tensors
import TestSupport
import Testing

@Suite struct AttentionFusionTests {
    /// Two layers' worth of what the pass joins, in the ways that models write it.
    private func layer(
        _ builder: inout GraphBuilder, alsoRead joined: Bool = false, moreValues: Int = 5
    ) throws -> ValueID {
        let (x, text) = (builder.input("x", [2, 3, 8]), builder.input("text", [2, 5, 8]))
        let shape: Shape = [3, 2]
        let tables = try [0.3, 1.7].map { factor in
            try builder.reshape(builder.constant(Tensor([6], (0..<6).map { Float($0) * Float(factor) })), shape)
        }
        let heads = try builder.reshape(x, [2, 3, 2, 4])
        let turned = try builder.rotary(
            builder.rmsNorm(heads, "norm", epsilon: 1e-6), cosine: tables[0], sine: tables[1], axisCount: 1)
        let q = try builder.reshape(turned, [2, 3, 8])
        let k = try builder.concatenate([q, text], axis: 1)
        let values = builder.input("values", [2, 8 - moreValues, 8])
        let v = try builder.concatenate([values, builder.slice(text, axis: 1, start: 0, count: moreValues)], axis: 1)
        if joined { builder.output("keys", k) }
        return try builder.attention(q, k, v, headCount: 2)
    }

    private func graph(alsoRead joined: Bool = false, moreValues: Int = 5) throws -> Graph {
        var builder = GraphBuilder()
        builder.output("y", try layer(&builder, alsoRead: joined, moreValues: moreValues))
        return builder.graph
    }

    private func kinds(_ graph: Graph) -> [String] {
        graph.nodes.filter { !$0.operation.isReshape }.map(\.operation.description)
    }

    @Test func normAndRotationAndStretchesAreJoined() throws {
        let (graph, fused) = (try graph(), AttentionFusion().apply(to: try graph()))
        #expect(
            kinds(fused) == [
                "rmsNorm+rotary[1 axes]", "slice[axis 1, 5 from 0]", "attention[2 heads, two stretches]",
            ])
        try expectSame(graph, fused)
        #expect(AttentionFusion().apply(to: fused).nodes == fused.nodes, "nothing is left to join")
    }

    @Test func keysThatAreReadElsewhereStayJoined() throws {
        let graph = try graph(alsoRead: true)
        let fused = AttentionFusion().apply(to: graph)
        #expect(kinds(fused).last == "attention[2 heads]")
        try expectSame(graph, fused)
    }

    /// Key and value of a token must come in the same stretch.
    @Test func keysAndValuesCutDifferentlyStayJoined() throws {
        let fused = AttentionFusion().apply(to: try graph(moreValues: 4))
        #expect(kinds(fused).last == "attention[2 heads]")
    }

    @Test func separationIsTheOpposite() throws {
        let graph = try graph()
        let separated = AttentionSeparation().apply(to: AttentionFusion().apply(to: graph))
        #expect(kinds(separated).sorted() == kinds(graph).sorted())
        try expectSame(graph, separated)
        #expect(AttentionSeparation().apply(to: graph).nodes == graph.nodes, "nothing to separate")
    }

    @Test(arguments: UInt64(300)..<320)
    func randomGraphComputesTheSame(_ seed: UInt64) throws {
        let graph = try RandomGraph.make(seed: seed, steps: 14).graph
        try expectSame(graph, AttentionFusion().apply(to: FusionPass().apply(to: graph)))
    }

    /// Else the test above would prove nothing of this pass.
    @Test func randomGraphsHaveWhatItJoins() throws {
        let nodes = try (UInt64(300)..<320).flatMap { seed in
            let graph = try RandomGraph.make(seed: seed, steps: 14).graph
            return AttentionFusion().apply(to: FusionPass().apply(to: graph)).nodes
        }
        func count(_ isWanted: (Graphs.Operation) -> Bool) -> Int { nodes.count { isWanted($0.operation) } }
        #expect(count { if case .attention(let attention) = $0 { attention.hasMoreKeys } else { false } } > 5)
        #expect(count { if case .rmsNorm(let norm) = $0 { norm.rotaryAxisCount != nil } else { false } } > 5)
    }
}
