import COneDNN
import Tensors

/// What attention multiplies for one head: a block of query rows with its keys, and the weights that come of it with its values,
/// in bfloat16; and the copies that pack keys and values for that. All are made for one thread.
struct OneDNNAttentionProducts {
    let rows, keys, width: Int
    /// The width, filled up with zeros to whole tiles: a product over 40 factors takes three times as long as one over 64.
    let inner: Int
    let packKeys: OneDNNPrimitive
    let packValues: OneDNNPrimitive
    /// [rows, inner] · packed keys → [rows, keys] float32
    let scores: OneDNNPrimitive
    /// [rows, keys] · packed values → [rows, width] float32
    let means: OneDNNPrimitive

    init(_ problem: AttentionProblem, rows: Int, _ engine: OneDNNEngine) throws(CPUBackendError) {
        (self.rows, keys, width) = (rows, problem.keys, problem.headWidth)
        inner = (width + 31) / 32 * 32
        scores = try OneDNNProvider.makeProduct(
            .init(rows: rows, inner: inner, width: keys, precision: .bfloat16, result: .float32), engine)
        means = try OneDNNProvider.makeProduct(
            .init(rows: rows, inner: keys, width: width, precision: .bfloat16, result: .float32), engine)
        // The packed layout with fewer rows than it has room for: the library fills up what it copies with zeros.
        var packed = scores.layout(dnnl_query_weights_md)
        packed.descriptor.dims.0 = Int64(width)
        packKeys = try OneDNNPrimitive(
            reorderFrom: OneDNNLayout([width, keys], strides: [1, problem.k.stride]), to: packed, OneDNNAttributes(),
            engine)
        packValues = try OneDNNPrimitive(
            reorderFrom: OneDNNLayout([keys, width], strides: [problem.v.stride, 1]),
            to: means.layout(dnnl_query_weights_md), OneDNNAttributes(), engine)
    }

    var all: [OneDNNPrimitive] { [packKeys, packValues, scores, means] }

    /// Of one head's keys and values.
    var packedByteCount: Int { packedKeyByteCount + AlignedMemory.lines(means.layout(dnnl_query_weights_md).byteCount) }
    /// Where the values begin behind the keys.
    var packedKeyByteCount: Int { AlignedMemory.lines(scores.layout(dnnl_query_weights_md).byteCount) }
}
