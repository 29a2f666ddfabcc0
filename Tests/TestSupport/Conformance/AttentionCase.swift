public import Graphs
import Tensors

public struct AttentionCase: OpCase {
    let batch: Int
    let queries: Int
    let keys: Int
    let heads: Int
    let headWidth: Int
    /// How much larger than usual the scores are.
    var sharpness: Float = 1
    /// Keys of a second stretch.
    var more: Int?

    public var label: String {
        "attention of \(queries) over \(keys), batch \(batch), \(heads) heads of \(headWidth)"
            + (sharpness == 1 ? "" : ", scores ×\(sharpness)") + (more.map { ", \($0) keys more" } ?? "")
    }

    /// An error ε in a score changes its weight by a factor 1 + ε. Scores are sums of magnitude `sharpness`, up
    /// to four times that at the far ends, with an error of a few u: (4·4·30·6·10⁻⁸)² ≈ 8·10⁻¹⁰ at ×30.
    public var bound: Double { sharpness == 1 ? Float32Bound.arithmetic : 1e-9 }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        let width = heads * headWidth
        let q = builder.input("q", [batch, queries, width])
        let k = builder.input("k", [batch, keys, width])
        let v = builder.input("v", [batch, keys, width])
        let scale = sharpness / Float(headWidth).squareRoot()
        let rest = more.map { count in ["more k", "more v"].map { builder.input($0, [batch, count, width]) } }
        let attention = Attention(headCount: heads, scale: scale, hasMoreKeys: more != nil)
        return try builder.node(.attention(attention), [q, k, v] + (rest ?? []))
    }

    public static let all = [
        AttentionCase(batch: 1, queries: 1, keys: 1, heads: 1, headWidth: 1),
        AttentionCase(batch: 1, queries: 16, keys: 16, heads: 4, headWidth: 8),
        AttentionCase(batch: 2, queries: 9, keys: 33, heads: 4, headWidth: 16),
        AttentionCase(batch: 3, queries: 5, keys: 2, heads: 3, headWidth: 5),
        AttentionCase(batch: 1, queries: 1, keys: 24, heads: 2, headWidth: 64),
        AttentionCase(batch: 2, queries: 37, keys: 1, heads: 2, headWidth: 4),
        AttentionCase(batch: 1, queries: 67, keys: 91, heads: 1, headWidth: 32),
        AttentionCase(batch: 1, queries: 19, keys: 45, heads: 2, headWidth: 40),
        AttentionCase(batch: 2, queries: 8, keys: 12, heads: 2, headWidth: 16, sharpness: 30),
        AttentionCase(batch: 1, queries: 1, keys: 1, heads: 1, headWidth: 1, more: 1),
        AttentionCase(batch: 2, queries: 21, keys: 16, heads: 2, headWidth: 16, more: 9),
        AttentionCase(batch: 2, queries: 7, keys: 33, heads: 3, headWidth: 8, more: 40),
        AttentionCase(batch: 2, queries: 5, keys: 3, heads: 2, headWidth: 5, more: 35),
        AttentionCase(batch: 1, queries: 70, keys: 32, heads: 1, headWidth: 40, more: 24),
    ]
}
