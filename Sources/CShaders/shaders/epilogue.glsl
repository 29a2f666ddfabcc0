// What follows a matrix product: scale of int8 weights, bias, activation, gate, residual.

layout(push_constant) uniform Arguments { cs_product arguments; };

INPUT(2, bias)
INPUT(3, residual)
INPUT(4, gate)
layout(set = 0, binding = 5) readonly buffer scale_words { float v[]; } weight_scales;
OUTPUT(6, y)

// What a product's sum becomes before the residual is added.
float activated(uint flags, uint kind, uint row, uint column, float sum) {
#ifdef NARROW
    if (weight_type == CS_INT8) sum *= weight_scales.v[arguments.scale_offset + column];
#endif
    if ((flags & CS_HAS_BIAS) != 0) sum += load_bias(arguments.bias_offset + column);
    float value = activate(kind, sum);
    if ((flags & CS_HAS_GATE) != 0) {
        value *= load_gate(arguments.gate_offset + row / arguments.gate_rows * arguments.gate_stride + column);
    }
    return value;
}

// Stores what a product's sum becomes; of part `split` of the depth where that is cut, the sum.
void finish(uint row, uint column, float sum, uint split) {
    if (row >= arguments.rows || column >= arguments.columns) return;
    if ((arguments.flags & CS_IS_PARTIAL) != 0) {
        store_y(arguments.y_offset + (split * arguments.rows + row) * arguments.columns + column, sum);
        return;
    }
    float value = activated(arguments.flags, arguments.activation, row, column, sum);
    uint position = row * arguments.columns + column;
    if ((arguments.flags & CS_HAS_RESIDUAL) != 0) value += load_residual(arguments.residual_offset + position);
    store_y(arguments.y_offset + position, value);
}
