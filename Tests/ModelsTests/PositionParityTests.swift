import Graphs
import Tensors
import TestSupport
import Testing

@testable import Models

/// Positions of a picture's tokens beside those of PyTorch.
///
/// Single operations are held to PyTorch's by `BackendConformanceTests`, whole models by `ModelParityTests`.
@Suite struct PositionParityTests {
    @Test(arguments: try ParityBackend.all.get())
    func rotaryPositionsAreThoseOfPyTorch(backend: ParityBackend) throws {
        let fixtures = try Fixtures.ops()
        let angles = TokenGrid(rowCount: 3, columnCount: 5).rotations(headWidth: 8)
        let x = try fixtures["rotary.input"]  // [batch, head, token, D]
        var builder = GraphBuilder()
        let rotated = try builder.rotary(
            builder.transpose(builder.input("input", x.shape), [0, 2, 1, 3]), cosine: builder.constant(angles.cosine),
            sine: builder.constant(angles.sine), axisCount: 2)
        builder.output("output", try builder.transpose(rotated, [0, 2, 1, 3]))
        let found = try backend.backend.compile(builder.graph, parameters: DictionaryParameters()).run(["input": x])
        expectClose(found["output"], try fixtures["rotary.output"], bound: ParityBound.operation)
    }

    @Test func fixedPositionsAreThoseOfPyTorch() throws {
        expectClose(
            TokenGrid(rowCount: 3, columnCount: 5).sinusoids(width: 16),
            try Fixtures.ops()["positionEmbedding.output"], bound: ParityBound.operation)
    }
}
