import Graphs
import Tensors
import TestSupport
import Testing

/// A node that shape inference must refuse.
private struct Refusal: Sendable, CustomTestStringConvertible {
    let operation: Operation
    let inputs: [ValueInfo]
    /// Part of the rule in the error.
    let rule: String

    init(_ operation: Operation, _ shapes: [Shape], _ rule: String) {
        self.init(operation, infos: shapes.map { ValueInfo(shape: $0) }, rule)
    }

    init(_ operation: Operation, infos: [ValueInfo], _ rule: String) {
        self.operation = operation
        inputs = infos
        self.rule = rule
    }

    var testDescription: String { "\(operation) of \(inputs.map(\.shape))" }

    static let all: [Refusal] = [
        Refusal(.linear(Linear()), [[2, 4], [3, 5], [3]], "weight [out, in]"),
        Refusal(.linear(Linear()), [[2, 4], [3, 4], [4]], "bias is [out]"),
        Refusal(.linear(Linear()), [[2, 4], [3, 4]], "takes 3 inputs, not 2"),
        Refusal(.linear(Linear(hasBias: false)), [[], [3, 4]], "weight [out, in]"),
        Refusal(.linear(Linear(epilogue: .residual)), [[2, 4], [3, 4], [3], [3]], "the residual is shaped"),
        Refusal(
            .linear(Linear(epilogue: .gatedResidual)), [[2, 4], [3, 4], [3], [2, 3], [2, 3]], "the gate is [B, out]"),
        Refusal(.convolution2D(Convolution2D(padding: 0)), [[1, 4, 4, 3], [8, 2, 3, 3], [8]], "[out, in, k, k]"),
        Refusal(.convolution2D(Convolution2D(padding: 0)), [[1, 4, 4, 3], [8, 3, 3, 1], [8]], "[out, in, k, k]"),
        Refusal(.convolution2D(Convolution2D(padding: 0)), [[1, 4, 4, 3], [8, 3, 0, 0], [8]], "[out, in, k, k]"),
        Refusal(.convolution2D(Convolution2D(padding: 0)), [[1, 2, 4, 3], [8, 3, 3, 3], [8]], "smaller than"),
        Refusal(.convolution2D(Convolution2D(stride: 0, padding: 1)), [[1, 4, 4, 3], [8, 3, 3, 3], [8]], "stride"),
        Refusal(
            .convolution2D(Convolution2D(padding: 1, hasResidual: true)),
            [[1, 4, 4, 3], [8, 3, 3, 3], [8], [1, 4, 4, 3]], "the residual is shaped"),
        Refusal(.attention(Attention(headCount: 3, scale: 1)), [[1, 2, 8], [1, 3, 8], [1, 3, 8]], "do not divide"),
        Refusal(.attention(Attention(headCount: 0, scale: 1)), [[1, 2, 8], [1, 3, 8], [1, 3, 8]], "do not divide"),
        Refusal(.attention(Attention(headCount: 2, scale: 1)), [[1, 2, 8], [1, 3, 8], [1, 4, 8]], "k and v are"),
        Refusal(.attention(Attention(headCount: 2, scale: 1)), [[2, 2, 8], [1, 3, 8], [1, 3, 8]], "share batch"),
        Refusal(.layerNorm(LayerNorm(epsilon: 0, isAffine: true)), [[2, 4], [4], [3]], "weight and bias are [D]"),
        Refusal(
            .layerNorm(LayerNorm(epsilon: 0, isAffine: false, isModulated: true)), [[2, 3, 4], [3, 4], [2, 4]],
            "shift and scale are [B, D]"),
        Refusal(.rmsNorm(RMSNorm(epsilon: 0)), [[2, 4], [2]], "weight is [D]"),
        Refusal(.rmsNorm(RMSNorm(epsilon: 0)), [[], [1]], "weight is [D]"),
        Refusal(.groupNorm(GroupNorm(groupCount: 3, epsilon: 0)), [[1, 2, 2, 4], [4], [4]], "do not divide"),
        Refusal(.groupNorm(GroupNorm(groupCount: 2, epsilon: 0)), [[2, 2, 4], [4], [4]], "x is [B, H, W, C]"),
        Refusal(.modulate, [[2, 4], [2, 4], [2, 4]], "x is [B, T, D]"),
        Refusal(.activation(.silu), [[2], [2]], "takes 1 inputs, not 2"),
        Refusal(.add, [[4], [2, 4]], "cannot be broadcast"),
        Refusal(.multiply, [[2, 4], [2]], "cannot be broadcast"),
        Refusal(.concatenate(axis: 0), [[2]], "two or more"),
        Refusal(.concatenate(axis: 1), [[2, 4], [3, 4]], "differ outside axis 1"),
        Refusal(.concatenate(axis: 0), [[2, 4], [4]], "differ outside axis 0"),
        Refusal(.concatenate(axis: 2), [[2, 4], [2, 4]], "there is no axis 2"),
        Refusal(.slice(axis: 0, start: 1, count: 2), [[2]], "is not a range"),
        Refusal(.slice(axis: 0, start: -1, count: 1), [[2]], "is not a range"),
        Refusal(.slice(axis: 0, start: 0, count: 0), [[2]], "is not a range"),
        Refusal(.slice(axis: 0, start: .max, count: 1), [[2]], "is not a range"),
        Refusal(.slice(axis: -1, start: 0, count: 1), [[2]], "there is no axis -1"),
        Refusal(.reshape([3, 2]), [[7]], "another number of elements"),
        Refusal(.transpose(permutation: [0, 0]), [[2, 3]], "is no permutation"),
        Refusal(.transpose(permutation: [1, 2]), [[2, 3]], "is no permutation"),
        Refusal(.upsampleNearest(factor: 0), [[1, 2, 2, 1]], "factor positive"),
        Refusal(.upsampleNearest(factor: 2), [[2, 2, 1]], "x is [B, H, W, C]"),
        Refusal(.embedding, infos: [ValueInfo(shape: [5, 2]), ValueInfo(shape: [3])], "input 1 is int32"),
        Refusal(
            .embedding, infos: [ValueInfo(shape: [5]), ValueInfo(shape: [3], elementType: .int32)], "table is [V, D]"),
        Refusal(
            .add, infos: [ValueInfo(shape: [3], elementType: .int32), ValueInfo(shape: [3])], "input 0 is float32"),
        Refusal(.timestepEmbedding(TimestepEmbedding(dimension: 3)), [[2]], "dimension even"),
        Refusal(.timestepEmbedding(TimestepEmbedding(dimension: 4)), [[2, 1]], "t is [B]"),
        Refusal(.rotary(axisCount: 2), [[1, 3, 1, 6], [3, 3], [3, 3]], "multiple of 2·2"),
        Refusal(.rotary(axisCount: 1), [[1, 3, 1, 6], [3, 6], [3, 6]], "[T, d/2]"),
        Refusal(.rotary(axisCount: 0), [[1, 3, 1, 6], [3, 3], [3, 3]], "multiple"),
        Refusal(.mean(axis: 1), [[3]], "there is no axis 1"),
    ]
}

