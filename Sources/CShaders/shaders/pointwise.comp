// Activations, sums, products and modulation, element by element.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"
#include "functions.glsl"

#include "elements.glsl"
layout(push_constant) uniform Arguments { cs_pointwise arguments; };
INPUT(0, a)
INPUT(1, b)
INPUT(2, c)
OUTPUT(3, y)

void main() {
    uint i = invocation();
    if (i >= arguments.count) return;
    float value = load_a(arguments.a_offset + i);
    if (arguments.operation == CS_ACTIVATE) {
        value = activate(arguments.activation, value);
    } else {
        uint rest = i, position = 0;
        for (uint axis = arguments.rank; axis > 0; --axis) {
            position += rest % arguments.extents[axis - 1] * arguments.strides[axis - 1];
            rest /= arguments.extents[axis - 1];
        }
        float other = load_b(arguments.b_offset + position);
        if (arguments.operation == CS_ADD) value += other;
        else if (arguments.operation == CS_MULTIPLY) value *= other;
        else value = fma(value, 1.0 + load_c(arguments.c_offset + position), other);
    }
    store_y(arguments.y_offset + i, value);
}
