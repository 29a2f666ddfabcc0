import Graphs
import Tensors
import TestSupport
import Testing

/// The reference against numbers worked out by hand: it is the measure of all others, so its own must come from
/// outside.
@Suite struct ReferenceKernelTests {
    /// Runs one operation on inputs given as shape and values.
    private func run(_ operation: Operation, _ inputs: [(Shape, [Float])]) throws -> [Float] {
        var builder = GraphBuilder()
        var (values, tensors): ([ValueID], [String: Tensor]) = ([], [:])
        for (index, (shape, elements)) in inputs.enumerated() {
            values.append(builder.input("x\(index)", shape))
            tensors["x\(index)"] = Tensor(shape, elements)
        }
        builder.output("y", try builder.node(operation, values))
        let program = try ReferenceBackend().compile(builder.graph, parameters: DictionaryParameters())
        return try #require(try program.run(tensors)["y"]).floats()
    }

    private func expectNear(
        _ found: [Float], _ expected: [Float], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        // Expected values are written with seven digits.
        expectClose(
            Tensor([found.count], found), Tensor([expected.count], expected), bound: 1e-12,
            sourceLocation: sourceLocation)
    }

    @Test func linearMultipliesByTheTransposedWeight() throws {
        // [1 2 3]·[1 0 −1; 2 1 0]ᵀ + [10 20]
        let y = try run(.linear(Linear()), [([1, 3], [1, 2, 3]), ([2, 3], [1, 0, -1, 2, 1, 0]), ([2], [10, 20])])
        #expect(y == [8, 24])
    }

    @Test func gateStandsBetweenActivationAndResidual() throws {
        let linear = Linear(hasBias: false, activation: .silu, epilogue: .gatedResidual)
        let y = try run(
            .linear(linear),
            // Two batches of two tokens of one channel; weight 1.
            [
                ([2, 2, 1], [0, 1, 0, 1]), ([1, 1], [1]), ([2, 2, 1], [100, 200, 300, 400]),
                ([2, 1], [10, -10]),
            ])
        expectNear(y, [100, 207.310586, 300, 392.689414])  // silu(1) = 0.7310586
    }

    @Test func residualComesAfterTheActivation() throws {
        let linear = Linear(hasBias: false, activation: .silu, epilogue: .residual)
        expectNear(try run(.linear(linear), [([1], [1]), ([1, 1], [1]), ([1], [-1])]), [-0.2689414])
    }

    @Test func convolutionIsACrossCorrelationWithZerosAround() throws {
        // A kernel that picks the right neighbour, twice the lower, and a bias.
        let kernel: [Float] = [0, 0, 0, 0, 0, 1, 0, 2, 0]
        let y = try run(
            .convolution2D(Convolution2D(padding: 1)),
            [([1, 2, 2, 1], [1, 2, 3, 4]), ([1, 1, 3, 3], kernel), ([1], [0.5])])
        #expect(y == [8.5, 8.5, 4.5, 0.5])
    }

    @Test func strideSkipsRowsAndColumns() throws {
        let y = try run(
            .convolution2D(Convolution2D(stride: 2, padding: 0, hasBias: false)),
            [([1, 3, 3, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9]), ([1, 1, 1, 1], [1])])
        #expect(y == [1, 3, 7, 9])
    }

    @Test func convolutionWeightIsOutputInputRowColumn() throws {
        // Two channels in, two out, one pixel: the plain matrix product.
        let y = try run(
            .convolution2D(Convolution2D(padding: 0, hasBias: false)),
            [([1, 1, 1, 2], [1, 10]), ([2, 2, 1, 1], [1, 2, 3, 4])])
        #expect(y == [21, 43])
    }

    @Test func attentionWeighsValuesBySoftmax() throws {
        // One query against keys 0 and ln 3: weights ¼ and ¾. Two heads, the second attends evenly.
        let y = try run(
            .attention(Attention(headCount: 2, scale: 1)),
            [([1, 1, 2], [1, 0]), ([1, 2, 2], [0, 5, 1.0986123, 7]), ([1, 2, 2], [4, 10, 8, 20])])
        expectNear(y, [7, 15])
    }

    @Test func layerNormTakesOutMeanAndDeviation() throws {
        let x: (Shape, [Float]) = ([1, 2], [1, 3])
        let plain = LayerNorm(epsilon: 0, isAffine: false)
        #expect(try run(.layerNorm(plain), [x]) == [-1, 1])
        let affine = LayerNorm(epsilon: 0, isAffine: true)
        #expect(try run(.layerNorm(affine), [x, ([2], [2, 3]), ([2], [10, 20])]) == [8, 23])
        let withEpsilon = LayerNorm(epsilon: 3, isAffine: false)
        #expect(try run(.layerNorm(withEpsilon), [x]) == [-0.5, 0.5])
    }

    @Test func modulationIsOnePlusScale() throws {
        let norm = LayerNorm(epsilon: 0, isAffine: false, isModulated: true)
        let inputs: [(Shape, [Float])] = [([1, 1, 2], [1, 3]), ([1, 2], [10, 20]), ([1, 2], [1, 2])]
        #expect(try run(.layerNorm(norm), inputs) == [8, 23])
        #expect(try run(.modulate, inputs) == [12, 29])
    }

