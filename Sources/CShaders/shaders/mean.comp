// The mean over one axis.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"

#include "elements.glsl"
layout(push_constant) uniform Arguments { cs_mean arguments; };
INPUT(0, x)
OUTPUT(1, y)

void main() {
    uint i = invocation();
    if (i >= arguments.count) return;
    uint first = arguments.x_offset + i / arguments.inner * arguments.extent * arguments.inner + i % arguments.inner;
    float sum = 0.0;
    for (uint j = 0; j < arguments.extent; ++j) sum += load_x(first + j * arguments.inner);
    store_y(arguments.y_offset + i, sum / float(arguments.extent));
}
