// Linear layers and convolutions as one matrix product in tiles of shared memory, with all that follows it.
//
// A tile of each factor is filled between products: what comes for the next one is read before the invocations have met, and
// those of other workgroups multiply meanwhile. An invocation has eight neighbouring columns of PART_ROWS rows, and reads both
// factors four floats at a time.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "prelude.glsl"
#include "functions.glsl"

layout(local_size_x = 256, local_size_x_id = 0) in;
// Rows, columns and depth of a workgroup's tile; rows and columns of an invocation's part of it: two rows or a multiple of four,
// and eight columns.
layout(constant_id = 1) const uint TILE_ROWS = 128;
layout(constant_id = 2) const uint TILE_COLUMNS = 128;
layout(constant_id = 3) const uint TILE_DEPTH = 16;
layout(constant_id = 4) const uint PART_ROWS = 8;
layout(constant_id = 5) const uint PART_COLUMNS = 8;
// Whether the result, and all that goes into it, lies in eights that never straddle a row.
layout(constant_id = 13) const uint RESULT_IN_EIGHTS = 0;

// So that all reads are under way at once, and sums stay in registers.
#define UNROLL [[unroll]]
#include "eights.glsl"
INPUT(0, x)
INPUT_EIGHTS(0, x)
WEIGHT(1, weight)
WEIGHT_EIGHTS(1, weight)
#include "epilogue.glsl"
#include "epilogue_eights.glsl"
#include "window.glsl"

const uint SLOTS = 1;
#include "staging.glsl"

// Depth outside, four rows or columns a word. Of eight columns the first four lie in the first half of a row: neighbouring
// invocations read neighbouring words.
const uint X_PITCH = TILE_ROWS / 4;
const uint WEIGHT_PITCH = TILE_COLUMNS / 4;
shared vec4 x_tile[TILE_DEPTH * X_PITCH];
shared vec4 weight_tile[TILE_DEPTH * WEIGHT_PITCH];

const uint ACROSS = TILE_COLUMNS / PART_COLUMNS;
const uint DOWN = TILE_ROWS / PART_ROWS;
const uint ROW_QUADS = (PART_ROWS + 3) / 4;

Eight zero_unless(bool exists, Eight eight) {
    if (IS_WHOLE != 0) return eight;
    return Eight(mix(vec4(0.0), eight.low, bvec4(exists)), mix(vec4(0.0), eight.high, bvec4(exists)));
}

void put_down() {
    uint depth = 8 * own_eight();
    UNROLL for (uint read = 0; read < X_READS; ++read) {
        uint r = row_of(read);
        Eight eight = zero_unless(x_exists[read], x_eight(x_next[read]));
        if (is_inside(r, TILE_ROWS)) {
            UNROLL for (uint i = 0; i < 4; ++i) {
                x_tile[(depth + i) * X_PITCH + r / 4][r % 4] = eight.low[i];
                x_tile[(depth + 4 + i) * X_PITCH + r / 4][r % 4] = eight.high[i];
            }
        }
    }
    UNROLL for (uint read = 0; read < WEIGHT_READS; ++read) {
        uint c = row_of(read), word = c % 8 / 4 * (WEIGHT_PITCH / 2) + c / 8;
        Eight eight = zero_unless(weight_exists[read], weight_eight(weight_next[read]));
        if (is_inside(c, TILE_COLUMNS)) {
            UNROLL for (uint i = 0; i < 4; ++i) {
                weight_tile[(depth + i) * WEIGHT_PITCH + word][c % 4] = eight.low[i];
                weight_tile[(depth + 4 + i) * WEIGHT_PITCH + word][c % 4] = eight.high[i];
            }
        }
    }
}

// Of an invocation's rows the i-th, in its tile.
uint own_row(uint i) {
    uint row = gl_LocalInvocationIndex / ACROSS;
    return PART_ROWS < 4 ? PART_ROWS * row + i : 4 * (i / 4 * DOWN + row) + i % 4;
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
    uint across = gl_LocalInvocationIndex % ACROSS;

    vec4 sums[2 * PART_ROWS];
    UNROLL for (uint i = 0; i < 2 * PART_ROWS; ++i) sums[i] = vec4(0.0);

    find_rows(first_row);
    for (uint depth = first_depth; depth < last_depth; depth += TILE_DEPTH) {
        FETCH(0, first_column, depth)
        barrier();
        put_down();
        barrier();
        // Two at a time, so that reads of the second are on their way while the first is multiplied.
        for (uint pair = 0; pair < TILE_DEPTH; pair += 2) {
            UNROLL for (uint which = 0; which < 2; ++which) {
                uint k = pair + which;
                vec4 low = weight_tile[k * WEIGHT_PITCH + across];
                vec4 high = weight_tile[k * WEIGHT_PITCH + WEIGHT_PITCH / 2 + across];
                UNROLL for (uint quad = 0; quad < ROW_QUADS; ++quad) {
                    uint first = 4 * quad, r = own_row(first);
                    vec4 xs = x_tile[k * X_PITCH + r / 4];
                    xs = mix(xs, xs.zwzw, bvec4(PART_ROWS < 4 && r % 4 != 0));
                    UNROLL for (uint i = 0; i < min(PART_ROWS, 4); ++i) {
                        sums[2 * (first + i)] = fma(vec4(xs[i]), low, sums[2 * (first + i)]);
                        sums[2 * (first + i) + 1] = fma(vec4(xs[i]), high, sums[2 * (first + i) + 1]);
                    }
                }
            }
        }
    }

    uint column = first_column + PART_COLUMNS * across;
    UNROLL for (uint i = 0; i < PART_ROWS; ++i) {
        uint row = first_row + own_row(i);
        Eight eight = Eight(sums[2 * i], sums[2 * i + 1]);
        if (RESULT_IN_EIGHTS != 0) {
            eight = finished(column, eight, bias_at(column), gate_at(row, column), residual_at(row, column));
            store_finished(row, column, eight, split);
        } else {
            for (uint j = 0; j < 4; ++j) finish(row, column + j, eight.low[j], split);
            for (uint j = 0; j < 4; ++j) finish(row, column + 4 + j, eight.high[j], split);
        }
    }
}
