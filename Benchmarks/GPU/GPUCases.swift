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
        let single = try BenchmarkCase.products() + large()
        return cases + single.map(amidOthers) + (try BenchmarkCase.rows())
    }

    /// Names of the nodes around the one that a case is about.
    static let surroundings: Set<String> = ["before", "after"]

    /// A case of one operation with a small one before and behind it: what it reads and writes is stored as inside a model then, and
    /// not in float32 as inputs and outputs of a graph are.
    private static func amidOthers(_ entry: BenchmarkCase) -> BenchmarkCase {
        var graph = entry.graph
        func newValue(like value: ValueID) -> ValueID {
            graph.values.append(graph[value])
            return ValueID(index: graph.values.count - 1)
        }
        for input in graph.inputs {
            let value = newValue(like: input.value)
            for index in graph.nodes.indices {
                graph.nodes[index].inputs = graph.nodes[index].inputs.map { $0 == input.value ? value : $0 }
            }
            graph.nodes.insert(
                Node(name: "before", operation: .activation(.silu), inputs: [input.value], output: value), at: 0)
        }
        // Of another shape, so that no pass joins the sum with what is before it.
        graph.values.append(ValueInfo(shape: [1]))
        let zero = ValueID(index: graph.values.count - 1)
        graph.constants.append(Constant(value: zero, tensor: Tensor([1], [0 as Float])))
        graph.outputs = graph.outputs.map { output in
            let value = newValue(like: output.value)
            graph.nodes.append(
                Node(name: "after", operation: .add, inputs: [output.value, zero], output: value))
            return NamedValue(name: output.name, value: value)
        }
        return BenchmarkCase(entry.name, graph)
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
