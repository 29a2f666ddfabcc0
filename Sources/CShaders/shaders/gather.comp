// Moves elements: slices, joins, transposes, upsampling.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"

#include "elements.glsl"
layout(push_constant) uniform Arguments { cs_gather arguments; };
INPUT(0, x)
OUTPUT(1, y)

void main() {
    uint i = invocation();
    if (i >= arguments.count) return;
    uint rest = i, from = arguments.x_offset, to = arguments.y_offset;
    for (uint axis = arguments.rank; axis > 0; --axis) {
        uint index = rest % arguments.extents[axis - 1];
        rest /= arguments.extents[axis - 1];
        from += index * arguments.x_strides[axis - 1];
        to += index * arguments.y_strides[axis - 1];
    }
    store_y(to, load_x(from));
}
