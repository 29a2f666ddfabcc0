// Linear layers by integer dot products: bytes with a scale for each row on both sides, exact sums in 32 bits.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_spirv_intrinsics : require
#include "prelude.glsl"
#include "functions.glsl"

layout(local_size_x = 256, local_size_x_id = 0) in;
// Rows, columns and depth of a workgroup's tile, the depth in words of four bytes; rows and columns of an invocation's
// part of it.
layout(constant_id = 1) const uint TILE_ROWS = 64;
layout(constant_id = 2) const uint TILE_COLUMNS = 64;
layout(constant_id = 3) const uint TILE_DEPTH = 16;
layout(constant_id = 4) const uint PART_ROWS = 4;
layout(constant_id = 5) const uint PART_COLUMNS = 4;

layout(set = 0, binding = 0) readonly buffer x_words { uint v[]; } x;
WEIGHT(1, weight)
#include "epilogue.glsl"

// GL_EXT_integer_dot_product came after this compiler: OpSDot of SPV_KHR_integer_dot_product, whose last operand 0 says
// that four bytes are packed in a word.
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6018], id = 4450)
int packed_dot(int a, int b, spirv_literal int format);

const uint X_PITCH = TILE_ROWS + 1;
const uint WEIGHT_PITCH = TILE_COLUMNS + 1;
shared int x_tile[TILE_DEPTH * X_PITCH];
shared int weight_tile[TILE_DEPTH * WEIGHT_PITCH];

void main() {
    uint threads = gl_WorkGroupSize.x;
    uint thread = gl_LocalInvocationIndex;
    uint row_tile = gl_WorkGroupID.y + gl_WorkGroupID.z * gl_NumWorkGroups.y;
    uint first_row = row_tile * TILE_ROWS;
    uint first_column = gl_WorkGroupID.x * TILE_COLUMNS;
    if (first_row >= arguments.rows) return;
    uint words = arguments.inner / 4;
    uint first_weight = arguments.weight_offset / 4;

    const uint across = TILE_COLUMNS / PART_COLUMNS;
    const uint down = TILE_ROWS / PART_ROWS;
    uint column = thread % across;
    uint row = thread / across;

    int sums[PART_ROWS * PART_COLUMNS];
    for (uint i = 0; i < PART_ROWS * PART_COLUMNS; ++i) sums[i] = 0;

    for (uint depth = 0; depth < words; depth += TILE_DEPTH) {
        for (uint i = thread; i < TILE_ROWS * TILE_DEPTH; i += threads) {
            uint r = i / TILE_DEPTH, k = i % TILE_DEPTH;
            bool exists = first_row + r < arguments.rows && depth + k < words;
            x_tile[k * X_PITCH + r] =
                exists ? int(x.v[arguments.x_offset + (first_row + r) * words + depth + k]) : 0;
        }
        for (uint i = thread; i < TILE_COLUMNS * TILE_DEPTH; i += threads) {
            uint c = i / TILE_DEPTH, k = i % TILE_DEPTH;
            bool exists = first_column + c < arguments.columns && depth + k < words;
            weight_tile[k * WEIGHT_PITCH + c] =
                exists ? int(weight_8.v[first_weight + (first_column + c) * words + depth + k]) : 0;
        }
        barrier();
        for (uint k = 0; k < TILE_DEPTH; ++k) {
            int xs[PART_ROWS];
            for (uint i = 0; i < PART_ROWS; ++i) xs[i] = x_tile[k * X_PITCH + row + i * down];
            for (uint j = 0; j < PART_COLUMNS; ++j) {
                int w = weight_tile[k * WEIGHT_PITCH + column + j * across];
                for (uint i = 0; i < PART_ROWS; ++i) sums[i * PART_COLUMNS + j] += packed_dot(xs[i], w, 0);
            }
        }
        barrier();
    }

    for (uint i = 0; i < PART_ROWS; ++i) {
        uint place = first_row + row + i * down;
        if (place >= arguments.rows) continue;
        float scale = uintBitsToFloat(x.v[arguments.x_scale_offset + place]);
        for (uint j = 0; j < PART_COLUMNS; ++j) {
            finish(place, first_column + column + j * across, float(sums[i * PART_COLUMNS + j]) * scale, 0);
        }
    }
}
