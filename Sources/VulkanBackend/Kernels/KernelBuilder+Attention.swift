import CShaders
import Graphs
import Tensors

extension KernelBuilder {
    /// q [B, Tq, heads·d], k and v [B, Tk, heads·d] → as q
    func attention(
        _ attention: Attention, _ x: [Operand], _ y: Operand, _ site: Site
    ) throws(VulkanError) -> Dispatch {
        let (q, k, v) = (x[0], x[1], x[2])
        let headWidth = q.shape[2] / attention.headCount
        if let unit = MatrixUnit.chosen(options, features),
            let tile = CooperativeAttentionTile(unit, headWidth: headWidth, queries: q.shape[1], features)
        {
            let isInEights = [q, k, v].allSatisfy {
                $0.view.type == .float16 && $0.offset % 8 == 0 && $0.rowStride % 8 == 0
            }
            return try call(
                .attention, variant: unit.variant, constants: tile.constants + [isInEights ? 1 : 0], [q, k, v, y],
                arguments(attention, x, y),
                groups: ((q.shape[1] + tile.queries - 1) / tile.queries, attention.headCount, q.shape[0]), site)
        }
        let tile = try AttentionTile(headWidth: headWidth, queries: q.shape[1], node: site.node.name)
        return try call(
            .attention, constants: tile.constants, [q, k, v, y], arguments(attention, x, y),
            groups: ((q.shape[1] + tile.queries - 1) / tile.queries, attention.headCount, q.shape[0]), site)
    }

    private func arguments(_ attention: Attention, _ x: [Operand], _ y: Operand) -> cs_attention {
        let (q, k, v) = (x[0], x[1], x[2])
        return cs_attention(
            queries: u32(q.shape[1]), keys: u32(k.shape[1]), heads: u32(attention.headCount), scale: attention.scale,
            q_offset: u32(q.offset), k_offset: u32(k.offset), v_offset: u32(v.offset), y_offset: u32(y.offset),
            q_stride: u32(q.rowStride), k_stride: u32(k.rowStride), v_stride: u32(v.rowStride))
    }
}

/// How attention is cut into blocks for the device's matrix units.
struct CooperativeAttentionTile: Hashable {
    let unit: MatrixUnit
    let headWidth: Int
    /// With zeros behind it, as the unit needs it.
    let paddedWidth: Int
    let queries: Int
    static let keys = 32

    /// nil where a head is no multiple of eight or does not fit in shared memory.
    init?(_ unit: MatrixUnit, headWidth: Int, queries: Int, _ features: DeviceFeatures) {
        let shape = unit.shape
        guard headWidth % 8 == 0, CooperativeAttentionTile.keys % shape.columns == 0,
            CooperativeAttentionTile.keys % shape.depth == 0
        else { return nil }
        self.unit = unit
        self.headWidth = headWidth
        // Sides are powers of two, so that the larger is a multiple of the smaller.
        let side = max(shape.columns, shape.depth)
        paddedWidth = (headWidth + side - 1) / side * side
        var count = 64
        while count > shape.rows,
            count / 2 >= queries || count / shape.rows * unit.subgroupSize > features.maxWorkgroupInvocations
                || CooperativeAttentionTile.sharedByteCount(unit, count, paddedWidth) > features.sharedMemory
        { count /= 2 }
        // Invocations that share a query have quads of its result and eights of a block's keys in equal parts.
        let sharers = max(1, unit.subgroupSize / shape.rows)
        guard count % shape.rows == 0,
            CooperativeAttentionTile.sharedByteCount(unit, count, paddedWidth) <= features.sharedMemory,
            paddedWidth % (4 * sharers) == 0, CooperativeAttentionTile.keys % (8 * sharers) == 0
        else { return nil }
        self.queries = count
    }

    private var subgroupCount: Int { queries / unit.shape.rows }

    /// Whether a subgroup has registers for its share of a block's keys and values: of each four eights for each of 32
    /// invocations.
    private var isAhead: Bool { CooperativeAttentionTile.keys * paddedWidth / 8 <= 128 * subgroupCount }

    /// Queries, weights, scores or sums, keys, values and a number for each invocation, as the shader declares them.
    private static func sharedByteCount(_ unit: MatrixUnit, _ queries: Int, _ paddedWidth: Int) -> Int {
        let pitch = 16 * (paddedWidth / 8 + 1)
        return queries * (pitch + 16 * (keys / 8 + 1) + 16 * (max(keys, paddedWidth) / 4 + 1)) + 2 * keys * pitch
            + 4 * queries / unit.shape.rows * unit.subgroupSize
    }

    /// In the order of the shader's specialization constants, up to how the inputs are read.
    var constants: [Int] {
        let shape = unit.shape
        return [
            subgroupCount * unit.subgroupSize, headWidth, queries, CooperativeAttentionTile.keys, paddedWidth,
            isAhead ? 1 : 0, shape.rows, shape.columns, shape.depth,
        ]
    }
}

/// How attention is cut into blocks.
struct AttentionTile: Hashable {
    let headWidth: Int
    let queries: Int
    static let keys = 32
    static let invocationCount = 128
    /// Floats of queries in shared memory, 8 KiB; keys, scores and the rest take less than 9 more.
    private static let queryRoom = 2048

    /// - Throws: `VulkanError.tooLarge` for a head that does not fit in shared memory.
    init(headWidth: Int, queries: Int, node: String) throws(VulkanError) {
        guard headWidth < AttentionTile.queryRoom else {
            throw .tooLarge(node: node, reason: "a head of \(headWidth) channels is more than the kernels take")
        }
        self.headWidth = headWidth
        var count = 32
        while count > 1, count * (headWidth + 1) > AttentionTile.queryRoom || count / 2 >= queries { count /= 2 }
        self.queries = count
    }

    /// In the order of the shader's specialization constants.
    var constants: [Int] {
        let across: Int = min(headWidth, AttentionTile.invocationCount)
        return [
            AttentionTile.invocationCount, headWidth, queries, AttentionTile.keys, across,
            AttentionTile.invocationCount / across,
        ]
    }
}
