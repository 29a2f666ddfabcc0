import CShaders
import Graphs
import Tensors

extension KernelBuilder {
    /// q [B, Tq, heads·d], k and v [B, Tk, heads·d], more k and v [B, Tm, heads·d] if there are such → as q
    func attention(
        _ attention: Attention, _ x: [Operand], _ y: Operand, _ site: Site
    ) throws(VulkanError) -> Dispatch {
        let q = x[0]
        let headWidth = q.shape[2] / attention.headCount
        let stretches = attention.hasMoreKeys ? 2 : 1
        let more: [Operand?] = attention.hasMoreKeys ? [x[3], x[4]] : [nil, nil]
        let bindings = [q, x[1], x[2]] + more + [y]
        func groups(_ queries: Int) -> (x: Int, y: Int, z: Int) {
            ((q.shape[1] + queries - 1) / queries, attention.headCount, q.shape[0])
        }
        let isInEights = (x + [y]).allSatisfy { $0.offset % 8 == 0 && $0.rowStride % 8 == 0 } && headWidth % 8 == 0
        let problem = AttentionProblem(
            attention.headCount, q: q.shape, k: x[1].shape, more: attention.hasMoreKeys ? x[3].shape : nil)
        if let unit = MatrixUnit.chosen(options, features), let tile = tile(unit, problem) {
            return try call(
                .attention, variant: unit.variant, constants: tile.constants + [stretches, isInEights ? 1 : 0],
                bindings, arguments(attention, x, y), groups: groups(tile.queries), site)
        }
        let tile = try AttentionTile(
            headWidth: headWidth, queries: q.shape[1], sharedMemory: features.sharedMemory, node: site.node.name)
        return try call(
            .attention, constants: tile.constants + [stretches, isInEights ? 1 : 0], bindings,
            arguments(attention, x, y), groups: groups(tile.queries), site)
    }

    /// As it was measured to be fastest, or by the rules.
    private func tile(_ unit: MatrixUnit, _ problem: AttentionProblem) -> CooperativeAttentionTile? {
        let (headWidth, queries) = (problem.headWidth, problem.queries)
        if let way = tuning.way(options, for: problem),
            let tile = CooperativeAttentionTile(unit, way, headWidth: headWidth, queries: queries, features)
        {
            return tile
        }
        return CooperativeAttentionTile(
            unit, options.staging ?? .double, headWidth: headWidth, queries: queries, heads: problem.heads, features)
    }

    private func arguments(_ attention: Attention, _ x: [Operand], _ y: Operand) -> cs_attention {
        let (q, k, v) = (x[0], x[1], x[2])
        var arguments = cs_attention()
        arguments.queries = u32(q.shape[1])
        arguments.keys = u32(k.shape[1])
        arguments.heads = u32(attention.headCount)
        arguments.scale = attention.scale
        (arguments.q_offset, arguments.q_stride) = (u32(q.offset), u32(q.rowStride))
        (arguments.k_offset, arguments.k_stride) = (u32(k.offset), u32(k.rowStride))
        (arguments.v_offset, arguments.v_stride) = (u32(v.offset), u32(v.rowStride))
        arguments.y_offset = u32(y.offset)
        guard attention.hasMoreKeys else { return arguments }
        let (moreK, moreV) = (x[3], x[4])
        arguments.more_keys = u32(moreK.shape[1])
        (arguments.more_k_offset, arguments.more_k_stride) = (u32(moreK.offset), u32(moreK.rowStride))
        (arguments.more_v_offset, arguments.more_v_stride) = (u32(moreV.offset), u32(moreV.rowStride))
        return arguments
    }
}