    @Test func rmsNormKeepsTheMean() throws {
        // √(mean(9, 16) + 0) = 3.5355339
        expectNear(
            try run(.rmsNorm(RMSNorm(epsilon: 0)), [([1, 2], [3, 4]), ([2], [1, 10])]), [0.8485281, 11.3137085])
    }

    @Test func groupNormSpansPixelsOfOnePicture() throws {
        // Channels in two groups of one; two pixels; the second picture is constant.
        let y = try run(
            .groupNorm(GroupNorm(groupCount: 2, epsilon: 1e-6)),
            [([2, 1, 2, 2], [1, 10, 3, 30, 5, 5, 5, 5]), ([2], [1, 2]), ([2], [0, 7])])
        let one = Float(1 / 1.000001.squareRoot())
        expectNear(y, [-one, 5, one, 9, 0, 7, 0, 7])
    }

    @Test func activationsHaveTheirKnownValues() throws {
        // From their definitions with Φ(1) = 0.8413447 and tanh's argument 0.7978846·1.044715.
        let x: (Shape, [Float]) = ([3], [1, -1, 0])
        expectNear(try run(.activation(.silu), [x]), [0.7310586, -0.2689414, 0])
        expectNear(try run(.activation(.gelu), [x]), [0.8413447, -0.1586553, 0])
        expectNear(try run(.activation(.geluTanh), [x]), [0.8411920, -0.1588080, 0])
        expectNear(try run(.activation(.geluSigmoid), [x]), [0.8457957, -0.1542043, 0])
    }

    @Test func smallerOperandIsBroadcast() throws {
        let a: (Shape, [Float]) = ([2, 2], [1, 2, 3, 4])
        #expect(try run(.add, [a, ([2], [10, 20])]) == [11, 22, 13, 24])
        #expect(try run(.multiply, [a, ([2, 1], [10, 100])]) == [10, 20, 300, 400])
        #expect(try run(.add, [a, ([], [5])]) == [6, 7, 8, 9])
    }

    @Test func layoutOperationsMoveElements() throws {
        let x: (Shape, [Float]) = ([2, 3], [1, 2, 3, 4, 5, 6])
        #expect(try run(.transpose(permutation: [1, 0]), [x]) == [1, 4, 2, 5, 3, 6])
        #expect(try run(.slice(axis: 1, start: 1, count: 2), [x]) == [2, 3, 5, 6])
        #expect(try run(.concatenate(axis: 1), [x, ([2, 1], [7, 8])]) == [1, 2, 3, 7, 4, 5, 6, 8])
        #expect(try run(.mean(axis: 0), [x]) == [2.5, 3.5, 4.5])
        #expect(try run(.mean(axis: 1), [x]) == [2, 5])
        #expect(try run(.reshape([3, 2]), [x]) == x.1)
        #expect(try run(.upsampleNearest(factor: 2), [([1, 1, 2, 1], [1, 2])]) == [1, 1, 2, 2, 1, 1, 2, 2])
    }

    @Test func timestepEmbeddingIsCosineThenSine() throws {
        // Period 4, dimension 4: frequencies 1 and ½; t = π.
        let embedding = TimestepEmbedding(dimension: 4, period: 4)
        let y = try run(.timestepEmbedding(embedding), [([1], [Float.pi])])
        for (found, expected) in zip(y, [-1, 0, 0, 1] as [Float]) { #expect(abs(found - expected) < 1e-6) }
    }

    @Test func rotaryTurnsPairsHalfAPartAway() throws {
        // A quarter turn of every first pair, none of the second, in two parts of four.
        let x: (Shape, [Float]) = ([1, 1, 1, 8], [1, 2, 3, 4, 5, 6, 7, 8])
        let y = try run(.rotary(axisCount: 2), [x, ([1, 4], [0, 1, 0, 1]), ([1, 4], [1, 0, 1, 0])])
        #expect(y == [-3, 2, 1, 4, -7, 6, 5, 8])
    }

    @Test func embeddingGivesRowsInOrder() throws {
        var builder = GraphBuilder()
        let ids = builder.input("ids", [3], .int32)
        builder.output("y", try builder.embedding(ids, "table", count: 2, width: 2))
        let parameters = DictionaryParameters(["table.weight": Tensor([2, 2], [1, 2, 3, 4] as [Float])])
        let program = try ReferenceBackend().compile(builder.graph, parameters: parameters)
        #expect(try program.run(["ids": Tensor([3], [Int32(1), 0, 1])])["y"]?.floats() == [3, 4, 1, 2, 3, 4])
    }

    @Test func inputThatIsAnOutputPassesThrough() throws {
        var builder = GraphBuilder()
        let ids = builder.input("ids", [2], .int32)
        builder.output("same", ids)
        let program = try ReferenceBackend().compile(builder.graph, parameters: DictionaryParameters())
        #expect(try program.run(["ids": Tensor([2], [Int32.max, -1])])["same"]?.int32s() == [.max, -1])
    }
}
