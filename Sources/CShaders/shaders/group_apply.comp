// Second step of a group norm: normalises a part of a group, with weight, bias and activation.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"
#include "functions.glsl"
#include "group_sums.glsl"

layout(set = 0, binding = 1) readonly buffer partial_words { float v[]; } partials;
INPUT(2, weight)
INPUT(3, bias)
OUTPUT(4, y)

void main() {
    uint part = gl_WorkGroupID.x, group = gl_WorkGroupID.y;
    uint group_width = arguments.channels / arguments.groups;

    // Chan, Golub and LeVeque (1979): the mean of all, then squares with what the parts' means add.
    float total = float(arguments.pixels), mean = 0.0, squares = 0.0;
    for (uint i = 0; i < arguments.parts; ++i) {
        float share = float(part_start(i + 1) - part_start(i)) / total;
        mean = fma(share, partials.v[arguments.partial_offset + 2 * (group * arguments.parts + i)], mean);
    }
    for (uint i = 0; i < arguments.parts; ++i) {
        uint place = arguments.partial_offset + 2 * (group * arguments.parts + i);
        float count = float((part_start(i + 1) - part_start(i)) * group_width);
        float distance = partials.v[place] - mean;
        squares += partials.v[place + 1] + count * distance * distance;
    }
    float factor = 1.0 / sqrt(squares / (total * float(group_width)) + arguments.epsilon);

    uint first_pixel = part_start(part);
    uint count = (part_start(part + 1) - first_pixel) * group_width;
    for (uint i = gl_LocalInvocationIndex; i < count; i += gl_WorkGroupSize.x) {
        uint position = group_position(group, first_pixel, i);
        uint channel = group % arguments.groups * group_width + i % group_width;
        float value = (load_x(arguments.x_offset + position) - mean) * factor;
        value = fma(value, load_weight(arguments.weight_offset + channel), load_bias(arguments.bias_offset + channel));
        store_y(arguments.y_offset + position, activate(arguments.activation, value));
    }
}
