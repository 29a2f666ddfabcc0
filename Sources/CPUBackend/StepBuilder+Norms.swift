import CKernels
import Graphs
import Tensors

extension StepBuilder {
    /// x [..., D], weight and bias [D], shift and scale [B, D] → as x
    func layerNorm(_ norm: LayerNorm, _ x: [Operand], _ y: Operand) -> any KernelStep {
        let affine = norm.isAffine ? (x[1].floats, x[2].floats) : nil
        let first = norm.isAffine ? 3 : 1
        let modulation = norm.isModulated ? (x[first].floats, x[first + 1].floats) : nil
        let arguments = ck_layer_norm_args(
            x: x[0].floats, y: y.base, type: y.values.type, rows: y.rowCount, width: y.width, epsilon: norm.epsilon,
            weight: affine?.0, bias: affine?.1, shift: modulation?.0, scale: modulation?.1,
            modulation_rows: norm.isModulated ? y.shape[1] : 1)
        return KernelCall("layer norm", team, arguments, ck_layer_norm)
    }

    /// x [..., D], weight [D] → as x
    func rmsNorm(_ norm: RMSNorm, _ x: [Operand], _ y: Operand) -> any KernelStep {
        let arguments = ck_rms_norm_args(
            x: x[0].rows, y: y.base, type: y.values.type, rows: y.rowCount, width: y.width, epsilon: norm.epsilon,
            weight: x[1].floats, activation: ck_activation(norm.activation))
        return KernelCall("rms norm", team, arguments, ck_rms_norm)
    }

    /// x [B, H, W, C], weight and bias [C] → as x
    func groupNorm(_ norm: GroupNorm, _ x: [Operand], _ y: Operand) -> any KernelStep {
        GroupNormStep(
            ck_group_norm_args(
                x: x[0].floats, y: y.floats, batch: y.shape[0], pixels: y.shape[1] * y.shape[2],
                channels: y.shape[3], groups: norm.groupCount, epsilon: norm.epsilon, weight: x[1].floats,
                bias: x[2].floats, activation: ck_activation(norm.activation), scratch: nil),
            team: team)
    }

    /// x [B, T, D], shift and scale [B, D] → as x
    func modulate(_ x: [Operand], _ y: Operand) -> any KernelStep {
        let arguments = ck_modulate_args(
            x: x[0].floats, y: y.floats, rows: y.rowCount, width: y.width, shift: x[1].floats,
            scale: x[2].floats, modulation_rows: y.shape[1])
        return KernelCall("modulate", team, arguments, ck_modulate)
    }
}
