import Graphs
import Models
import Tensors
import Testing

@Suite struct NetworkGraphTests {
    private static let transformer = DiffusionTransformer(
        width: 16, headCount: 2, layerCount: 2, patchSize: 2, latentChannelCount: 4, textWidth: 8,
        textTokenCount: 6, hasGuidanceInput: true)

    @Test func aDenoiserTakesAndGivesTheShapesItSays() throws {
        let graph = try Self.transformer.graph(batch: 3, height: 6, width: 4)
        try graph.validate()
        let inputs = Dictionary(uniqueKeysWithValues: graph.inputs.map { ($0.name, graph[$0.value].shape) })
        #expect(
            inputs == [
                "latent": [3, 6, 4, 4], "time": [3], "tokens": [3, 6, 8], "pooled": [3, 8], "guidance": [3],
            ])
        #expect(graph.outputs.map(\.name) == ["velocity"])
        #expect(graph[graph.outputs[0].value].shape == [3, 6, 4, 4])
    }

    @Test func parametersAreNamedAsInTheCheckpoint() throws {
        let graph = try Self.transformer.graph(batch: 1, height: 2, width: 2)
        let shapes = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.name, graph[$0.value].shape) })
        let ofBlock: [String: Shape] = [
            "table": [6, 16], "qkv.weight": [48, 16], "qkv.bias": [48], "text_kv.weight": [32, 8],
            "text_kv.bias": [32], "q_norm.weight": [8], "k_norm.weight": [8], "proj.weight": [16, 16],
            "proj.bias": [16], "fc1.weight": [64, 16], "fc1.bias": [64], "fc2.weight": [16, 64], "fc2.bias": [16],
        ]
        var expected: [String: Shape] = [
            "patch_embed.weight": [16, 16], "patch_embed.bias": [16],
            "t_embed.fc1.weight": [16, 256], "t_embed.fc1.bias": [16], "t_embed.fc2.weight": [16, 16],
            "t_embed.fc2.bias": [16], "g_embed.fc1.weight": [16, 256], "g_embed.fc1.bias": [16],
            "g_embed.fc2.weight": [16, 16], "g_embed.fc2.bias": [16], "pooled_embed.weight": [16, 8],
            "pooled_embed.bias": [16], "modulation.weight": [96, 16], "modulation.bias": [96],
            "final_modulation.weight": [32, 16], "final_modulation.bias": [32], "final_proj.weight": [16, 16],
            "final_proj.bias": [16],
        ]
        for block in 0..<2 {
            for (name, shape) in ofBlock { expected["blocks.\(block).\(name)"] = shape }
        }
        #expect(shapes == expected)
    }

    @Test func normsFuseWithModulationAndProjectionsWithGates() throws {
        let fused = FusionPass().apply(to: try Self.transformer.graph(batch: 2, height: 4, width: 4))
        try fused.validate()
        var gatedCount = 0
        for node in fused.nodes {
            switch node.operation {
            case .modulate: Issue.record("\(node.name) was not fused")
            case .layerNorm(let norm): #expect(norm.isModulated)
            case .linear(let linear) where linear.epilogue == .gatedResidual: gatedCount += 1
            // What is left scales the time and the guidance.
            case .multiply: #expect(fused[node.output].shape == [2])
            default: break
            }
        }
        #expect(gatedCount == 4)
    }

    @Test func withoutGuidanceInputThereIsNone() throws {
        let transformer = DiffusionTransformer(
            width: 16, headCount: 2, layerCount: 1, latentChannelCount: 4, textWidth: 8, textTokenCount: 6,
            hasGuidanceInput: false)
        let graph = try transformer.graph(batch: 1, height: 2, width: 2)
        #expect(!graph.inputs.contains { $0.name == "guidance" })
        #expect(!graph.parameters.contains { $0.name.hasPrefix("g_embed") })
    }

    @Test(arguments: [(0, 2, 2), (1, 3, 2), (1, 2, 5), (1, 0, 2), (-1, 2, 2), (1, .max, .max)])
    func shapesThatDoNotFitAreRefused(batch: Int, height: Int, width: Int) {
        #expect(throws: ShapeError.self) {
            try Self.transformer.graph(batch: batch, height: height, width: width)
        }
    }

    @Test func theTextEncoderGivesTokensAndTheirMean() throws {
        let graph = try TextEncoder(width: 8, headCount: 2, layerCount: 1, tokenCount: 6, vocabularySize: 9)
            .graph(batch: 2)
        try graph.validate()
        let outputs = Dictionary(uniqueKeysWithValues: graph.outputs.map { ($0.name, graph[$0.value].shape) })
        #expect(outputs == ["tokens": [2, 6, 8], "pooled": [2, 8]])
    }

    @Test func theDecoderMakesEightPixelsOfOne() throws {
        let graph = try VAEDecoder(latentChannelCount: 4, widths: [8, 6, 4], blocksPerStage: 2, scaleFactor: 8)
            .graph(batch: 1, height: 2, width: 3)
        try graph.validate()
        #expect(graph[graph.outputs[0].value].shape == [1, 16, 24, 3])
        #expect(graph.parameters.contains { $0.name == "stage2.1.conv2.weight" })
        #expect(graph.parameters.contains { $0.name == "up2.weight" })
    }
}
