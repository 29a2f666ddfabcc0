// Linear layers and convolutions by the device's matrix units: float16 factors, float32 sums.
//
// Two tiles of each factor lie in shared memory by turns: while subgroups multiply one, the next is read.
#version 450
#extension GL_GOOGLE_include_directive : require
#ifndef EMULATED
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_control_flow_attributes : require
#endif
#include "prelude.glsl"
#include "functions.glsl"

layout(local_size_x = 128, local_size_x_id = 0) in;
// Rows, columns and depth of a workgroup's tile.
layout(constant_id = 1) const uint TILE_ROWS = 64;
layout(constant_id = 2) const uint TILE_COLUMNS = 64;
layout(constant_id = 3) const uint TILE_DEPTH = 32;
// Rows and columns of a subgroup's part of the tile.
layout(constant_id = 4) const uint PART_ROWS = 32;
layout(constant_id = 5) const uint PART_COLUMNS = 32;
// What the units multiply at once.
layout(constant_id = 6) const uint UNIT_ROWS = 16;
layout(constant_id = 7) const uint UNIT_COLUMNS = 16;
layout(constant_id = 8) const uint UNIT_DEPTH = 16;
// Whether x, and whether the weight, is float16 in eights that never straddle a row: then eight elements are one read.
layout(constant_id = 9) const uint X_IN_EIGHTS = 0;
layout(constant_id = 10) const uint WEIGHT_IN_EIGHTS = 0;

INPUT(0, x)
layout(set = 0, binding = 0) readonly buffer x_eights { uvec4 v[]; } x_128;
WEIGHT(1, weight)
layout(set = 0, binding = 1) readonly buffer weight_eights { uvec4 v[]; } weight_128;
#include "epilogue.glsl"
#include "window.glsl"
#include "units.glsl"

const uint EIGHTS = TILE_DEPTH / 8;
// Padded by one against bank conflicts.
const uint PITCH = EIGHTS + 1;
shared uvec4 x_tile[2 * TILE_ROWS * PITCH];
shared uvec4 weight_tile[2 * TILE_COLUMNS * PITCH];

const uint PARTS_ACROSS = TILE_COLUMNS / PART_COLUMNS;
const uint PARTS = TILE_ROWS / PART_ROWS * PARTS_ACROSS;
// A place for each subgroup to lay down what its units hold.
shared float results[PARTS * UNIT_ROWS * UNIT_COLUMNS];

uvec4 x_eight(RowPlace row, DepthPlace depth, uint k) {
    if (X_IN_EIGHTS != 0) {
        uint position = 0;
        return x_position(row, depth, position) ? x_128.v[position / 8] : uvec4(0);
    }
    uvec4 words;
    UNROLL for (uint i = 0; i < 4; ++i) {
        words[i] = packHalf2x16(
            vec2(x_element(row, depth_place(k + 2 * i)), x_element(row, depth_place(k + 2 * i + 1))));
    }
    return words;
}

uvec4 weight_eight(uint column, uint k) {
    if (WEIGHT_IN_EIGHTS != 0) {
        uint position = 0;
        return weight_position(column, k, position) ? weight_128.v[position / 8] : uvec4(0);
    }
    uvec4 words;
    UNROLL for (uint i = 0; i < 4; ++i) {
        words[i] = packHalf2x16(vec2(weight_element(column, k + 2 * i), weight_element(column, k + 2 * i + 1)));
    }
    return words;
}

