import CShaders
import Graphs
import Tensors

extension KernelBuilder {
    func concatenate(axis: Int, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> [Dispatch] {
        var dispatches: [Dispatch] = []
        var first = 0
        for part in x {
            dispatches.append(
                try gather(
                    part.shape.dimensions, from: part, at: 0, part.strides, to: y, at: first * y.shape.strides[axis],
                    y.shape.strides, site))
            first += part.shape[axis]
        }
        return dispatches
    }

    func slice(axis: Int, start: Int, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        let strides = x[0].strides
        return try gather(
            y.shape.dimensions, from: x[0], at: start * strides[axis], strides, to: y, at: 0, y.shape.strides, site)
    }

    func transpose(_ permutation: [Int], _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        let strides = x[0].strides
        return try gather(
            y.shape.dimensions, from: x[0], at: 0, permutation.map { strides[$0] }, to: y, at: 0, y.shape.strides, site)
    }

    /// x [B, H, W, C] → [B, f·H, f·W, C], seen as [B, H, f, W, f, C] with steps of zero along both f.
    func upsample(factor: Int, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> Dispatch {
        let picture = x[0].shape
        let (from, to) = (x[0].strides, y.shape.strides)
        return try gather(
            [picture[0], picture[1], factor, picture[2], factor, picture[3]], from: x[0], at: 0,
            [from[0], from[1], 0, from[2], 0, from[3]], to: y, at: 0,
            [to[0], factor * to[1], to[1], factor * to[2], to[2], to[3]], site)
    }

    private func gather(
        _ extents: [Int], from x: Operand, at xFirst: Int, _ xStrides: [Int], to y: Operand, at yFirst: Int,
        _ yStrides: [Int], _ site: Site
    ) throws(VulkanError) -> Dispatch {
        var axes = StridedAxes(extents, xStrides, yStrides)
        try axes.check(site)
        var (count, from, to) = (extents.reduce(1, *), x.offset + xFirst, y.offset + yFirst)
        // What is stored alike on both sides is copied in words of 16 bytes where rows are made of such.
        let width = x.view.type == y.view.type ? 16 / x.view.type.byteCount : 1
        var isInWords = false
        if width > 1, from % width == 0, to % width == 0, let words = axes.inWords(of: width) {
            (axes, count, from, to, isInWords) = (words, count / width, from / width, to / width, true)
        }
        let arguments = cs_gather(
            count: u32(count), rank: u32(axes.rank), x_offset: u32(from), y_offset: u32(to),
            extents: axisTuple(axes.extents), x_strides: axisTuple(axes.first), y_strides: axisTuple(axes.second))
        let groups = flat((count + KernelBuilder.groupSize - 1) / KernelBuilder.groupSize)
        return try call(
            .gather, constants: [KernelBuilder.groupSize, isInWords ? 1 : 0], [x, y], arguments, groups: groups, site)
    }
}

extension Operand {
    /// Elements between neighbours along each axis, where the value is dense or in rows of its innermost extent.
    var strides: [Int] {
        var strides = shape.strides
        guard !isDense, let last = strides.indices.last else { return strides }
        for axis in strides.indices where axis != last { strides[axis] = strides[axis] / width * stride }
        return strides
    }
}
