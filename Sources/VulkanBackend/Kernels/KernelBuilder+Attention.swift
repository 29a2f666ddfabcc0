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
        let tile = try AttentionTile(headWidth: headWidth, queries: q.shape[1], node: site.node.name)
        let arguments = cs_attention(
            queries: u32(q.shape[1]), keys: u32(k.shape[1]), heads: u32(attention.headCount), scale: attention.scale,
            q_offset: u32(q.offset), k_offset: u32(k.offset), v_offset: u32(v.offset), y_offset: u32(y.offset),
            q_stride: u32(q.rowStride), k_stride: u32(k.rowStride), v_stride: u32(v.rowStride))
        return try call(
            .attention, constants: tile.constants, [q, k, v, y], arguments,
            groups: ((q.shape[1] + tile.queries - 1) / tile.queries, attention.headCount, q.shape[0]), site)
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
