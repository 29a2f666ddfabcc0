public import Graphs
public import Tensors

public struct EmbeddingCase: OpCase {
    let rows: Int
    let width: Int
    let ids: Shape
    var stored = ElementType.float32

    public var label: String { "embedding [\(rows), \(width)] at \(ids)" + (stored == .float32 ? "" : ", \(stored)") }
    public var bound: Double { Float32Bound.exact }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.embedding(builder.input("ids", ids, .int32), "table", count: rows, width: width)
    }

    public func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor {
        guard name != "ids" else { return .ids(info.shape, below: rows, using: &generator) }
        return Tensor(info.shape, rounding: Tensor.normal(info.shape, using: &generator).floats(), to: stored)
    }

    public static let all = [
        EmbeddingCase(rows: 1, width: 1, ids: [1]), EmbeddingCase(rows: 50, width: 24, ids: [2, 24]),
        EmbeddingCase(rows: 7, width: 5, ids: [9]), EmbeddingCase(rows: 11, width: 8, ids: [3, 2], stored: .bfloat16),
    ]
}

public struct TimestepEmbeddingCase: OpCase {
    let times: [Float]
    let embedding: TimestepEmbedding

    public var label: String { "timestepEmbedding of \(times), dimension \(embedding.dimension)" }

    /// In float32 an angle t·f carries a relative error of about 2u from f and from the product. Squared and
    /// averaged over frequencies spread evenly in the logarithm between 1 and 10⁻⁴ (mean of f² is 0.054) against
    /// results of mean square ½: (1000·2u)²·0.054/0.5 = 1.5·10⁻⁹ at t = 1000.
    public var bound: Double { 2e-9 }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.node(.timestepEmbedding(embedding), [builder.input("t", [times.count])])
    }

    public func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor {
        Tensor(info.shape, times.map { $0 * Float(1 - 0.5 * generator.uniform()) })
    }

    public static let all = [
        TimestepEmbeddingCase(times: [1], embedding: TimestepEmbedding(dimension: 2)),
        TimestepEmbeddingCase(times: [1000, 0, 37.5], embedding: TimestepEmbedding(dimension: 256)),
        TimestepEmbeddingCase(times: [600, 0.25], embedding: TimestepEmbedding(dimension: 30, period: 100)),
    ]
}

public struct RotaryCase: OpCase {
    /// [B, T, heads, d]
    let x: Shape
    let axisCount: Int

    public var label: String { "rotary \(x), \(axisCount) axes" }

    /// Cosines and sines [T, d/2] of angles that are all different.
    static func tables(for x: Shape) -> (cosine: Tensor, sine: Tensor) {
        let angles = (0..<x[1] * x[3] / 2).map { 0.37 * Double($0) - 1 }
        let shape: Shape = [x[1], x[3] / 2]
        return (Tensor(shape, angles.map { Float(cosine($0)) }), Tensor(shape, angles.map { Float(sine($0)) }))
    }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        let tables = RotaryCase.tables(for: x)
        return try builder.rotary(
            builder.input("x", x), cosine: builder.constant(tables.cosine), sine: builder.constant(tables.sine),
            axisCount: axisCount)
    }

    public static let all = [
        RotaryCase(x: [1, 1, 1, 2], axisCount: 1), RotaryCase(x: [2, 5, 3, 8], axisCount: 1),
        RotaryCase(x: [2, 6, 4, 16], axisCount: 2), RotaryCase(x: [1, 3, 2, 12], axisCount: 3),
    ]
}
