import CShaders
import Graphs
import Tensors

extension KernelBuilder {
    /// x [..., D], weight and bias [D], shift and scale [B, D] → as x
    func layerNorm(_ norm: LayerNorm, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        var rows = RowNorm(x: x[0], y: y, epsilon: norm.epsilon)
        if norm.isAffine { (rows.weight, rows.bias) = (x[1], x[2]) }
        if norm.isModulated {
            let first = norm.isAffine ? 3 : 1
            (rows.shift, rows.scale) = (x[first], x[first + 1])
            rows.flags |= CS_IS_MODULATED
        }
        return try rowNorm(rows, site)
    }

    /// x [..., D], weight [D], cosine and sine [T, D/2] if x [B, T, heads, D] is turned → as x
    func rmsNorm(_ norm: RMSNorm, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        var rows = RowNorm(x: x[0], y: y, epsilon: norm.epsilon)
        rows.weight = x[1]
        rows.activation = norm.activation
        rows.flags |= CS_IS_RMS
        if let axisCount = norm.rotaryAxisCount {
            (rows.shift, rows.scale) = (x[2], x[3])
            rows.part = y.width / axisCount
            rows.flags |= CS_IS_TURNED
        }
        return try rowNorm(rows, site)
    }

    /// What both have in common.
    private struct RowNorm {
        let x: Operand
        let y: Operand
        let epsilon: Float
        var weight: Operand?
        var bias: Operand?
        /// Of a rotation: cosine and sine.
        var shift: Operand?
        var scale: Operand?
        var activation: Activation?
        /// Channels of an axis of a rotation.
        var part: Int?
        var flags: Int32 = 0
    }

    private func rowNorm(_ norm: RowNorm, _ site: Site) throws(VulkanError) -> Dispatch {
        let (x, y) = (norm.x, norm.y)
        var flags = norm.flags
        if norm.weight != nil { flags |= CS_HAS_WEIGHT }
        if norm.bias != nil { flags |= CS_HAS_BIAS }
        let isInTokens = y.shape.rank == 4
        let arguments = cs_row_norm(
            rows: u32(y.rowCount), width: u32(y.width), epsilon: norm.epsilon, x_offset: u32(x.offset),
            x_run: u32(max(1, x.run / max(1, y.width))), x_stride: u32(x.stride),
            weight_offset: u32(norm.weight?.offset ?? 0), bias_offset: u32(norm.bias?.offset ?? 0),
            shift_offset: u32(norm.shift?.offset ?? 0), scale_offset: u32(norm.scale?.offset ?? 0),
            y_offset: u32(y.offset), modulation_rows: u32(flags & CS_IS_MODULATED != 0 ? y.shape[1] : 1),
            shift_stride: u32(norm.shift?.rowStride ?? 0), scale_stride: u32(norm.scale?.rowStride ?? 0),
            tokens: isInTokens ? u32(y.shape[1]) : 1, heads: isInTokens ? u32(y.shape[2]) : 1, part: u32(norm.part ?? 2)
        )
        let others = [norm.weight, norm.bias, norm.shift, norm.scale].compactMap { $0 }
        let isInEights =
            y.width % 8 == 0 && (norm.part ?? 0) % 16 == 0
            && [x.offset, x.stride, y.offset].allSatisfy { $0 % 8 == 0 }
            && others.allSatisfy { $0.offset % 8 == 0 && $0.rowStride % 8 == 0 }
        let tile = RowNormTile(width: y.width)
        return try call(
            .rowNorm, constants: tile.constants + [isInEights ? 1 : 0, Int(flags), Int(norm.activation.code)],
            [x, norm.weight, norm.bias, norm.shift, norm.scale, y], arguments,
            groups: flat((y.rowCount + tile.rows - 1) / tile.rows), site)
    }

    /// x [B, H, W, C], weight and bias [C] → as x
    func groupNorm(
        _ norm: GroupNorm, _ x: [Operand], _ y: Operand, _ site: Site
    ) throws(VulkanError) -> [Dispatch] {
        let pixels = y.shape[1] * y.shape[2]
        let parts = KernelBuilder.groupParts(pixels: pixels)
        let arguments = cs_group_norm(
            pixels: u32(pixels), channels: u32(y.shape[3]), groups: u32(norm.groupCount), parts: u32(parts),
            epsilon: norm.epsilon, activation: norm.activation.code, x_offset: u32(x[0].offset),
            partial_offset: u32(scratch.offset), weight_offset: u32(x[1].offset), bias_offset: u32(x[2].offset),
            y_offset: u32(y.offset))
        let groups = (x: parts, y: y.shape[0] * norm.groupCount, z: 1)
        let constants = [KernelBuilder.groupSize]
        return [
            try call(.groupStatistics, constants: constants, [x[0], scratch], arguments, groups: groups, site),
            try call(
                .groupApply, constants: constants, [x[0], scratch, x[1], x[2], y], arguments, groups: groups, site),
        ]
    }

    /// Parts that the pixels of a group are cut in, each a workgroup's work.
    static func groupParts(pixels: Int) -> Int { min(max(1, pixels / 256), 64) }
}
