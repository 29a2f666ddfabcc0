// Rotary position embedding, one pair an invocation.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"

#include "elements.glsl"
layout(push_constant) uniform Arguments { cs_rotary arguments; };
INPUT(0, x)
INPUT(1, cosine)
INPUT(2, sine)
OUTPUT(3, y)

void main() {
    uint i = invocation();
    if (i >= arguments.count) return;
    uint pairs = arguments.head_width / 2;
    uint row = i / pairs, angle = i % pairs;
    uint token = row / arguments.heads % arguments.tokens;
    uint half_part = arguments.part / 2;
    uint first = row * arguments.head_width + angle / half_part * arguments.part + angle % half_part;
    float c = load_cosine(arguments.cosine_offset + token * pairs + angle);
    float s = load_sine(arguments.sine_offset + token * pairs + angle);
    float a = load_x(arguments.x_offset + first), b = load_x(arguments.x_offset + first + half_part);
    store_y(arguments.y_offset + first, a * c - b * s);
    store_y(arguments.y_offset + first + half_part, b * c + a * s);
}
