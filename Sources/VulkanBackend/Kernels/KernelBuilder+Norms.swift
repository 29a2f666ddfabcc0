import CShaders
import Graphs
import Tensors

extension KernelBuilder {
    /// x [..., D], weight and bias [D], shift and scale [B, D] → as x
    func layerNorm(_ norm: LayerNorm, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        var arguments = cs_row_norm()
        arguments.epsilon = norm.epsilon
        let (weight, bias) = norm.isAffine ? (x[1], x[2]) : (nil, nil)
        let first = norm.isAffine ? 3 : 1
        let (shift, scale) = norm.isModulated ? (x[first], x[first + 1]) : (nil, nil)
        arguments.modulation_rows = norm.isModulated ? u32(y.shape[1]) : 1
        return try rowNorm(arguments, x[0], weight, bias, shift, scale, y, site)
    }

    /// x [..., D], weight [D] → as x
    func rmsNorm(_ norm: RMSNorm, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        var arguments = cs_row_norm()
        arguments.epsilon = norm.epsilon
        arguments.activation = norm.activation.code
        arguments.flags = UInt32(CS_IS_RMS)
        arguments.modulation_rows = 1
        return try rowNorm(arguments, x[0], x[1], nil, nil, nil, y, site)
    }

    private func rowNorm(
        _ norm: cs_row_norm, _ x: Operand, _ weight: Operand?, _ bias: Operand?, _ shift: Operand?, _ scale: Operand?,
        _ y: Operand, _ site: Site
    ) throws(VulkanError) -> Dispatch {
        var arguments = norm
        arguments.rows = u32(y.rowCount)
        arguments.width = u32(y.width)
        if weight != nil { arguments.flags |= UInt32(CS_HAS_WEIGHT) }
        if bias != nil { arguments.flags |= UInt32(CS_HAS_BIAS) }
        if shift != nil { arguments.flags |= UInt32(CS_IS_MODULATED) }
        arguments.x_offset = u32(x.offset)
        arguments.x_run = u32(max(1, x.run / max(1, y.width)))
        arguments.x_stride = u32(x.stride)
        arguments.weight_offset = u32(weight?.offset ?? 0)
        arguments.bias_offset = u32(bias?.offset ?? 0)
        arguments.shift_offset = u32(shift?.offset ?? 0)
        arguments.scale_offset = u32(scale?.offset ?? 0)
        arguments.shift_stride = u32(shift?.rowStride ?? 0)
        arguments.scale_stride = u32(scale?.rowStride ?? 0)
        arguments.y_offset = u32(y.offset)
        // Short rows share a workgroup.
        let (along, rows) = y.width <= 256 ? (32, 4) : (128, 1)
        return try call(
            .rowNorm, constants: [along, rows], [x, weight, bias, shift, scale, y], arguments,
            groups: flat((y.rowCount + rows - 1) / rows), site)
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
