// Layer norm and RMS norm over rows, with weights, modulation and activation.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"
#include "functions.glsl"

// Invocations along a row and rows of a workgroup.
layout(local_size_x = 32, local_size_y = 4, local_size_x_id = 0, local_size_y_id = 1) in;

layout(push_constant) uniform Arguments { cs_row_norm arguments; };
INPUT(0, x)
INPUT(1, weight)
INPUT(2, bias)
INPUT(3, shift)
INPUT(4, scale)
OUTPUT(5, y)

shared float partial[gl_WorkGroupSize.x * gl_WorkGroupSize.y];

// The sum over the invocations of a row; all of them get it. The number of invocations is a power of two.
float row_sum(float value) {
    uint place = gl_LocalInvocationIndex;
    barrier();
    partial[place] = value;
    barrier();
    for (uint half_width = gl_WorkGroupSize.x / 2; half_width > 0; half_width /= 2) {
        if (gl_LocalInvocationID.x < half_width) partial[place] += partial[place + half_width];
        barrier();
    }
    return partial[gl_LocalInvocationID.y * gl_WorkGroupSize.x];
}

void main() {
    uint group = gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x;
    uint row = group * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
    bool exists = row < arguments.rows;
    // Rows that do not exist take part in the sums and write nothing.
    uint source = min(row, arguments.rows - 1);
    uint first = arguments.x_offset + source / arguments.x_run * arguments.x_stride
        + source % arguments.x_run * arguments.width;

    float mean = 0.0;
    if ((arguments.flags & CS_IS_RMS) == 0) {
        float sum = 0.0;
        for (uint i = gl_LocalInvocationID.x; i < arguments.width; i += gl_WorkGroupSize.x) sum += load_x(first + i);
        mean = row_sum(sum) / float(arguments.width);
    }
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < arguments.width; i += gl_WorkGroupSize.x) {
        float distance = load_x(first + i) - mean;
        squares = fma(distance, distance, squares);
    }
    float factor = 1.0 / sqrt(row_sum(squares) / float(arguments.width) + arguments.epsilon);
    if (!exists) return;

    uint modulation = row / arguments.modulation_rows;
    for (uint i = gl_LocalInvocationID.x; i < arguments.width; i += gl_WorkGroupSize.x) {
        float value = (load_x(first + i) - mean) * factor;
        if ((arguments.flags & CS_HAS_WEIGHT) != 0) value *= load_weight(arguments.weight_offset + i);
        if ((arguments.flags & CS_HAS_BIAS) != 0) value += load_bias(arguments.bias_offset + i);
        if ((arguments.flags & CS_IS_MODULATED) != 0) {
            value = fma(
                value, 1.0 + load_scale(arguments.scale_offset + modulation * arguments.scale_stride + i),
                load_shift(arguments.shift_offset + modulation * arguments.shift_stride + i));
        }
        store_y(arguments.y_offset + row * arguments.width + i, activate(arguments.activation, value));
    }
}
