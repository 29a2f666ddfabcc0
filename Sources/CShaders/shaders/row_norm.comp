// Layer norm and RMS norm over rows, with weights, modulation, activation and rotation.
//
// A row is read once, in eights that stay in registers, and all reads are under way before the first sum. Few invocations have
// a row together; each adds up what all of them found, which takes one barrier a sum.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "prelude.glsl"
#include "functions.glsl"
#include "eights.glsl"

// Invocations along a row and rows of a workgroup.
layout(local_size_x = 32, local_size_y = 4, local_size_x_id = 0, local_size_y_id = 1) in;
// Eights that an invocation has of a row.
layout(constant_id = 2) const uint READS = 1;
// Whether rows, all that goes into them and the halves that a rotation turns are made of eights that lie as such.
layout(constant_id = 3) const uint IN_EIGHTS = 0;
layout(constant_id = 4) const uint FLAGS = 0;
layout(constant_id = 5) const uint ACTIVATION = CS_IDENTITY;

layout(push_constant) uniform Arguments { cs_row_norm arguments; };
INPUT(0, x)
INPUT_EIGHTS(0, x)
INPUT(1, weight)
INPUT_EIGHTS(1, weight)
INPUT(2, bias)
INPUT_EIGHTS(2, bias)
// Of a rotation: cosine and sine.
INPUT(3, shift)
INPUT_EIGHTS(3, shift)
INPUT(4, scale)
INPUT_EIGHTS(4, scale)
OUTPUT(5, y)
OUTPUT_EIGHTS(5, y)

// Sums of a row's invocations: of elements, then of squares.
shared float partial[2 * gl_WorkGroupSize.x * gl_WorkGroupSize.y];

// The sum over the invocations of a row; all of them get it, added in the same order.
float row_sum(uint which, float value) {
    uint first = which * gl_WorkGroupSize.x * gl_WorkGroupSize.y + gl_LocalInvocationID.y * gl_WorkGroupSize.x;
    partial[first + gl_LocalInvocationID.x] = value;
    barrier();
    float sum = 0.0;
    for (uint i = 0; i < gl_WorkGroupSize.x; ++i) sum += partial[first + i];
    return sum;
}

// Eight channels of something that lies in rows from `first` on; those outside are read from the last inside.
#define ROW_EIGHT(name) \
    Eight row_eight_of_##name(uint first, uint channel) { \
        if (IN_EIGHTS != 0) return eight_of_##name(first + min(channel, arguments.width - 8)); \
        Eight eight; \
        [[unroll]] for (uint i = 0; i < 4; ++i) { \
            eight.low[i] = load_##name(first + min(channel + i, arguments.width - 1)); \
            eight.high[i] = load_##name(first + min(channel + 4 + i, arguments.width - 1)); \
        } \
        return eight; \
    }
ROW_EIGHT(x)
ROW_EIGHT(weight)
ROW_EIGHT(bias)
ROW_EIGHT(shift)
ROW_EIGHT(scale)

// Where a channel of a rotation has its partner, and which angle turns both.
uint partner_of(uint channel) {
    uint half_part = arguments.part / 2;
    return channel % arguments.part < half_part ? channel + half_part : channel - half_part;
}
uint angle_of(uint channel) {
    uint half_part = arguments.part / 2;
    return channel / arguments.part * half_part + channel % half_part;
}

// The same of eight neighbours: cosines, sines with the sign that the channel has, and another row's partners.
Eight partners(uint first, uint channel) {
    if (IN_EIGHTS != 0) return eight_of_x(first + partner_of(min(channel, arguments.width - 8)));
    Eight eight;
    [[unroll]] for (uint i = 0; i < 4; ++i) {
        eight.low[i] = load_x(first + partner_of(min(channel + i, arguments.width - 1)));
        eight.high[i] = load_x(first + partner_of(min(channel + 4 + i, arguments.width - 1)));
    }
    return eight;
}
Eight partner_weights(uint channel) {
    uint first = arguments.weight_offset;
    if (IN_EIGHTS != 0) return eight_of_weight(first + partner_of(min(channel, arguments.width - 8)));
    Eight eight;
    [[unroll]] for (uint i = 0; i < 4; ++i) {
        eight.low[i] = load_weight(first + partner_of(min(channel + i, arguments.width - 1)));
        eight.high[i] = load_weight(first + partner_of(min(channel + 4 + i, arguments.width - 1)));
    }
    return eight;
}
Eight cosines(uint first, uint channel) {
    if (IN_EIGHTS != 0) return eight_of_shift(first + angle_of(min(channel, arguments.width - 8)));
    Eight eight;
    [[unroll]] for (uint i = 0; i < 4; ++i) {
        eight.low[i] = load_shift(first + angle_of(min(channel + i, arguments.width - 1)));
        eight.high[i] = load_shift(first + angle_of(min(channel + 4 + i, arguments.width - 1)));
    }
    return eight;
}
float signed_sine(uint first, uint channel) {
    float value = load_scale(first + angle_of(channel));
    return channel % arguments.part < arguments.part / 2 ? -value : value;
}
Eight signed_sines(uint first, uint channel) {
    if (IN_EIGHTS != 0) {
        uint inside = min(channel, arguments.width - 8);
        Eight eight = eight_of_scale(first + angle_of(inside));
        float side = inside % arguments.part < arguments.part / 2 ? -1.0 : 1.0;
        return Eight(eight.low * side, eight.high * side);
    }
    Eight eight;
    [[unroll]] for (uint i = 0; i < 4; ++i) {
        eight.low[i] = signed_sine(first, min(channel + i, arguments.width - 1));
        eight.high[i] = signed_sine(first, min(channel + 4 + i, arguments.width - 1));
    }
    return eight;
}

