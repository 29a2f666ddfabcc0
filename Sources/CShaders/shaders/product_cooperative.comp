// Linear layers and convolutions by the device's matrix units: float16 factors, float32 sums.
//
// Either two tiles of each factor lie in shared memory by turns: while subgroups multiply one, the next AHEAD are on their way
// from memory into registers, and behind the products the first of these is put down where the one before the last was. Or
// there is one, filled between products, and the subgroups of other workgroups multiply while this one waits.
//
// There is no branch between a read and where it is put down: a compiler may move the read behind the branch, right before its
// use, and then every step waits for memory. Which tile is meant is known when loops are unrolled, so that places are.
#version 450
#extension GL_GOOGLE_include_directive : require
#ifndef EMULATED
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#extension GL_EXT_control_flow_attributes : require
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
// Whether x, and whether a float16 weight, lies in eights that never straddle a row: then eight elements are one read.
layout(constant_id = 9) const uint X_IN_EIGHTS = 0;
layout(constant_id = 10) const uint WEIGHT_IN_EIGHTS = 0;
// The same of the result and all that goes into it.
layout(constant_id = 13) const uint RESULT_IN_EIGHTS = 0;
// Tiles on their way: one, two where few steps are to be made and each would wait for memory, or none: then there is one tile.
layout(constant_id = 14) const uint AHEAD = 1;
// Whether no turn of all tiles reaches beyond the depth: then nothing that is read must be taken for zero. Rows and columns
// outside give sums that nobody stores.
layout(constant_id = 15) const uint IS_WHOLE = 0;

#include "units.glsl"
#include "eights.glsl"
INPUT(0, x)
INPUT_EIGHTS(0, x)
WEIGHT(1, weight)
layout(set = 0, binding = 1) readonly buffer weight_eights { uvec4 v[]; } weight_128;
#include "epilogue.glsl"
#include "epilogue_eights.glsl"
#include "window.glsl"

const uint EIGHTS = TILE_DEPTH / 8;
// Padded by one against bank conflicts.
const uint PITCH = EIGHTS + 1;
const uint TILES = AHEAD == 0 ? 1 : 2;
const uint SLOTS = AHEAD == 0 ? 1 : AHEAD;
// Tiles of x, then those of the weight.
const uint WEIGHT_PLACE = TILES * TILE_ROWS * PITCH;
const uint TILE_WORDS = WEIGHT_PLACE + TILES * TILE_COLUMNS * PITCH;

const uint PARTS_ACROSS = TILE_COLUMNS / PART_COLUMNS;
const uint PARTS = TILE_ROWS / PART_ROWS * PARTS_ACROSS;
const uint LANES = gl_WorkGroupSize.x / PARTS;

// A subgroup lays down a strip of its sums at a time, over the tiles, which are done with. Words of a strip's row, padded by
// one against bank conflicts; words of a strip; eights of it; and how many of these an invocation takes.
const uint STRIP_PITCH = PART_COLUMNS / 4 + 1;
const uint STRIP_WORDS = UNIT_ROWS * STRIP_PITCH;
const uint STRIP_EIGHTS = UNIT_ROWS * PART_COLUMNS / 8;
const uint STRIP_READS = (STRIP_EIGHTS + LANES - 1) / LANES;

shared uvec4 words[TILE_WORDS > PARTS * STRIP_WORDS ? TILE_WORDS : PARTS * STRIP_WORDS];

// Eights are read whether they exist or not, the first of all in the place of those that do not: a branch around a read
// would make the next one wait for it. Those that do not become zero when they are put down; earlier it would wait for the read.
uvec4 x_eight(RowPlace row, DepthPlace depth, uint k, out bool exists) {
    if (X_IN_EIGHTS != 0) {
        uint position = 0;
        exists = x_position(row, depth, position);
        uint first = mix(arguments.x_offset, position, exists);
        if (x_type == CS_FLOAT16) return x_128.v[first / 8];
        return packed_halves(eight_of_x(first));
    }
    uvec4 halves;
    UNROLL for (uint i = 0; i < 4; ++i) {
        halves[i] = half_pair(
            vec2(x_element(row, depth_place(k + 2 * i)), x_element(row, depth_place(k + 2 * i + 1))));
    }
    exists = true;
    return halves;
}

uvec4 weight_eight(uint column, uint k, out bool exists) {
    if (WEIGHT_IN_EIGHTS != 0) {
        // Whatever lies in eights lies along the depth.
        exists = all(lessThan(uvec2(column, k), uvec2(arguments.columns, arguments.inner)));
        uint position = mix(0, column * arguments.inner + k, exists);
        return weight_128.v[(arguments.weight_offset + position) / 8];
    }
    uvec4 halves;
    UNROLL for (uint i = 0; i < 4; ++i) {
        halves[i] = half_pair(vec2(weight_element(column, k + 2 * i), weight_element(column, k + 2 * i + 1)));
    }
    exists = true;
    return halves;
}

