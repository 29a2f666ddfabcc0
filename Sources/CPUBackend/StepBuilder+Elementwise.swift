import CKernels
import Graphs
import Tensors

extension StepBuilder {
    func activation(_ activation: Activation, _ x: [Operand], _ y: Operand) -> any KernelStep {
        let arguments = ck_activate_args(
            x: x[0].floats, y: y.floats, count: y.shape.elementCount, activation: ck_activation(activation))
        return KernelCall("activation", team, arguments, ck_activate)
    }

    /// a, b broadcast to a → as a
    func broadcast(
        _ operation: ck_binary, _ x: [Operand], _ y: Operand
    ) throws(CPUBackendError) -> any KernelStep {
        let axes = StridedAxes(
            extents: y.shape.dimensions,
            strides: StridedAxes.broadcastStrides(of: x[1].shape, to: y.shape))
        let arguments = try ck_broadcast_args(operation, a: x[0].floats, b: x[1].floats, y: y.floats, axes)
        return KernelCall("broadcast", team, arguments, ck_broadcast)
    }

    /// x [B, T, heads, d], cosine and sine [T, d/2] → as x
    func rotary(axisCount: Int, _ x: [Operand], _ y: Operand) -> any KernelStep {
        let arguments = ck_rotary_args(
            x: x[0].floats, y: y.floats, rows: y.shape[0] * y.shape[1], tokens: y.shape[1], heads: y.shape[2],
            head_width: y.shape[3], axes: axisCount, cosine: x[1].floats, sine: x[2].floats)
        return KernelCall("rotary", team, arguments, ck_rotary)
    }

    func mean(axis: Int, _ x: [Operand], _ y: Operand) -> any KernelStep {
        let extents = x[0].shape.dimensions
        let arguments = ck_mean_args(
            x: x[0].floats, y: y.floats, outer: extents[..<axis].reduce(1, *), extent: extents[axis],
            inner: extents[(axis + 1)...].reduce(1, *))
        return KernelCall("mean", team, arguments, ck_mean)
    }
}
