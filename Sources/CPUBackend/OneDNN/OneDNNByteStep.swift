import CKernels
import COneDNN
import Tensors

/// A linear layer in bytes: each row of x is brought to 255 levels as it comes (one scale a row), the weights once (one scale a
/// row of theirs), sums are exact, and the scales are multiplied with the epilogue.
struct OneDNNByteStep: KernelStep {
    private let team: ck_team
    private var rounding: ck_round_args
    private let source: OneDNNMemory
    private var product: OneDNNStep
    private var finish: ck_finish_args
    /// Packed, with the scale and the sum of each row.
    private let weight: PackedWeight
    /// Of the bytes of x, and of their scales.
    private let byteCount: Int
    private let scaleByteCount: Int

    init(_ problem: LinearProblem, _ fixed: FixedWeight, _ provider: OneDNNProvider) throws(CPUBackendError) {
        team = provider.team
        let (rows, inner, width) = (problem.rows, problem.inner, problem.width)
        let primitive = try provider.product(
            OneDNNProvider.ProductKey(rows: rows, inner: inner, width: width, precision: .int8, result: .int32))
        let layout = primitive.layout(dnnl_query_weights_md)
        weight = try provider.weights.weight(of: fixed.tensor, as: layout) {
            [team] () throws(CPUBackendError) in
            let levels = AlignedMemory(byteCount: width * inner)
            let scales = AlignedMemory(floatCount: width)
            let sums = AlignedMemory(byteCount: width * MemoryLayout<Int32>.stride)
            ck_round(
                team,
                ck_round_args(
                    x: fixed.plain.floats, y: levels.base, zero: 0, scales: scales.floats,
                    sums: sums.base.assumingMemoryBound(to: Int32.self), rows: width, width: inner))
            let packed = try provider.packed(
                levels.base, OneDNNLayout([inner, width], dnnl_ba, dnnl_s8), as: layout)
            return [packed, scales, sums]
        }
        let (packed, scales, sums) = (weight.memories[0], weight.memories[1], weight.memories[2])

        source = try OneDNNMemory(primitive.layout(dnnl_query_src_md), provider.engine, nil)
        let result = try OneDNNMemory(primitive.layout(dnnl_query_dst_md), provider.engine, problem.y.base)
        product = try OneDNNStep(
            provider.engine,
            [
                .init(
                    primitive,
                    [
                        (DNNL_ARG_SRC, source),
                        (DNNL_ARG_WEIGHTS, try OneDNNMemory(layout, provider.engine, packed.base)),
                        (DNNL_ARG_DST, result),
                    ])
            ])
        rounding = ck_round_args(
            x: problem.x.floats, y: nil, zero: 128, scales: nil, sums: nil, rows: rows, width: inner)
        finish = problem.epilogue.finish(problem.y.floats, rows: rows, width: width)
        finish.column_scales = UnsafePointer(scales.floats)
        finish.column_sums = UnsafePointer(sums.base.assumingMemoryBound(to: Int32.self))
        byteCount = AlignedMemory.lines(rows * inner)
        scaleByteCount = AlignedMemory.lines(rows * MemoryLayout<Float>.stride)
    }

    /// The bytes of x, their scales, and what the product needs.
    var scratchByteCount: Int { byteCount + scaleByteCount + product.scratchByteCount }

    mutating func bind(scratch: UnsafeMutableRawPointer) throws(CPUBackendError) {
        let scales = (scratch + byteCount).assumingMemoryBound(to: Float.self)
        rounding.y = scratch
        rounding.scales = scales
        finish.row_scales = UnsafePointer(scales)
        try source.move(to: scratch)
        try product.bind(scratch: scratch + byteCount + scaleByteCount)
    }

    func run() throws {
        ck_round(team, rounding)
        try product.execute()
        ck_finish(team, finish)
    }

    var implementation: String { "round + \(product.implementation) + finish" }
}
