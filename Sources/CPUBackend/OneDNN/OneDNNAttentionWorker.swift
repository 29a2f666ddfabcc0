import CKernels
import COneDNN

/// What one thread has for attention: memory for a block of query rows, and the calls over it.
final class OneDNNAttentionWorker {
    private let products: OneDNNAttentionProducts
    /// [rows, inner], scaled
    private let queries: UnsafeMutablePointer<UInt16>
    /// [rows, keys]
    private let scores: UnsafeMutablePointer<Float>
    /// [rows, keys]
    private let weights: UnsafeMutablePointer<UInt16>
    /// [rows, width]
    private let means: UnsafeMutablePointer<Float>
    /// [rows]
    private let reciprocals: UnsafeMutablePointer<Float>
    /// Of one head, moved from head to head: as they lie, as the copies and as the products see what is packed.
    private let keys, values: OneDNNMemory
    private let packedKeys, packedValues: [OneDNNMemory]
    private let packing, scoring, averaging: OneDNNStep
    private var error: CPUBackendError?

    /// Bytes of scratch space that one needs.
    static func byteCount(_ products: OneDNNAttentionProducts) -> Int {
        OneDNNAttentionWorker.sizes(products).reduce(0, +)
    }

    /// Of queries, scores, weights, means, reciprocals and what the products themselves need.
    private static func sizes(_ p: OneDNNAttentionProducts) -> [Int] {
        let own = p.all.map(\.scratchLayout.byteCount).max() ?? 0
        return [
            2 * p.rows * p.inner, 4 * p.rows * p.keys, 2 * p.rows * p.keys, 4 * p.rows * p.width, 4 * p.rows, own,
        ].map(AlignedMemory.lines)
    }

    init(
        _ products: OneDNNAttentionProducts, _ engine: OneDNNEngine, scratch: UnsafeMutableRawPointer
    ) throws(CPUBackendError) {
        var places: [UnsafeMutableRawPointer] = []
        var place = scratch
        for size in OneDNNAttentionWorker.sizes(products) {
            places.append(place)
            place += size
        }
        self.products = products
        queries = places[0].assumingMemoryBound(to: UInt16.self)
        scores = places[1].assumingMemoryBound(to: Float.self)
        weights = places[2].assumingMemoryBound(to: UInt16.self)
        means = places[3].assumingMemoryBound(to: Float.self)
        reciprocals = places[4].assumingMemoryBound(to: Float.self)

        keys = try OneDNNMemory(products.packKeys.layout(dnnl_query_src_md), engine, nil)
        values = try OneDNNMemory(products.packValues.layout(dnnl_query_src_md), engine, nil)
        packedKeys = [
            try OneDNNMemory(products.packKeys.layout(dnnl_query_dst_md), engine, nil),
            try OneDNNMemory(products.scores.layout(dnnl_query_weights_md), engine, nil),
        ]
        packedValues = [
            try OneDNNMemory(products.packValues.layout(dnnl_query_dst_md), engine, nil),
            try OneDNNMemory(products.means.layout(dnnl_query_weights_md), engine, nil),
        ]
        func step(_ calls: OneDNNStep.Call...) throws(CPUBackendError) -> OneDNNStep {
            var step = try OneDNNStep(engine, calls)
            try step.bind(scratch: places[5])
            return step
        }
        func product(
            _ primitive: OneDNNPrimitive, _ x: UnsafeMutableRawPointer, _ weights: OneDNNMemory,
            _ y: UnsafeMutableRawPointer
        ) throws(CPUBackendError) -> OneDNNStep {
            let source = try OneDNNMemory(primitive.layout(dnnl_query_src_md), engine, x)
            let result = try OneDNNMemory(primitive.layout(dnnl_query_dst_md), engine, y)
            return try step(
                .init(primitive, [(DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, result)]))
        }
        packing = try step(
            .init(products.packKeys, [(DNNL_ARG_FROM, keys), (DNNL_ARG_TO, packedKeys[0])]),
            .init(products.packValues, [(DNNL_ARG_FROM, values), (DNNL_ARG_TO, packedValues[0])]))
        scoring = try product(products.scores, places[0], packedKeys[1], places[1])
        averaging = try product(products.means, places[2], packedValues[1], places[3])
    }

    /// Packs the keys and values of one head to `target`.
    func pack(keys: UnsafePointer<Float>, values: UnsafePointer<Float>, to target: UnsafeMutableRawPointer) {
        attempt { () throws(CPUBackendError) in
            try self.keys.move(to: UnsafeMutableRawPointer(mutating: keys))
            try self.values.move(to: UnsafeMutableRawPointer(mutating: values))
            try moveHead(to: target)
            try packing.execute()
        }
    }

    /// Attends from `count` query rows to what was packed at `head`.
    func attend(
        _ problem: AttentionProblem, from rows: UnsafePointer<Float>, count: Int, to head: UnsafeMutableRawPointer,
        result: Values, isa: ck_isa
    ) {
        attempt { () throws(CPUBackendError) in
            try moveHead(to: head)
            // e^x = 2^(x·log₂e); the factor goes where the scale goes.
            let scale = problem.scale * 1.442_695
            ck_narrow_rows(
                isa,
                ck_narrow_rows_args(
                    x: rows, x_stride: problem.q.stride, y: queries, y_stride: products.inner, rows: count,
                    width: problem.headWidth, factor: scale))
            try scoring.execute()
            ck_softmax_narrow(isa, scores, count, problem.keys, weights, reciprocals)
            try averaging.execute()
            ck_scale_rows(
                isa,
                ck_scale_rows_args(
                    x: means, x_stride: problem.headWidth, y: result.base, type: result.type, y_stride: problem.width,
                    rows: count, width: problem.headWidth, factors: reciprocals))
        }
    }

    /// Throws what went wrong since the last time.
    func check() throws(CPUBackendError) {
        defer { error = nil }
        if let error { throw error }
    }

    private func moveHead(to place: UnsafeMutableRawPointer) throws(CPUBackendError) {
        for memory in packedKeys { try memory.move(to: place) }
        for memory in packedValues { try memory.move(to: place + products.packedKeyByteCount) }
    }

    private func attempt(_ work: () throws(CPUBackendError) -> Void) {
        do throws(CPUBackendError) { try work() } catch { self.error = self.error ?? error }
    }
}