// What comes before a rotation.
Eight finished(Eight x, float mean, float factor, Eight weight, Eight bias) {
    Eight value = Eight((x.low - mean) * factor, (x.high - mean) * factor);
    if ((FLAGS & CS_HAS_WEIGHT) != 0) value = Eight(value.low * weight.low, value.high * weight.high);
    if ((FLAGS & CS_HAS_BIAS) != 0) value = Eight(value.low + bias.low, value.high + bias.high);
    if (ACTIVATION != CS_IDENTITY) {
        [[unroll]] for (uint i = 0; i < 4; ++i) {
            value.low[i] = activate(ACTIVATION, value.low[i]);
            value.high[i] = activate(ACTIVATION, value.high[i]);
        }
    }
    return value;
}

// Which of an eight's elements belong to the row: ones and zeros.
Eight inside(uint channel) {
    uint count = arguments.width - min(channel, arguments.width);
    return Eight(vec4(lessThan(uvec4(0, 1, 2, 3), uvec4(count))), vec4(lessThan(uvec4(4, 5, 6, 7), uvec4(count))));
}

void main() {
    const bool is_rms = (FLAGS & CS_IS_RMS) != 0;
    const bool is_modulated = (FLAGS & CS_IS_MODULATED) != 0;
    const bool is_turned = (FLAGS & CS_IS_TURNED) != 0;
    uint group = gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x;
    uint row = group * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
    bool exists = row < arguments.rows;
    // Rows that do not exist take part in the sums and write nothing.
    uint source = min(row, arguments.rows - 1);
    uint first = arguments.x_offset + source / arguments.x_run * arguments.x_stride
        + source % arguments.x_run * arguments.width;
    uint shift_first = arguments.shift_offset, scale_first = arguments.scale_offset;
    if (is_modulated) {
        shift_first += source / arguments.modulation_rows * arguments.shift_stride;
        scale_first += source / arguments.modulation_rows * arguments.scale_stride;
    }
    if (is_turned) {
        uint angles = source / arguments.heads % arguments.tokens * (arguments.width / 2);
        shift_first += angles;
        scale_first += angles;
    }

    const Eight nothing = Eight(vec4(0.0), vec4(0.0));
    Eight xs[READS], weights[READS], biases[READS], shifts[READS], scales[READS], others[READS], other_weights[READS];
    [[unroll]] for (uint read = 0; read < READS; ++read) {
        uint channel = 8 * (gl_LocalInvocationID.x + read * gl_WorkGroupSize.x);
        xs[read] = row_eight_of_x(first, channel);
        weights[read] = biases[read] = shifts[read] = scales[read] = others[read] = other_weights[read] = nothing;
        if ((FLAGS & CS_HAS_WEIGHT) != 0) weights[read] = row_eight_of_weight(arguments.weight_offset, channel);
        if ((FLAGS & CS_HAS_BIAS) != 0) biases[read] = row_eight_of_bias(arguments.bias_offset, channel);
        if (is_modulated) {
            shifts[read] = row_eight_of_shift(shift_first, channel);
            scales[read] = row_eight_of_scale(scale_first, channel);
        }
        if (is_turned) {
            shifts[read] = cosines(shift_first, channel);
            scales[read] = signed_sines(scale_first, channel);
            // Read and normalised once more: cheaper than to wait for the invocation that has it.
            others[read] = partners(first, channel);
            other_weights[read] = partner_weights(channel);
        }
    }

    float mean = 0.0;
    if (!is_rms) {
        float sum = 0.0;
        [[unroll]] for (uint read = 0; read < READS; ++read) {
            Eight part = inside(8 * (gl_LocalInvocationID.x + read * gl_WorkGroupSize.x));
            sum += dot(xs[read].low, part.low) + dot(xs[read].high, part.high);
        }
        mean = row_sum(0, sum) / float(arguments.width);
    }
    float squares = 0.0;
    [[unroll]] for (uint read = 0; read < READS; ++read) {
        Eight part = inside(8 * (gl_LocalInvocationID.x + read * gl_WorkGroupSize.x));
        vec4 low = (xs[read].low - mean) * part.low, high = (xs[read].high - mean) * part.high;
        squares += dot(low, low) + dot(high, high);
    }
    float factor = 1.0 / sqrt(row_sum(1, squares) / float(arguments.width) + arguments.epsilon);
    if (!exists) return;

    [[unroll]] for (uint read = 0; read < READS; ++read) {
        uint channel = 8 * (gl_LocalInvocationID.x + read * gl_WorkGroupSize.x);
        if (channel >= arguments.width) break;
        Eight value = finished(xs[read], mean, factor, weights[read], biases[read]);
        if (is_modulated) {
            value.low = fma(value.low, 1.0 + scales[read].low, shifts[read].low);
            value.high = fma(value.high, 1.0 + scales[read].high, shifts[read].high);
        }
        if (is_turned) {
            Eight other = finished(others[read], mean, factor, other_weights[read], nothing);
            value.low = value.low * shifts[read].low + other.low * scales[read].low;
            value.high = value.high * shifts[read].high + other.high * scales[read].high;
        }
        uint position = arguments.y_offset + row * arguments.width + channel;
        if (IN_EIGHTS != 0) {
            store_eight_of_y(position, value);
        } else {
            [[unroll]] for (uint i = 0; i < 4; ++i) {
                if (channel + i < arguments.width) store_y(position + i, value.low[i]);
                if (channel + 4 + i < arguments.width) store_y(position + 4 + i, value.high[i]);
            }
        }
    }
}
