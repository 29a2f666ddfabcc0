import CKernels
import Graphs
import Tensors

extension StepBuilder {
    func concatenate(axis: Int, _ x: [Operand], _ y: Operand) -> any KernelStep {
        let inner = y.shape.dimensions[(axis + 1)...].reduce(1, *)
        let outer = y.shape.dimensions[..<axis].reduce(1, *)
        var copies: [any KernelStep] = []
        var offset = 0
        for part in x {
            let width = part.shape[axis] * inner
            copies += blocks(
                of: part, width: width, count: outer, to: y.floats + offset, spacing: y.shape[axis] * inner)
            offset += width
        }
        return KernelSequence("concatenate", copies)
    }

    /// Copies `count` blocks of `width` floats to places `spacing` apart; a block may be several runs of a view.
    private func blocks(
        of x: Operand, width: Int, count: Int, to y: UnsafeMutablePointer<Float>, spacing: Int
    ) -> [any KernelStep] {
        if x.run == x.shape.elementCount {
            return [blockCopy(x.floats, width, y, spacing, width: width, count: count)]
        }
        guard x.run < width else {
            // A run holds whole blocks: each run is a column of blocks.
            return (0..<x.run / width).map { block in
                blockCopy(
                    x.floats + block * width, x.stride, y + block * spacing, x.run / width * spacing, width: width,
                    count: count * width / x.run)
            }
        }
        // A block is several runs.
        let runs = width / x.run
        if count == 1 { return [blockCopy(x.floats, x.stride, y, x.run, width: x.run, count: runs)] }
        return (0..<count).map { block in
            blockCopy(
                x.floats + block * runs * x.stride, x.stride, y + block * spacing, x.run, width: x.run, count: runs)
        }
    }

    private func blockCopy(
        _ x: UnsafeMutablePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int,
        width: Int, count: Int
    ) -> any KernelStep {
        let arguments = ck_blocks_args(x: x, x_stride: xStride, y: y, y_stride: yStride, width: width, count: count)
        return KernelCall("copy", team, arguments, ck_blocks)
    }

    func slice(axis: Int, start: Int, _ x: [Operand], _ y: Operand) -> any KernelStep {
        let inner = y.shape.dimensions[(axis + 1)...].reduce(1, *)
        let (width, spacing) = (y.shape[axis] * inner, x[0].shape[axis] * inner)
        return blockCopy(
            x[0].floats + start * inner, spacing, y.floats, width, width: width,
            count: y.shape.elementCount / max(1, width))
    }

    /// The same elements in the same order.
    func copy(_ x: [Operand], _ y: Operand) -> any KernelStep {
        let count = y.shape.elementCount
        return blockCopy(x[0].floats, count, y.floats, count, width: count, count: 1)
    }

    func transpose(_ permutation: [Int], _ x: [Operand], _ y: Operand) throws(CPUBackendError) -> any KernelStep {
        let strides = x[0].shape.strides
        let axes = StridedAxes(extents: y.shape.dimensions, strides: permutation.map { strides[$0] })
        let arguments = try ck_gather_args(x: x[0].floats, y: y.floats, axes)
        return KernelCall("transpose", team, arguments, ck_gather)
    }

    /// x [B, H, W, C] → [B, f·H, f·W, C]
    func upsample(factor: Int, _ x: [Operand], _ y: Operand) -> any KernelStep {
        let picture = x[0].shape
        let arguments = ck_upsample_args(
            x: x[0].floats, y: y.floats, rows: picture[0] * picture[1], columns: picture[2],
            channels: picture[3], factor: factor)
        return KernelCall("upsample", team, arguments, ck_upsample)
    }

    /// table [V, D], ids [...] → [..., D]
    func embedding(node: String, _ x: [Operand], _ y: Operand) -> any KernelStep {
        EmbeddingStep(
            node: node, table: x[0].floats, rowCount: x[0].shape[0], width: x[0].shape[1],
            ids: UnsafePointer(x[1].base.assumingMemoryBound(to: Int32.self)),
            idCount: x[1].shape.elementCount, result: y.floats)
    }
}
