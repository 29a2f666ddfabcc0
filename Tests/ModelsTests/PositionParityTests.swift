import Graphs
import Tensors
import TestSupport
import Testing

@testable import Models

/// First rung: single operations as the models use them, each a graph of one layer.
@Suite struct OperationParityTests {
    /// Runs a graph on `input` and compares its only output with that of a case of the fixtures.
    private func check(
        _ name: String, on backend: ParityBackend, bound: Double = ParityBound.operation,
        inputs: [String] = ["input"], parameters: [String: String] = [:], as shape: Shape? = nil,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ build: (inout GraphBuilder, [ValueID]) throws -> ValueID
    ) throws {
        let fixtures = try Fixtures.ops()
        var builder = GraphBuilder()
        var tensors: [String: Tensor] = [:]
        var values: [ValueID] = []
        for input in inputs {
            let tensor = try fixtures["\(name).\(input)"]
            tensors[input] = tensor
            values.append(builder.input(input, tensor.shape))
        }
        builder.output("output", try build(&builder, values))
        let weights = try parameters.mapValues { try fixtures["\(name).\($0)"] }
        let executable = try backend.backend.compile(builder.graph, parameters: DictionaryParameters(weights))
        let found = try executable.run(tensors)["output"]
        expectClose(
            found, try fixtures["\(name).output"], bound: bound, name, sourceLocation: sourceLocation)
    }

    private static let layer = ["layer.weight": "weight", "layer.bias": "bias"]

    @Test(arguments: ParityBackend.all)
    func layersAreThoseOfPyTorch(backend: ParityBackend) throws {
        try check("linear", on: backend, parameters: Self.layer) { try $0.linear($1[0], "layer", outputs: 7) }
        try check("conv3x3", on: backend, parameters: Self.layer) {
            try $0.convolution2D($1[0], "layer", outputs: 3, kernel: 3, padding: 1)
        }
        try check("rmsNorm", on: backend, parameters: ["layer.weight": "weight"]) {
            try $0.rmsNorm($1[0], "layer", epsilon: 1e-6)
        }
        try check("layerNorm", on: backend, parameters: Self.layer) {
            try $0.layerNorm($1[0], "layer", epsilon: 1e-5)
        }
        try check("modulatedNorm", on: backend, inputs: ["input", "shift", "scale"]) { builder, inputs in
            try builder.modulate(
                builder.layerNorm(inputs[0], epsilon: 1e-6), shift: builder.reshape(inputs[1], [2, 12]),
                scale: builder.reshape(inputs[2], [2, 12]))
        }
    }

    @Test(arguments: ParityBackend.all)
    func functionsAreThoseOfPyTorch(backend: ParityBackend) throws {
        try check("gelu", on: backend) { try $0.activation($1[0], .geluTanh) }
        try check("silu", on: backend) { try $0.activation($1[0], .silu) }
        try check("timestepEmbedding", on: backend, bound: ParityBound.timestepEmbedding) {
            try $0.timestepEmbedding($1[0], dimension: 256)
        }
        try check("attention", on: backend, inputs: ["q", "k", "v"]) { builder, inputs in
            // [batch, head, token, D] → [batch, token, head·D] and back
            let flat = try inputs.map { input in
                let shape = builder.shape(of: input)
                return try builder.reshape(
                    builder.transpose(input, [0, 2, 1, 3]), [shape[0], shape[2], shape[1] * shape[3]])
            }
            let result = try builder.attention(flat[0], flat[1], flat[2], headCount: 2)
            return try builder.transpose(builder.reshape(result, [2, 5, 2, 8]), [0, 2, 1, 3])
        }
    }

    @Test(arguments: ParityBackend.all)
    func layoutsAreThoseOfPyTorch(backend: ParityBackend) throws {
        try check("patchify", on: backend, bound: 0) { try $0.patchify($1[0], size: 2) }
        try check("unpatchify", on: backend, bound: 0) { try $0.unpatchify($1[0], size: 2, height: 4, width: 6) }
        try check("pixelShuffle", on: backend, bound: 0) { try $0.pixelShuffle($1[0], factor: 2) }
        try check("upsample", on: backend, bound: 0) { try $0.upsampleNearest($1[0], factor: 2) }
    }

    @Test(arguments: ParityBackend.all)
    func rotaryPositionsAreThoseOfPyTorch(backend: ParityBackend) throws {
        let angles = TokenGrid(rowCount: 3, columnCount: 5).rotations(headWidth: 8)
        try check("rotary", on: backend) { builder, inputs in
            // [batch, head, token, D] → [batch, token, head, D] and back
            let rotated = try builder.rotary(
                builder.transpose(inputs[0], [0, 2, 1, 3]), cosine: builder.constant(angles.cosine),
                sine: builder.constant(angles.sine), axisCount: 2)
            return try builder.transpose(rotated, [0, 2, 1, 3])
        }
    }

    @Test func fixedPositionsAreThoseOfPyTorch() throws {
        expectClose(
            TokenGrid(rowCount: 3, columnCount: 5).sinusoids(width: 16),
            try Fixtures.ops()["positionEmbedding.output"], bound: ParityBound.operation)
    }
}
