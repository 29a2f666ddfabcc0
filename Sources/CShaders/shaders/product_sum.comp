// The second step of a product whose depth was cut: adds the parts up, always in the same order, with all that follows.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"
#include "functions.glsl"
#include "elements.glsl"

// The parts' sums.
INPUT(0, x)
// Not read: how it is stored tells whether there are scales.
WEIGHT(1, weight)
#include "epilogue.glsl"

void main() {
    uint i = invocation();
    uint count = arguments.rows * arguments.columns;
    if (i >= count) return;
    float sum = 0.0;
    for (uint split = 0; split < arguments.splits; ++split) sum += load_x(arguments.x_offset + split * count + i);
    finish(i / arguments.columns, i % arguments.columns, sum, 0);
}
