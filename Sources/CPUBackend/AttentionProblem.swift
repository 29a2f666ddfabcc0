/// softmax(q·kᵀ·scale)·v for each head: q [batch, queries, heads·d], k and v [batch, keys, heads·d] → y as q, dense.
struct AttentionProblem {
    /// Rows of floats, `stride` apart.
    struct Rows {
        let base: UnsafePointer<Float>
        let stride: Int

        subscript(row: Int) -> UnsafePointer<Float> { base + row * stride }
    }

    let batch: Int
    let headCount: Int
    let headWidth: Int
    let queries: Int
    let keys: Int
    let scale: Float
    let q: Rows
    let k: Rows
    let v: Rows
    let y: Values

    var width: Int { headCount * headWidth }
}
