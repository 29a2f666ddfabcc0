// Rows of activations as signed bytes with a scale each, for products of integers.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"

// A workgroup takes a row; a power of two.
layout(local_size_x = 128, local_size_x_id = 0) in;
layout(push_constant) uniform Arguments { cs_quantize arguments; };
INPUT(0, x)
layout(set = 0, binding = 1) buffer y_words { uint v[]; } y;

shared float partial[gl_WorkGroupSize.x];

// The larger magnitude, or the NaN if there is one: it makes the scale one, too, and so shows in the result.
float larger(float a, float b) { return isnan(a) || a >= b ? a : b; }

void main() {
    uint row = gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x;
    if (row >= arguments.rows) return;
    uint place = gl_LocalInvocationIndex;
    uint first = arguments.x_offset + row * arguments.x_stride;

    float largest = 0.0;
    for (uint i = place; i < arguments.width; i += gl_WorkGroupSize.x) largest = larger(largest, abs(load_x(first + i)));
    partial[place] = largest;
    barrier();
    for (uint half_width = gl_WorkGroupSize.x / 2; half_width > 0; half_width /= 2) {
        if (place < half_width) partial[place] = larger(partial[place], partial[place + half_width]);
        barrier();
    }
    float scale = partial[0] / 127.0;
    bool isUsable = scale > 0.0 && !isinf(scale);

    uint words = arguments.width / 4;
    for (uint i = place; i < words; i += gl_WorkGroupSize.x) {
        uint word = 0;
        for (uint j = 0; j < 4; ++j) {
            float level = isUsable ? clamp(roundEven(load_x(first + 4 * i + j) / scale), -127.0, 127.0) : 0.0;
            word |= (uint(int(level)) & 0xffu) << (8 * j);
        }
        y.v[arguments.y_offset + row * words + i] = word;
    }
    if (place == 0) y.v[arguments.scale_offset + row] = floatBitsToUint(scale);
}
