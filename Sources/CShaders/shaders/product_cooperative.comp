// Linear layers and convolutions by the device's matrix units: float16 factors, float32 sums.
//
// Either two tiles of each factor lie in shared memory by turns: while subgroups multiply one, the next AHEAD are on their way
// from memory into registers, and behind the products the first of these is put down where the one before the last was. Or
// there is one, filled between products, and the subgroups of other workgroups multiply while this one waits: for memory, or
// where the next tile came into registers meanwhile, for shared memory alone.
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
#define HALF_CONVERSIONS
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
// Whether the result, and all that goes into it, lies in eights that never straddle a row.
layout(constant_id = 13) const uint RESULT_IN_EIGHTS = 0;
// Tiles on their way while one is multiplied: one, two where few steps are to be made and each would wait for memory, or, if there
// is one tile, none.
layout(constant_id = 14) const uint AHEAD = 1;
// Of each factor in shared memory.
layout(constant_id = 16) const uint TILES = 2;

#include "units.glsl"
#include "eights.glsl"
INPUT(0, x)
INPUT_EIGHTS(0, x)
WEIGHT(1, weight)
WEIGHT_EIGHTS(1, weight)
#include "epilogue.glsl"
#include "epilogue_eights.glsl"
#include "window.glsl"

const uint SLOTS = AHEAD == 0 ? 1 : AHEAD;
#include "staging.glsl"

// Padded by one against bank conflicts.
const uint PITCH = EIGHTS + 1;
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

uvec4 packed_x(Raw raw) { return X_IN_EIGHTS != 0 && x_type == CS_FLOAT16 ? raw.low : packed_halves(x_eight(raw)); }
uvec4 packed_weight(Raw raw) {
    return WEIGHT_IN_EIGHTS != 0 && weight_type == CS_FLOAT16 ? raw.low : packed_halves(weight_eight(raw));
}

uvec4 zero_unless(bool exists, uvec4 halves) {
    return IS_WHOLE != 0 ? halves : mix(uvec4(0), halves, bvec4(exists));
}

void put_down(uint slot, uint which) {
    UNROLL for (uint read = 0; read < X_READS; ++read) {
        uint r = row_of(read), place = slot * X_READS + read;
        if (is_inside(r, TILE_ROWS)) {
            words[(which * TILE_ROWS + r) * PITCH + own_eight()] = zero_unless(x_exists[place], packed_x(x_next[place]));
        }
    }
    UNROLL for (uint read = 0; read < WEIGHT_READS; ++read) {
        uint c = row_of(read), place = slot * WEIGHT_READS + read;
        if (is_inside(c, TILE_COLUMNS)) {
            words[WEIGHT_PLACE + (which * TILE_COLUMNS + c) * PITCH + own_eight()] =
                zero_unless(weight_exists[place], packed_weight(weight_next[place]));
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
    UNROLL for (uint slot = 0; slot < AHEAD; ++slot) FETCH(slot, first_column, first_depth + slot * TILE_DEPTH)
    if (TILES == 1) {
        for (uint depth = first_depth; depth < last_depth; depth += TILE_DEPTH) {
            if (AHEAD == 0) FETCH(0, first_column, depth)
            barrier();
            put_down(0, 0);
            barrier();
            // In the end a tile that nobody multiplies.
            if (AHEAD != 0) FETCH(0, first_column, depth + TILE_DEPTH)
            PRODUCTS(0, part_row, part_column, sums)
        }
    } else {
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
