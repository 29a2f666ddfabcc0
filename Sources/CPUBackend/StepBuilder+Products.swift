import CKernels
import Graphs
import Tensors

extension StepBuilder {
    /// x [..., in], weight [out, in], bias [out], residual [..., out], gate [B, out] → [..., out]
    func linear(_ linear: Linear, _ x: [Operand], _ y: Operand) throws(CPUBackendError) -> any KernelStep {
        var epilogue = ProductEpilogue(activation: linear.activation)
        if linear.hasBias { epilogue.bias = UnsafePointer(x[2].floats) }
        let rest = x.dropFirst(linear.hasBias ? 3 : 2)
        if let residual = rest.first, linear.epilogue != .none {
            epilogue.residual = UnsafePointer(residual.floats)
        }
        if let gate = rest.last, linear.epilogue == .gatedResidual {
            epilogue.gate = UnsafePointer(gate.floats)
            epilogue.gateRows = y.shape[1]
        }
        return try provider.linear(
            LinearProblem(
                rows: y.rowCount, isOfTokens: y.shape.rank > 2, inner: x[0].width, width: y.width, x: x[0].values,
                weight: x[1].weight, y: y.values, epilogue: epilogue))
    }

    /// x [B, H, W, C], weight [out, in, k, k], bias [out], residual as the result → [B, H', W', out]
    func convolution2D(
        _ convolution: Convolution2D, _ x: [Operand], _ y: Operand
    ) throws(CPUBackendError) -> any KernelStep {
        var epilogue = ProductEpilogue(activation: convolution.activation)
        if convolution.hasBias { epilogue.bias = UnsafePointer(x[2].floats) }
        if let residual = x.last, convolution.hasResidual { epilogue.residual = UnsafePointer(residual.floats) }
        let picture = x[0].shape
        return try provider.convolution(
            ConvolutionProblem(
                batch: picture[0], height: picture[1], width: picture[2], channels: picture[3],
                outputs: y.shape[3], kernel: x[1].shape[2], stride: convolution.stride,
                padding: convolution.padding, x: x[0].values,
                weight: x[1].weight, y: y.floats, epilogue: epilogue))
    }

    /// q [B, Tq, heads·d], k and v [B, Tk, heads·d] → as q
    func attention(
        _ attention: Attention, _ x: [Operand], _ y: Operand
    ) throws(CPUBackendError) -> any KernelStep {
        let (q, k, v) = (x[0], x[1], x[2])
        return try provider.attention(
            AttentionProblem(
                batch: q.shape[0], headCount: attention.headCount, headWidth: q.shape[2] / attention.headCount,
                queries: q.shape[1], keys: k.shape[1], scale: attention.scale, q: tokens(q), k: tokens(k), v: tokens(v),
                y: y.values))
    }

    private func tokens(_ x: Operand) -> AttentionProblem.Rows {
        AttentionProblem.Rows(base: x.floats, stride: x.run == x.width ? x.stride : x.width)
    }
}
