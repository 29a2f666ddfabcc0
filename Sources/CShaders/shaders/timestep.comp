// Sinusoids of times. The frequencies come from the host: pow on a device is not accurate enough.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"
#include "functions.glsl"

#include "elements.glsl"
layout(push_constant) uniform Arguments { cs_timestep arguments; };
INPUT(0, t)
layout(set = 0, binding = 1) readonly buffer frequency_words { float v[]; } frequencies;
OUTPUT(2, y)

void main() {
    uint i = invocation();
    if (i >= arguments.count) return;
    uint row = i / arguments.half_width, index = i % arguments.half_width;
    precise float angle =
        load_t(arguments.t_offset + row) * frequencies.v[arguments.frequency_offset + index];
    vec2 both = cosine_and_sine(angle);
    uint first = arguments.y_offset + row * 2 * arguments.half_width + index;
    store_y(first, both.x);
    store_y(first + arguments.half_width, both.y);
}