// The rows of x that an invocation reads are the same at every depth, and so is its eight of a tile's depth: the number of
// invocations is a multiple of EIGHTS.
const uint X_READS = (TILE_ROWS * EIGHTS + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
RowPlace x_rows[X_READS];

void find_rows(uint first_row) {
    UNROLL for (uint read = 0; read < X_READS; ++read) {
        x_rows[read] = row_place(first_row + (gl_LocalInvocationIndex + read * gl_WorkGroupSize.x) / EIGHTS);
    }
}

void fill(uint which, uint first_column, uint depth) {
    uint eight = gl_LocalInvocationIndex % EIGHTS;
    uint first = depth + 8 * eight;
    DepthPlace place = depth_place(first);
    UNROLL for (uint read = 0; read < X_READS; ++read) {
        uint r = (gl_LocalInvocationIndex + read * gl_WorkGroupSize.x) / EIGHTS;
        if (r < TILE_ROWS) x_tile[(which * TILE_ROWS + r) * PITCH + eight] = x_eight(x_rows[read], place, first);
    }
    for (uint i = gl_LocalInvocationIndex; i < TILE_COLUMNS * EIGHTS; i += gl_WorkGroupSize.x) {
        uint c = i / EIGHTS, k = i % EIGHTS;
        weight_tile[(which * TILE_COLUMNS + c) * PITCH + k] = weight_eight(first_column + c, depth + 8 * k);
    }
}

const uint UNITS_DOWN = PART_ROWS / UNIT_ROWS;
const uint UNITS_ACROSS = PART_COLUMNS / UNIT_COLUMNS;

void main() {
    uint row_tile = gl_WorkGroupID.y + gl_WorkGroupID.z * gl_NumWorkGroups.y;
    uint first_row = row_tile * TILE_ROWS;
    uint tiles_across = gl_NumWorkGroups.x / arguments.splits;
    uint first_column = gl_WorkGroupID.x % tiles_across * TILE_COLUMNS;
    uint split = gl_WorkGroupID.x / tiles_across;
    uint first_depth = split * arguments.stretch;
    uint last_depth = min(first_depth + arguments.stretch, arguments.inner);
    if (first_row >= arguments.rows) return;

    uint part = SUBGROUP;
    uint part_row = part / PARTS_ACROSS * PART_ROWS;
    uint part_column = part % PARTS_ACROSS * PART_COLUMNS;

    Sums sums[UNITS_DOWN * UNITS_ACROSS];
    UNROLL for (uint i = 0; i < UNITS_DOWN * UNITS_ACROSS; ++i) { CLEAR(sums[i]); }

    find_rows(first_row);
    fill(0, first_column, first_depth);
    uint which = 0;
    for (uint depth = first_depth; depth < last_depth; depth += TILE_DEPTH) {
        barrier();
        if (depth + TILE_DEPTH < last_depth) fill(1 - which, first_column, depth + TILE_DEPTH);
        UNROLL for (uint k = 0; k < TILE_DEPTH; k += UNIT_DEPTH) {
            RowFactor xs[UNITS_DOWN];
            UNROLL for (uint i = 0; i < UNITS_DOWN; ++i) {
                uint first = (which * TILE_ROWS + part_row + i * UNIT_ROWS) * PITCH + k / 8;
                LOAD_ROWS(xs[i], x_tile, first, PITCH);
            }
            UNROLL for (uint j = 0; j < UNITS_ACROSS; ++j) {
                ColumnFactor w;
                uint first = (which * TILE_COLUMNS + part_column + j * UNIT_COLUMNS) * PITCH + k / 8;
                LOAD_COLUMNS(w, weight_tile, first, PITCH);
                UNROLL for (uint i = 0; i < UNITS_DOWN; ++i) {
                    MULTIPLY(xs[i], w, sums[i * UNITS_ACROSS + j]);
                }
            }
        }
        which = 1 - which;
    }

    uint place = part * UNIT_ROWS * UNIT_COLUMNS;
    UNROLL for (uint i = 0; i < UNITS_DOWN; ++i) {
        UNROLL for (uint j = 0; j < UNITS_ACROSS; ++j) {
            barrier();
            LAY_DOWN(sums[i * UNITS_ACROSS + j], results, place, UNIT_COLUMNS);
            barrier();
            for (uint e = LANE; e < UNIT_ROWS * UNIT_COLUMNS; e += SUBGROUP_SIZE) {
                finish(
                    first_row + part_row + i * UNIT_ROWS + e / UNIT_COLUMNS,
                    first_column + part_column + j * UNIT_COLUMNS + e % UNIT_COLUMNS, results[place + e], split);
            }
        }
    }
}