@Suite struct GraphBuilderTests {
    @Test(arguments: Refusal.all)
    private func misfitIsAShapeErrorThatNamesTheRule(_ refusal: Refusal) throws {
        let error = try #require(throws: ShapeError.self) {
            try refusal.operation.result(of: refusal.inputs, node: "blocks.0.x")
        }
        #expect(error.node == "blocks.0.x")
        #expect(error.operation == refusal.operation.kind)
        #expect(error.inputs == refusal.inputs.map(\.shape))
        #expect(error.rule.contains(refusal.rule), "\(error)")
    }

    @Test func compositesRefuseWhatDoesNotDivide() throws {
        var builder = GraphBuilder()
        let picture = builder.input("picture", [1, 5, 4, 3])
        let tokens = builder.input("tokens", [1, 6, 12])
        #expect(throws: ShapeError.self) { try builder.patchify(picture, size: 2) }
        #expect(throws: ShapeError.self) { try builder.patchify(picture, size: 0) }
        #expect(throws: ShapeError.self) { try builder.unpatchify(tokens, size: 2, height: 4, width: 4) }
        #expect(throws: ShapeError.self) { try builder.unpatchify(tokens, size: 2, height: 5, width: 7) }
        #expect(throws: ShapeError.self) { try builder.unpatchify(tokens, size: 0, height: 4, width: 6) }
        #expect(throws: ShapeError.self) { try builder.pixelShuffle(picture, factor: 2) }
        #expect(throws: ShapeError.self) { try builder.split(tokens, axis: 2, parts: 5) }
        #expect(throws: ShapeError.self) { try builder.split(tokens, axis: 3, parts: 1) }
        #expect(throws: ShapeError.self) { try builder.split(tokens, axis: 2, parts: 0) }
        #expect(throws: ShapeError.self) { try builder.linear(builder.input("scalar", []), "fc", outputs: 2) }
    }

    @Test func unpatchifyIsTheInverseOfPatchify() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [2, 4, 6, 3])
        let tokens = try builder.patchify(x, size: 2)
        #expect(builder.shape(of: tokens) == [2, 6, 12])
        builder.output("y", try builder.unpatchify(tokens, size: 2, height: 4, width: 6))
        let program = try ReferenceBackend().compile(builder.graph, parameters: DictionaryParameters())
        var generator = SeededGenerator(seed: 1)
        let picture = Tensor.normal([2, 4, 6, 3], using: &generator)
        #expect(try program.run(["x": picture])["y"]?.floats() == picture.floats())
    }

    @Test func splitGivesEqualPartsInOrder() throws {
        var builder = GraphBuilder()
        let parts = try builder.split(builder.input("x", [1, 6]), axis: 1, parts: 3)
        for (index, part) in parts.enumerated() { builder.output("\(index)", part) }
        let program = try ReferenceBackend().compile(builder.graph, parameters: DictionaryParameters())
        let outputs = try program.run(["x": Tensor([1, 6], [1, 2, 3, 4, 5, 6] as [Float])])
        #expect(outputs.mapValues { $0.floats() } == ["0": [1, 2], "1": [3, 4], "2": [5, 6]])
    }

    @Test func parameterNamesFollowTheScopes() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [1, 4])
        let y = try builder.scoped(to: "blocks.0") { builder throws(ShapeError) in
            try builder.scoped(to: "attention") { builder throws(ShapeError) in
                try builder.linear(x, "qkv", outputs: 12)
            }
        }
        _ = try builder.linear(y, "proj", outputs: 4)
        #expect(
            builder.graph.parameters.map(\.name) == [
                "blocks.0.attention.qkv.weight", "blocks.0.attention.qkv.bias", "proj.weight", "proj.bias",
            ])
        #expect(builder.graph.nodes.map(\.name) == ["blocks.0.attention.qkv", "proj"])
    }

    @Test func sharedParameterIsDeclaredOnceAndHasOneShape() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [1, 4])
        let first = try builder.rmsNorm(x, "norm", epsilon: 1e-6)
        _ = try builder.rmsNorm(first, "norm", epsilon: 1e-6)
        #expect(builder.graph.parameters.count == 1)
        #expect(throws: ShapeError.self) {
            try builder.rmsNorm(builder.input("y", [1, 5]), "norm", epsilon: 1e-6)
        }
    }
}