// The rows of x that an invocation reads are the same at every depth, and so is its eight of a tile's depth: the number of
// invocations is a multiple of EIGHTS.
const uint X_READS = (TILE_ROWS * EIGHTS + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
const uint WEIGHT_READS = (TILE_COLUMNS * EIGHTS + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
RowPlace x_rows[X_READS];
uvec4 x_next[SLOTS * X_READS];
uvec4 weight_next[SLOTS * WEIGHT_READS];
bool x_exists[SLOTS * X_READS];
bool weight_exists[SLOTS * WEIGHT_READS];

// Of a tile: the row that a read is for.
uint row_of(uint read) { return (gl_LocalInvocationIndex + read * gl_WorkGroupSize.x) / EIGHTS; }

void find_rows(uint first_row) {
    UNROLL for (uint read = 0; read < X_READS; ++read) x_rows[read] = row_place(first_row + row_of(read));
}

// Of those on their way, the one in place `slot`.
#define FETCH(slot, first_column, depth) { \
    uint k = (depth) + 8 * (gl_LocalInvocationIndex % EIGHTS); \
    DepthPlace place = depth_place(k); \
    UNROLL for (uint read = 0; read < X_READS; ++read) { \
        x_next[(slot) * X_READS + read] = x_eight(x_rows[read], place, k, x_exists[(slot) * X_READS + read]); \
    } \
    UNROLL for (uint read = 0; read < WEIGHT_READS; ++read) { \
        weight_next[(slot) * WEIGHT_READS + read] = weight_eight( \
            first_column + row_of(read), k, weight_exists[(slot) * WEIGHT_READS + read]); \
    } \
}

uvec4 zero_unless(bool exists, uvec4 halves) {
    return IS_WHOLE != 0 ? halves : mix(uvec4(0), halves, bvec4(exists));
}

void put_down(uint slot, uint which) {
    uint eight = gl_LocalInvocationIndex % EIGHTS;
    UNROLL for (uint read = 0; read < X_READS; ++read) {
        uint r = row_of(read);
        if (TILE_ROWS * EIGHTS % gl_WorkGroupSize.x == 0 || r < TILE_ROWS) {
            words[(which * TILE_ROWS + r) * PITCH + eight] =
                zero_unless(x_exists[slot * X_READS + read], x_next[slot * X_READS + read]);
        }
    }
    UNROLL for (uint read = 0; read < WEIGHT_READS; ++read) {
        uint c = row_of(read);
        if (TILE_COLUMNS * EIGHTS % gl_WorkGroupSize.x == 0 || c < TILE_COLUMNS) {
            words[WEIGHT_PLACE + (which * TILE_COLUMNS + c) * PITCH + eight] =
                zero_unless(weight_exists[slot * WEIGHT_READS + read], weight_next[slot * WEIGHT_READS + read]);
        }
    }
}

const uint UNITS_DOWN = PART_ROWS / UNIT_ROWS;
const uint UNITS_ACROSS = PART_COLUMNS / UNIT_COLUMNS;

// Adds the products of tile `which` to the sums.
#define PRODUCTS(which, part_row, part_column, sums) \
    UNROLL for (uint k = 0; k < TILE_DEPTH; k += UNIT_DEPTH) { \
        RowFactor xs[UNITS_DOWN]; \
        UNROLL for (uint i = 0; i < UNITS_DOWN; ++i) { \
            uint place = ((which) * TILE_ROWS + part_row + i * UNIT_ROWS) * PITCH + k / 8; \
            LOAD_ROWS(xs[i], words, place, PITCH); \
        } \
        UNROLL for (uint j = 0; j < UNITS_ACROSS; ++j) { \
            ColumnFactor w; \
            uint column = (which) * TILE_COLUMNS + part_column + j * UNIT_COLUMNS; \
            LOAD_COLUMNS(w, words, WEIGHT_PLACE + column * PITCH + k / 8, PITCH); \
            UNROLL for (uint i = 0; i < UNITS_DOWN; ++i) { \
                MULTIPLY(xs[i], w, sums[i * UNITS_ACROSS + j]); \
            } \
        } \
    }

// What goes into an invocation's eights of a strip. Of a part that is one eight an invocation, all of it comes before the
// products; of others the residual comes while the strip before is finished, and the rest is soon found near.
struct Others {
    Eight bias;
    Eight gate;
    Eight residual;
};
Others others[STRIP_READS];
Eight residual_next[STRIP_READS];
const bool IS_EARLY = RESULT_IN_EIGHTS != 0 && UNITS_DOWN == 1 && STRIP_READS == 1;

uint row_in_strip(uint read) { return min(LANE + read * LANES, STRIP_EIGHTS - 1) / (PART_COLUMNS / 8); }
uint column_in_strip(uint read) { return min(LANE + read * LANES, STRIP_EIGHTS - 1) % (PART_COLUMNS / 8) * 8; }

// A strip whose first sum belongs to `first_row` and `first_column`. Everything is read before anything is stored: the
// compiler does not know that the one does not change the other.
void finish_strip(uint strip, uint first_row, uint first_column, uint split) {
    Eight eights[STRIP_READS];
    UNROLL for (uint read = 0; read < STRIP_READS; ++read) {
        uint r = row_in_strip(read), c = column_in_strip(read);
        uint place = strip + r * STRIP_PITCH + c / 4;
        eights[read] = Eight(uintBitsToFloat(words[place]), uintBitsToFloat(words[place + 1]));
        if (RESULT_IN_EIGHTS != 0) {
            uint row = first_row + r, column = first_column + c;
            Others other = others[read];
            if (!IS_EARLY) {
                other.bias = bias_at(column);
                other.gate = gate_at(row, column);
            }
            eights[read] = finished(column, eights[read], other.bias, other.gate, other.residual);
        }
    }
    UNROLL for (uint read = 0; read < STRIP_READS; ++read) {
        uint row = first_row + row_in_strip(read), column = first_column + column_in_strip(read);
        if (STRIP_EIGHTS % LANES != 0 && LANE + read * LANES >= STRIP_EIGHTS) break;
        if (RESULT_IN_EIGHTS != 0) {
            store_finished(row, column, eights[read], split);
        } else {
            for (uint i = 0; i < 4; ++i) finish(row, column + i, eights[read].low[i], split);
            for (uint i = 0; i < 4; ++i) finish(row, column + 4 + i, eights[read].high[i], split);
        }
    }
}

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

    UNROLL for (uint read = 0; read < STRIP_READS; ++read) {
        others[read] = Others(NOTHING, NOTHING, NOTHING);
        if (IS_EARLY) {
            uint row = first_row + part_row + row_in_strip(read), column = first_column + part_column + column_in_strip(read);
            others[read] = Others(bias_at(column), gate_at(row, column), residual_at(row, column));
        }
    }

    find_rows(first_row);
    if (AHEAD == 0) {
        for (uint depth = first_depth; depth < last_depth; depth += TILE_DEPTH) {
            FETCH(0, first_column, depth)
            barrier();
            put_down(0, 0);
            barrier();
            PRODUCTS(0, part_row, part_column, sums)
        }
    } else {
        UNROLL for (uint slot = 0; slot < AHEAD; ++slot) FETCH(slot, first_column, first_depth + slot * TILE_DEPTH)
        put_down(0, 0);
        for (uint first = first_depth; first < last_depth; first += TILES * TILE_DEPTH) {
            UNROLL for (uint which = 0; which < TILES; ++which) {
                barrier();
                // In the end tiles that nobody multiplies.
                FETCH(which % SLOTS, first_column, first + (which + AHEAD) * TILE_DEPTH)
                PRODUCTS(which, part_row, part_column, sums)
                put_down((which + 1) % SLOTS, 1 - which);
            }
        }
    }

    uint strip = part * STRIP_WORDS;
    // One copy of what follows for all strips: unrolled, it would be more instructions than the product has.
    if (RESULT_IN_EIGHTS != 0 && !IS_EARLY) {
        UNROLL for (uint read = 0; read < STRIP_READS; ++read) {
            others[read].residual = residual_at(
                first_row + part_row + row_in_strip(read), first_column + part_column + column_in_strip(read));
        }
    }
    // The strips are the subgroup's own.
    barrier();
    [[dont_unroll]] for (uint i = 0; i < UNITS_DOWN; ++i) {
        UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) {
            if (down == i) {
                UNROLL for (uint j = 0; j < UNITS_ACROSS; ++j) {
                    LAY_DOWN(sums[down * UNITS_ACROSS + j], words, strip + j * UNIT_COLUMNS / 4, STRIP_PITCH);
                }
            }
        }
        SUBGROUP_BARRIER();
        uint strip_row = first_row + part_row + i * UNIT_ROWS;
        if (RESULT_IN_EIGHTS != 0 && UNITS_DOWN > 1) {
            UNROLL for (uint read = 0; read < STRIP_READS; ++read) {
                residual_next[read] = residual_at(
                    strip_row + UNIT_ROWS + row_in_strip(read), first_column + part_column + column_in_strip(read));
            }
        }
        finish_strip(strip, strip_row, first_column + part_column, split);
        if (UNITS_DOWN > 1) {
            UNROLL for (uint read = 0; read < STRIP_READS; ++read) others[read].residual = residual_next[read];
        }
        SUBGROUP_BARRIER();
    }
}
