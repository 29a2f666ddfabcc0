// What follows a matrix product, as in epilogue.glsl, for eight neighbours of a row at once.
//
// What there is to do is a specialization constant, and reads are never skipped: with branches between them, each would wait
// for the one before.

layout(constant_id = 11) const uint FLAGS = 0;
layout(constant_id = 12) const uint ACTIVATION = CS_IDENTITY;

INPUT_EIGHTS(2, bias)
INPUT_EIGHTS(3, residual)
INPUT_EIGHTS(4, gate)
layout(set = 0, binding = 5) readonly buffer scale_quads { vec4 v[]; } weight_scales_128;
OUTPUT_EIGHTS(6, y)

// What goes into eight sums beside themselves. Outside the matrix anything that may be read, which nobody stores.
const Eight NOTHING = Eight(vec4(0.0), vec4(0.0));

Eight bias_at(uint column) {
    if ((FLAGS & CS_HAS_BIAS) == 0) return NOTHING;
    return eight_of_bias(arguments.bias_offset + min(column, arguments.columns - 8));
}

Eight gate_at(uint row, uint column) {
    if ((FLAGS & CS_HAS_GATE) == 0) return NOTHING;
    uint batch = min(row, arguments.rows - 1) / arguments.gate_rows;
    return eight_of_gate(arguments.gate_offset + batch * arguments.gate_stride + min(column, arguments.columns - 8));
}

Eight residual_at(uint row, uint column) {
    if ((FLAGS & CS_HAS_RESIDUAL) == 0) return NOTHING;
    uint first = min(row, arguments.rows - 1) * arguments.columns;
    return eight_of_residual(arguments.residual_offset + first + min(column, arguments.columns - 8));
}

// What eight sums become.
Eight finished(uint column, Eight sums, Eight bias, Eight gate, Eight residual) {
    if ((FLAGS & CS_IS_PARTIAL) != 0) return sums;
    Eight result = sums;
#ifdef NARROW
    if (weight_type == CS_INT8) {
        uint quad = (arguments.scale_offset + min(column, arguments.columns - 8)) / 4;
        result.low *= weight_scales_128.v[quad];
        result.high *= weight_scales_128.v[quad + 1];
    }
#endif
    if ((FLAGS & CS_HAS_BIAS) != 0) {
        result.low += bias.low;
        result.high += bias.high;
    }
    if (ACTIVATION != CS_IDENTITY) {
        UNROLL for (uint i = 0; i < 4; ++i) {
            result.low[i] = activate(ACTIVATION, result.low[i]);
            result.high[i] = activate(ACTIVATION, result.high[i]);
        }
    }
    if ((FLAGS & CS_HAS_GATE) != 0) {
        result.low *= gate.low;
        result.high *= gate.high;
    }
    if ((FLAGS & CS_HAS_RESIDUAL) != 0) {
        result.low += residual.low;
        result.high += residual.high;
    }
    return result;
}

void store_finished(uint row, uint column, Eight eight, uint split) {
    if (row >= arguments.rows || column >= arguments.columns) return;
    uint first = (FLAGS & CS_IS_PARTIAL) != 0 ? split * arguments.rows : 0;
    store_eight_of_y(arguments.y_offset + (first + row) * arguments.columns + column, eight);
}
