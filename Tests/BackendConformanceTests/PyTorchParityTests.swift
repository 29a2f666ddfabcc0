import Graphs
import Tensors
import TestSupport
import Testing

/// One operation with the result that PyTorch computed in float32; `Tests/Fixtures/ops.safetensors`, made by
/// `python -m underpaint_training fixtures`.
struct ParityCase: Sendable, CustomTestStringConvertible {
    /// The case's name in the file.
    let name: String
    /// Names of the tensors that are inputs, in the order that `build` takes them.
    var inputs = ["input"]
    /// PyTorch rounds as any float32 backend does.
    var bound = Float32Bound.arithmetic
    let build: @Sendable (inout GraphBuilder, [ValueID]) throws -> ValueID

    var testDescription: String { name }

    static let all: [ParityCase] = [
        ParityCase(name: "linear", inputs: ["input", "weight", "bias"]) { try $0.node(.linear(Linear()), $1) },
        ParityCase(name: "conv3x3", inputs: ["input", "weight", "bias"]) {
            try $0.node(.convolution2D(Convolution2D(padding: 1)), $1)
        },
        ParityCase(name: "rmsNorm", inputs: ["input", "weight"]) { try $0.node(.rmsNorm(RMSNorm(epsilon: 1e-6)), $1) },
        ParityCase(name: "layerNorm", inputs: ["input", "weight", "bias"]) {
            try $0.node(.layerNorm(LayerNorm(epsilon: 1e-5, isAffine: true)), $1)
        },
        ParityCase(name: "modulatedNorm", inputs: ["input", "shift", "scale"]) { builder, values in
            let shape = builder.shape(of: values[0])
            let rows = try values[1...].map { try builder.reshape($0, [shape[0], shape[2]]) }
            let norm = LayerNorm(epsilon: 1e-6, isAffine: false, isModulated: true)
            return try builder.node(.layerNorm(norm), [values[0]] + rows)
        },
        ParityCase(name: "silu") { try $0.activation($1[0], .silu) },
        ParityCase(name: "gelu") { try $0.activation($1[0], .geluTanh) },
        ParityCase(name: "attention", inputs: ["q", "k", "v"]) { builder, values in
            let heads = builder.shape(of: values[0])[1]
            let joined = try values.map { try joinedHeads($0, &builder) }
            let result = try builder.attention(joined[0], joined[1], joined[2], headCount: heads)
            return try separateHeads(result, heads, &builder)
        },
        // Angles reach 1000: see TimestepEmbeddingCase.
        ParityCase(name: "timestepEmbedding", bound: 2e-10) { try $0.timestepEmbedding($1[0], dimension: 256) },
        ParityCase(name: "upsample", bound: 0) { try $0.upsampleNearest($1[0], factor: 2) },
        ParityCase(name: "pixelShuffle", bound: 0) { try $0.pixelShuffle($1[0], factor: 2) },
        ParityCase(name: "patchify", bound: 0) { try $0.patchify($1[0], size: 2) },
        ParityCase(name: "unpatchify", bound: 0) { try $0.unpatchify($1[0], size: 2, height: 4, width: 6) },
    ]
}

/// [B, heads, T, d] → [B, T, heads·d]
private func joinedHeads(_ x: ValueID, _ builder: inout GraphBuilder) throws -> ValueID {
    let shape = builder.shape(of: x)
    let turned = try builder.transpose(x, [0, 2, 1, 3])
    return try builder.reshape(turned, [shape[0], shape[2], shape[1] * shape[3]])
}

/// [B, T, heads·d] → [B, heads, T, d]
private func separateHeads(_ x: ValueID, _ heads: Int, _ builder: inout GraphBuilder) throws -> ValueID {
    let shape = builder.shape(of: x)
    let split = try builder.reshape(x, [shape[0], shape[1], heads, shape[2] / heads])
    return try builder.transpose(split, [0, 2, 1, 3])
}

@Suite struct PyTorchParityTests {
    @Test(arguments: BackendUnderTest.all.filter { $0.storage == StorageUnderTest() }, ParityCase.all)
    func operationMatchesPyTorch(_ backend: BackendUnderTest, _ parityCase: ParityCase) throws {
        let file = try Fixtures.load("ops")
        var builder = GraphBuilder()
        var (values, tensors): ([ValueID], [String: Tensor]) = ([], [:])
        for name in parityCase.inputs {
            let tensor = try file.tensor("\(parityCase.name).\(name)")
            values.append(builder.input(name, tensor.shape))
            tensors[name] = tensor
        }
        builder.output("output", try parityCase.build(&builder, values))
        let program = try backend.backend.compile(builder.graph, parameters: DictionaryParameters())
        let found = try program.run(tensors)["output"]
        expectClose(found, try file.tensor("\(parityCase.name).output"), bound: parityCase.bound)
    }

    /// Two axes of rotation, y and x, as the DiT turns its image tokens.
    @Test(arguments: BackendUnderTest.all)
    func rotaryMatchesPyTorch(_ backend: BackendUnderTest) throws {
        let file = try Fixtures.load("ops")
        let (x, angles) = (try file.tensor("rotary.input"), try file.tensor("rotary.angles"))
        var builder = GraphBuilder()
        let input = builder.input("input", x.shape)
        let turned = try builder.rotary(
            builder.transpose(input, [0, 2, 1, 3]),
            cosine: builder.constant(Tensor(angles.shape, angles.floats().map { Float(cosine(Double($0))) })),
            sine: builder.constant(Tensor(angles.shape, angles.floats().map { Float(sine(Double($0))) })),
            axisCount: 2)
        builder.output("output", try builder.transpose(turned, [0, 2, 1, 3]))
        let program = try backend.backend.compile(builder.graph, parameters: DictionaryParameters())
        expectClose(
            try program.run(["input": x])["output"], try file.tensor("rotary.output"),
            bound: Float32Bound.arithmetic)
    }
}
