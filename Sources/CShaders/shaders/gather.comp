// Moves elements: slices, joins, transposes, upsampling.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"

#include "elements.glsl"
// Whether counts, positions and steps are those of words of 16 bytes, which then are copied whole.
layout(constant_id = 1) const uint IN_WORDS = 0;
layout(push_constant) uniform Arguments { cs_gather arguments; };
INPUT(0, x)
layout(set = 0, binding = 0) readonly buffer x_quads { uvec4 v[]; } x_128;
OUTPUT(1, y)
layout(set = 0, binding = 1) buffer y_quads { uvec4 v[]; } y_128;

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
    if (IN_WORDS != 0) y_128.v[to] = x_128.v[from];
    else store_y(to, load_x(from));
}
