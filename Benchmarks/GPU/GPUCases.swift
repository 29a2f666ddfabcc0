import BenchmarkCases
import Graphs
import Models
import Tensors

/// What is timed on a graphics card.
enum GPUCases {
    /// The built-in verifier at three batches, the draft, the critic, the decoder, the U-Net of SD 1.5 with what it is made of, and a
    /// small one; the small ones also run on a software device.
    static func all() throws -> [BenchmarkCase] {
        var cases: [BenchmarkCase] = []
        for batch in [1, 4, 16] {
            cases.append(
                BenchmarkCase(
                    "verifier step, batch \(batch)",
                    try BenchmarkCase.verifier.graph(batch: batch, height: 16, width: 16)))
        }
        cases.append(
            BenchmarkCase("draft step, batch 1", try BenchmarkCase.draft.graph(batch: 1, height: 16, width: 16)))
        cases.append(
            BenchmarkCase("critic, batch 1", try BenchmarkCase.critic.graph(batch: 1, height: 16, width: 16)))
        cases.append(
            BenchmarkCase("decoder, batch 1", try BenchmarkCase.decoder.graph(batch: 1, height: 16, width: 16)))
        cases.append(
            BenchmarkCase("small U-Net, batch 1", try BenchmarkCase.smallUNet.graph(batch: 1, height: 16, width: 16)))
        // Two rows are one picture with guidance.
        for batch in [1, 2, 8] {
            cases.append(
                BenchmarkCase(
                    "SD 1.5 U-Net, batch \(batch)",
                    try UNet.stableDiffusion1.graph(batch: batch, height: 64, width: 64)))
        }
        // All its weights over a 64th of the pixels: what a software device can check, and the fewest tiles that a card sees.
        cases.append(
            BenchmarkCase(
                "SD 1.5 U-Net at 8x8, batch 1", try UNet.stableDiffusion1.graph(batch: 1, height: 8, width: 8)))
        return cases + (try BenchmarkCase.products()) + (try BenchmarkCase.rows()) + (try large())
    }

    /// U-Net of SD 1.5 at 64×64 latents: levels of 320, 640 and 1280 channels, two rows for guidance.
    private static func large() throws -> [BenchmarkCase] {
        var cases: [BenchmarkCase] = []
        for (rows, inner, outputs) in [(8192, 320, 2560), (2048, 640, 5120), (512, 1280, 10_240), (8192, 8192, 8192)] {
            cases.append(
                try BenchmarkCase("linear \(rows)x\(inner)x\(outputs)") {
                    try $0.linear($0.input("x", [rows, inner]), "linear", outputs: outputs)
                })
        }
        for (side, channels) in [(64, 320), (32, 640), (16, 1280)] {
            cases.append(
                try BenchmarkCase("convolution \(channels)->\(channels)@\(side), batch 2") {
                    try $0.convolution2D(
                        $0.input("x", [2, side, side, channels]), "convolution", outputs: channels, kernel: 3,
                        padding: 1)
                })
            cases.append(
                try BenchmarkCase("attention of \(side * side), 8 heads of \(channels / 8), batch 2") {
                    let shape = ($0.input("q", [2, side * side, channels]), $0.input("k", [2, side * side, channels]))
                    return try $0.attention(
                        shape.0, shape.1, $0.input("v", [2, side * side, channels]), headCount: 8)
                })
            cases.append(
                try BenchmarkCase("group norm + silu \(channels)@\(side), batch 2") {
                    try $0.activation(
                        $0.groupNorm(
                            $0.input("x", [2, side, side, channels]), "norm", groupCount: 32, epsilon: 1e-5), .silu)
                })
        }
        return cases
    }
}
