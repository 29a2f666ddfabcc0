import CShaders
import Graphs
import Tensors

extension KernelBuilder {
    func activate(_ activation: Activation, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch
    {
        try pointwise(CS_ACTIVATE, activation, x[0], nil, nil, [], y, site)
    }

    /// a, b broadcast to a → as a
    func broadcast(_ operation: Int32, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        let strides = StridedAxes.broadcastStrides(of: x[1].shape, to: y.shape)
        return try pointwise(operation, nil, x[0], x[1], nil, strides, y, site)
    }

    /// x [B, T, D], shift and scale [B, D] → as x
    func modulate(_ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        try pointwise(CS_MODULATE, nil, x[0], x[1], x[2], [y.shape[2], 0, 1], y, site)
    }

    /// - Parameter strides: of b and c along the axes of the result.
    private func pointwise(
        _ operation: Int32, _ activation: Activation?, _ a: Operand, _ b: Operand?, _ c: Operand?, _ strides: [Int],
        _ y: Operand, _ site: Site
    ) throws(VulkanError) -> Dispatch {
        let axes = StridedAxes(b == nil ? [] : y.shape.dimensions, strides, strides)
        try axes.check(site)
        let count = y.shape.elementCount
        let arguments = cs_pointwise(
            count: u32(count), operation: UInt32(operation), activation: activation.code, a_offset: u32(a.offset),
            b_offset: u32(b?.offset ?? 0), c_offset: u32(c?.offset ?? 0), y_offset: u32(y.offset), rank: u32(axes.rank),
            extents: axisTuple(axes.extents), strides: axisTuple(axes.first))
        return try elementwise(.pointwise, count: count, [a, b, c, y], arguments, site)
    }

    /// x [B, T, heads, d], cosine and sine [T, d/2] → as x
    func rotary(axisCount: Int, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        let count = y.shape.elementCount / 2
        let arguments = cs_rotary(
            count: u32(count), tokens: u32(y.shape[1]), heads: u32(y.shape[2]), head_width: u32(y.shape[3]),
            part: u32(y.shape[3] / axisCount), x_offset: u32(x[0].offset), cosine_offset: u32(x[1].offset),
            sine_offset: u32(x[2].offset), y_offset: u32(y.offset))
        return try elementwise(.rotary, count: count, [x[0], x[1], x[2], y], arguments, site)
    }

    func mean(axis: Int, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        let extents = x[0].shape.dimensions
        let count = y.shape.elementCount
        let arguments = cs_mean(
            count: u32(count), extent: u32(extents[axis]), inner: u32(extents[(axis + 1)...].reduce(1, *)),
            x_offset: u32(x[0].offset), y_offset: u32(y.offset))
        return try elementwise(.mean, count: count, [x[0], y], arguments, site)
    }

    /// table [V, D], ids [...] → [..., D]
    func embedding(_ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        let count = y.shape.elementCount
        let arguments = cs_embedding(
            count: u32(count), rows: u32(x[0].shape[0]), width: u32(x[0].shape[1]), table_offset: u32(x[0].offset),
            ids_offset: u32(x[1].offset), y_offset: u32(y.offset))
        return try elementwise(.embedding, count: count, [x[0], x[1], y], arguments, site)
    }

    /// t [B] → [B, dimension]
    func timestep(
        _ embedding: TimestepEmbedding, _ x: [Operand], _ y: Operand, _ site: Site
    ) throws(VulkanError) -> Dispatch {
        let frequencies = table.frequencies(of: embedding)
        let count = y.shape.elementCount / 2
        let arguments = cs_timestep(
            count: u32(count), half_width: u32(embedding.dimension / 2), t_offset: u32(x[0].offset),
            frequency_offset: u32(frequencies.offset), y_offset: u32(y.offset))
        return try elementwise(.timestep, count: count, [x[0], frequencies, y], arguments, site)
    }
}
