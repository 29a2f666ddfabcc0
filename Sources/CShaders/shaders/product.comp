// Linear layers and convolutions as one matrix product in tiles of shared memory, with all that follows it.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"
#include "functions.glsl"

layout(local_size_x = 256, local_size_x_id = 0) in;
// Rows, columns and depth of a workgroup's tile; rows and columns of an invocation's part of it.
layout(constant_id = 1) const uint TILE_ROWS = 64;
layout(constant_id = 2) const uint TILE_COLUMNS = 64;
layout(constant_id = 3) const uint TILE_DEPTH = 16;
layout(constant_id = 4) const uint PART_ROWS = 4;
layout(constant_id = 5) const uint PART_COLUMNS = 4;

INPUT(0, x)
WEIGHT(1, weight)
#include "epilogue.glsl"

// Depth outside, padded by one against bank conflicts.
const uint X_PITCH = TILE_ROWS + 1;
const uint WEIGHT_PITCH = TILE_COLUMNS + 1;
shared float x_tile[TILE_DEPTH * X_PITCH];
shared float weight_tile[TILE_DEPTH * WEIGHT_PITCH];

#include "window.glsl"

void main() {
    uint threads = gl_WorkGroupSize.x;
    uint thread = gl_LocalInvocationIndex;
    uint row_tile = gl_WorkGroupID.y + gl_WorkGroupID.z * gl_NumWorkGroups.y;
    uint first_row = row_tile * TILE_ROWS;
    uint tiles_across = gl_NumWorkGroups.x / arguments.splits;
    uint first_column = gl_WorkGroupID.x % tiles_across * TILE_COLUMNS;
    uint split = gl_WorkGroupID.x / tiles_across;
    uint first_depth = split * arguments.stretch;
    uint last_depth = min(first_depth + arguments.stretch, arguments.inner);
    if (first_row >= arguments.rows) return;

    // Neighbouring invocations take neighbouring columns; an invocation's parts lie apart by the number of
    // invocations, so that reads of the tiles never meet in one bank.
    const uint across = TILE_COLUMNS / PART_COLUMNS;
    const uint down = TILE_ROWS / PART_ROWS;
    uint column = thread % across;
    uint row = thread / across;

    float sums[PART_ROWS * PART_COLUMNS];
    for (uint i = 0; i < PART_ROWS * PART_COLUMNS; ++i) sums[i] = 0.0;

    for (uint depth = first_depth; depth < last_depth; depth += TILE_DEPTH) {
        for (uint i = thread; i < TILE_ROWS * TILE_DEPTH; i += threads) {
            uint r = i / TILE_DEPTH, k = i % TILE_DEPTH;
            x_tile[k * X_PITCH + r] = x_element(row_place(first_row + r), depth_place(depth + k));
        }
        for (uint i = thread; i < TILE_COLUMNS * TILE_DEPTH; i += threads) {
            uint c = i / TILE_DEPTH, k = i % TILE_DEPTH;
            weight_tile[k * WEIGHT_PITCH + c] = weight_element(first_column + c, depth + k);
        }
        barrier();
        for (uint k = 0; k < TILE_DEPTH; ++k) {
            float xs[PART_ROWS];
            for (uint i = 0; i < PART_ROWS; ++i) xs[i] = x_tile[k * X_PITCH + row + i * down];
            for (uint j = 0; j < PART_COLUMNS; ++j) {
                float w = weight_tile[k * WEIGHT_PITCH + column + j * across];
                for (uint i = 0; i < PART_ROWS; ++i) {
                    sums[i * PART_COLUMNS + j] = fma(xs[i], w, sums[i * PART_COLUMNS + j]);
                }
            }
        }
        barrier();
    }

    for (uint i = 0; i < PART_ROWS; ++i) {
        for (uint j = 0; j < PART_COLUMNS; ++j) {
            finish(first_row + row + i * down, first_column + column + j * across, sums[i * PART_COLUMNS + j], split);
        }
    }
}
