// Mean and sum of squared distances of each part of a group; parts are put together in group_apply.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"
#include "group_sums.glsl"

layout(set = 0, binding = 1) buffer partial_words { float v[]; } partials;

void main() {
    uint part = gl_WorkGroupID.x, group = gl_WorkGroupID.y;
    uint first_pixel = part_start(part);
    uint count = (part_start(part + 1) - first_pixel) * (arguments.channels / arguments.groups);

    float sum = 0.0;
    for (uint i = gl_LocalInvocationIndex; i < count; i += gl_WorkGroupSize.x) {
        sum += load_x(arguments.x_offset + group_position(group, first_pixel, i));
    }
    float mean = group_sum(sum) / float(count);
    float squares = 0.0;
    for (uint i = gl_LocalInvocationIndex; i < count; i += gl_WorkGroupSize.x) {
        float distance = load_x(arguments.x_offset + group_position(group, first_pixel, i)) - mean;
        squares = fma(distance, distance, squares);
    }
    float total = group_sum(squares);
    if (gl_LocalInvocationIndex == 0) {
        uint place = arguments.partial_offset + 2 * (group * arguments.parts + part);
        partials.v[place] = mean;
        partials.v[place + 1] = total;
    }
}
