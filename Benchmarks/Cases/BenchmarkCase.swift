public import Graphs
public import Models
import Tensors

/// A graph to time, with random weights and inputs.
public struct BenchmarkCase: Sendable {
    public let name: String
    public let graph: Graph

    public init(_ name: String, _ graph: Graph) {
        self.name = name
        self.graph = graph
    }

    /// A graph of one operation.
    public init(_ name: String, _ build: (inout GraphBuilder) throws -> ValueID) throws {
        var builder = GraphBuilder()
        let result = try build(&builder)
        builder.output("result", result)
        self.init(name, builder.graph)
    }

    /// The built-in models at 256×256, and what they are made of.
    public static func all() throws -> [BenchmarkCase] {
        var cases: [BenchmarkCase] = []
        for batch in [1, 2, 8] {
            cases.append(
                BenchmarkCase("verifier step, batch \(batch)", try verifier.graph(batch: batch, height: 16, width: 16)))
        }
        cases.append(BenchmarkCase("draft step, batch 1", try draft.graph(batch: 1, height: 16, width: 16)))
        cases.append(BenchmarkCase("critic, batch 1", try critic.graph(batch: 1, height: 16, width: 16)))
        cases.append(BenchmarkCase("decoder, batch 1", try decoder.graph(batch: 1, height: 16, width: 16)))
        return cases + (try products()) + (try rows())
    }

    /// The picture decoder of the built-in models.
    public static let decoder = VAEDecoder(
        latentChannelCount: 16, widths: [128, 128, 96, 64], blocksPerStage: 2, scaleFactor: 16)
    /// The verifier of the built-in models.
    public static let verifier = transformer(width: 384, headCount: 6, layerCount: 14)
    /// The draft of the built-in models.
    public static let draft = transformer(width: 256, headCount: 4, layerCount: 4)
    /// What reads prompts for the built-in verifier's check.
    public static let critic = PictureCritic(
        trunk: DiffusionTransformer(
            width: 256, headCount: 4, layerCount: 4, patchSize: 2, latentChannelCount: 16, textWidth: 256,
            textTokenCount: 24, hasGuidanceInput: false),
        tokenSpacing: 2)
    /// Every kind of layer that the U-Net of Stable Diffusion has, for a software device and for tests.
    public static let smallUNet = UNet(
        latentChannelCount: 4, widths: [32, 64], attends: [true, false], blocksPerStage: 2, headCount: 2, groupCount: 8,
        textWidth: 24, textTokenCount: 9)

    /// A denoiser of the built-in models, of another size if need be: a token for each latent pixel.
    public static func transformer(width: Int, headCount: Int, layerCount: Int) -> DiffusionTransformer {
        DiffusionTransformer(
            width: width, headCount: headCount, layerCount: layerCount, patchSize: 1, latentChannelCount: 16,
            textWidth: 256, textTokenCount: 24, hasGuidanceInput: true)
    }

    /// Linear layers, attention and convolutions.
    public static func products() throws -> [BenchmarkCase] {
        var cases: [BenchmarkCase] = []
        for (rows, inner, outputs) in [(64, 256, 768), (128, 256, 1024), (128, 1024, 256), (512, 256, 768)] {
            cases.append(
                try BenchmarkCase("linear \(rows)x\(inner)x\(outputs)") {
                    try $0.linear($0.input("x", [rows, inner]), "linear", outputs: outputs)
                })
        }
        cases.append(
            try BenchmarkCase("linear + gelu 128x256x1024") {
                try $0.activation($0.linear($0.input("x", [128, 256]), "linear", outputs: 1024), .geluTanh)
            })
        cases.append(
            try BenchmarkCase("attention 2x4x64x88x64") {
                try $0.attention(
                    $0.input("q", [2, 64, 256]), $0.input("k", [2, 88, 256]), $0.input("v", [2, 88, 256]),
                    headCount: 4)
            })
        cases.append(
            try BenchmarkCase("attention 1x8x1024x1024x40") {
                try $0.attention(
                    $0.input("q", [1, 1024, 320]), $0.input("k", [1, 1024, 320]), $0.input("v", [1, 1024, 320]),
                    headCount: 8)
            })
        for (side, inner, outputs) in [(16, 8, 128), (16, 128, 128), (32, 96, 96), (64, 64, 64), (64, 64, 12)] {
            cases.append(
                try BenchmarkCase("convolution \(inner)->\(outputs)@\(side)") {
                    try $0.convolution2D(
                        $0.input("x", [1, side, side, inner]), "convolution", outputs: outputs, kernel: 3,
                        padding: 1)
                })
        }
        return cases
    }

    /// Norms. Eight in a row, as in a model: a graph of a single short node would mostly measure waking the threads.
    public static func rows() throws -> [BenchmarkCase] {
        [
            try BenchmarkCase("8 rms norm + silu 64x64x64") {
                var x = $0.input("x", [1, 64, 64, 64])
                for _ in 0..<8 { x = try $0.activation($0.rmsNorm(x, "norm", epsilon: 1e-6), .silu) }
                return x
            },
            try BenchmarkCase("8 layer norm + modulation 2x64x256") {
                var x = $0.input("x", [2, 64, 256])
                let (shift, scale) = ($0.input("shift", [2, 256]), $0.input("scale", [2, 256]))
                for _ in 0..<8 { x = try $0.modulate($0.layerNorm(x, epsilon: 1e-6), shift: shift, scale: scale) }
                return x
            },
        ]
    }
}
