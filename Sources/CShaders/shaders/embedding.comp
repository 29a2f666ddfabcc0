// Rows of a table. Ids were checked on the host; what slips through reads a row that exists.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"

#include "elements.glsl"
layout(push_constant) uniform Arguments { cs_embedding arguments; };
INPUT(0, table)
layout(set = 0, binding = 1) readonly buffer id_words { int v[]; } ids;
OUTPUT(2, y)

void main() {
    uint i = invocation();
    if (i >= arguments.count) return;
    uint row = uint(clamp(ids.v[arguments.ids_offset + i / arguments.width], 0, int(arguments.rows) - 1));
    store_y(
        arguments.y_offset + i, load_table(arguments.table_offset + row * arguments.width + i % arguments.width));
}
