// Attention by the device's matrix units, without a matrix of scores in memory (arXiv 2205.14135): float16 queries,
// keys, values and weights of the softmax, float32 scores and sums.
//
// A subgroup has UNIT_ROWS queries. What its units compute goes through shared memory to its invocations, each of which keeps
// part of a query's result (or of several) in registers. The next block's keys and values come from memory meanwhile.
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

layout(local_size_x = 128, local_size_x_id = 0) in;
// A multiple of eight.
layout(constant_id = 1) const uint HEAD_WIDTH = 64;
// Queries of a workgroup: UNIT_ROWS for each subgroup.
layout(constant_id = 2) const uint QUERIES = 64;
// Keys of a block, a multiple of UNIT_COLUMNS and UNIT_DEPTH.
layout(constant_id = 3) const uint KEYS = 32;
// The head with zeros behind it, up to a multiple of UNIT_COLUMNS and UNIT_DEPTH.
layout(constant_id = 4) const uint PADDED_WIDTH = 64;
// Whether there are registers for the next block's keys and values to come early.
layout(constant_id = 5) const uint AHEAD = 0;
layout(constant_id = 6) const uint UNIT_ROWS = 16;
layout(constant_id = 7) const uint UNIT_COLUMNS = 16;
layout(constant_id = 8) const uint UNIT_DEPTH = 16;
// Whether q, k and v are float16 in eights that never straddle a head: then eight elements are one read.
layout(constant_id = 9) const uint IN_EIGHTS = 0;

layout(push_constant) uniform Arguments { cs_attention arguments; };
INPUT(0, q)
layout(set = 0, binding = 0) readonly buffer q_eights { uvec4 v[]; } q_128;
INPUT(1, k)
layout(set = 0, binding = 1) readonly buffer k_eights { uvec4 v[]; } k_128;
INPUT(2, v)
layout(set = 0, binding = 2) readonly buffer v_eights { uvec4 v[]; } v_128;
OUTPUT(3, y)
#include "units.glsl"

const uint HEAD_EIGHTS = HEAD_WIDTH / 8;
const uint EIGHTS = PADDED_WIDTH / 8;
const uint KEY_EIGHTS = KEYS / 8;
// In words of 16 bytes; all rows are padded by one against bank conflicts.
const uint PITCH = EIGHTS + 1;
const uint WEIGHT_PITCH = KEY_EIGHTS + 1;
const uint SUM_PITCH = (KEYS > PADDED_WIDTH ? KEYS : PADDED_WIDTH) / 4 + 1;

shared uvec4 query_tile[QUERIES * PITCH];
shared uvec4 key_tile[KEYS * PITCH];
shared uvec4 value_tile[KEYS * PITCH];
shared uvec4 weight_tile[QUERIES * WEIGHT_PITCH];
// The block's scores, then its part of the results.
shared uvec4 sum_tile[QUERIES * SUM_PITCH];
// Sums of weights, a part from each invocation of a query.
shared float totals[gl_WorkGroupSize.x];

// Either several invocations share a query or one has several.
const uint LANES = gl_WorkGroupSize.x / (QUERIES / UNIT_ROWS);
const uint LANES_A_ROW = LANES > UNIT_ROWS ? LANES / UNIT_ROWS : 1;
const uint ROWS_A_LANE = LANES > UNIT_ROWS ? 1 : UNIT_ROWS / LANES;
// What an invocation has of each of its queries: quads of the result, and eights of a block's keys.
const uint QUADS = PADDED_WIDTH / 4 / LANES_A_ROW;
const uint OWN_EIGHTS = KEY_EIGHTS / LANES_A_ROW;

// Eight neighbours from `position` on, whatever their storage.
#define EIGHT(name, position) \
    (IN_EIGHTS != 0 ? name##_128.v[(position) / 8] \
     : uvec4( \
         packHalf2x16(vec2(load_##name(position), load_##name((position) + 1))), \
         packHalf2x16(vec2(load_##name((position) + 2), load_##name((position) + 3))), \
         packHalf2x16(vec2(load_##name((position) + 4), load_##name((position) + 5))), \
         packHalf2x16(vec2(load_##name((position) + 6), load_##name((position) + 7)))))

// Keys and values that an invocation reads of a block.
const uint READS = (KEYS * EIGHTS + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
uvec4 keys_next[AHEAD != 0 ? READS : 1];
uvec4 values_next[AHEAD != 0 ? READS : 1];

// What lies outside is read from the nearest place inside and taken for zero: a branch around a read would make the next
// one wait for it.
uvec4 key_eight(uint first_key, uint i, uint channels) {
    uint key = first_key + i / EIGHTS, eight = i % EIGHTS;
    uint token = gl_WorkGroupID.z * arguments.keys + min(key, arguments.keys - 1);
    uint position = arguments.k_offset + token * arguments.k_stride + channels + 8 * min(eight, HEAD_EIGHTS - 1);
    uvec4 words = EIGHT(k, position);
    return key < arguments.keys && eight < HEAD_EIGHTS ? words : uvec4(0);
}

uvec4 value_eight(uint first_key, uint i, uint channels) {
    uint key = first_key + i / EIGHTS, eight = i % EIGHTS;
    uint token = gl_WorkGroupID.z * arguments.keys + min(key, arguments.keys - 1);
    uint position = arguments.v_offset + token * arguments.v_stride + channels + 8 * min(eight, HEAD_EIGHTS - 1);
    uvec4 words = EIGHT(v, position);
    return key < arguments.keys && eight < HEAD_EIGHTS ? words : uvec4(0);
}

void fetch(uint first_key, uint channels) {
    if (AHEAD == 0) return;
    UNROLL for (uint read = 0; read < READS; ++read) {
        uint i = gl_LocalInvocationIndex + read * gl_WorkGroupSize.x;
        keys_next[read] = key_eight(first_key, i, channels);
        values_next[read] = value_eight(first_key, i, channels);
    }
}

void put_down(uint first_key, uint channels) {
    UNROLL for (uint read = 0; read < READS; ++read) {
        uint i = gl_LocalInvocationIndex + read * gl_WorkGroupSize.x;
        if (KEYS * EIGHTS % gl_WorkGroupSize.x != 0 && i >= KEYS * EIGHTS) break;
        uint place = i / EIGHTS * PITCH + i % EIGHTS;
        if (AHEAD != 0) {
            key_tile[place] = keys_next[read];
            value_tile[place] = values_next[read];
        } else {
            key_tile[place] = key_eight(first_key, i, channels);
            value_tile[place] = value_eight(first_key, i, channels);
        }
    }
}

void main() {
    uint threads = gl_WorkGroupSize.x;
    uint thread = gl_LocalInvocationIndex;
    uint head = gl_WorkGroupID.y;
    uint batch = gl_WorkGroupID.z;
    uint first_query = gl_WorkGroupID.x * QUERIES;
    uint channels = head * HEAD_WIDTH;
    // The first of the subgroup's rows; that of the invocation, and which of those that share it this is.
    uint row = SUBGROUP * UNIT_ROWS;
    uint own_row = row + LANE / LANES_A_ROW;
    uint share = LANE % LANES_A_ROW;

    fetch(0, channels);
    for (uint i = thread; i < QUERIES * EIGHTS; i += threads) {
        uint query = i / EIGHTS, eight = i % EIGHTS;
        uint token = batch * arguments.queries + min(first_query + query, arguments.queries - 1);
        uint position = arguments.q_offset + token * arguments.q_stride + channels + 8 * min(eight, HEAD_EIGHTS - 1);
        uvec4 words = EIGHT(q, position);
        query_tile[query * PITCH + eight] = eight < HEAD_EIGHTS ? words : uvec4(0);
    }
    // Of each query: the largest score so far, this invocation's part of the sum of weights and of the result, and what the
    // last block scaled the past by.
    float largest[ROWS_A_LANE];
    float total[ROWS_A_LANE];
    float decay[ROWS_A_LANE];
    vec4 result[ROWS_A_LANE * QUADS];
    UNROLL for (uint i = 0; i < ROWS_A_LANE; ++i) {
        largest[i] = -3.0e38;
        total[i] = 0.0;
    }
    UNROLL for (uint i = 0; i < ROWS_A_LANE * QUADS; ++i) result[i] = vec4(0.0);

    barrier();
    RowFactor queries[PADDED_WIDTH / UNIT_DEPTH];
    UNROLL for (uint depth = 0; depth < PADDED_WIDTH / UNIT_DEPTH; ++depth) {
        LOAD_ROWS(queries[depth], query_tile, row * PITCH + depth * (UNIT_DEPTH / 8), PITCH);
    }

    for (uint first_key = 0; first_key < arguments.keys; first_key += KEYS) {
        put_down(first_key, channels);
        barrier();
        fetch(first_key + KEYS, channels);
        UNROLL for (uint column = 0; column < KEYS; column += UNIT_COLUMNS) {
            Sums sums;
            CLEAR(sums);
            UNROLL for (uint depth = 0; depth < PADDED_WIDTH / UNIT_DEPTH; ++depth) {
                ColumnFactor keys;
                LOAD_COLUMNS(keys, key_tile, column * PITCH + depth * (UNIT_DEPTH / 8), PITCH);
                MULTIPLY(queries[depth], keys, sums);
            }
            LAY_DOWN(sums, sum_tile, row * SUM_PITCH + column / 4, SUM_PITCH);
        }
        barrier();

        // Those that share a query all look for its largest score; each takes its own keys' weights.
        uint key_count = min(KEYS, arguments.keys - first_key);
        UNROLL for (uint i = 0; i < ROWS_A_LANE; ++i) {
            uint query = own_row + i * LANES;
            float most = largest[i];
            UNROLL for (uint quad = 0; quad < KEYS / 4; ++quad) {
                vec4 scores = uintBitsToFloat(sum_tile[query * SUM_PITCH + quad]) * arguments.scale;
                uvec4 key = 4 * quad + uvec4(0, 1, 2, 3);
                scores = mix(vec4(-3.0e38), scores, lessThan(key, uvec4(key_count)));
                most = max(max(most, max(scores.x, scores.y)), max(scores.z, scores.w));
            }
            decay[i] = exp(max(largest[i] - most, -80.0));
            largest[i] = most;
            total[i] *= decay[i];
            UNROLL for (uint j = 0; j < OWN_EIGHTS; ++j) {
                uint eight = share + j * LANES_A_ROW;
                vec4 weights[2];
                UNROLL for (uint side = 0; side < 2; ++side) {
                    uint quad = 2 * eight + side;
                    vec4 scores = uintBitsToFloat(sum_tile[query * SUM_PITCH + quad]) * arguments.scale;
                    uvec4 key = 4 * quad + uvec4(0, 1, 2, 3);
                    vec4 all = exp(max(scores - most, vec4(-80.0)));
                    weights[side] = mix(vec4(0.0), all, lessThan(key, uvec4(key_count)));
                    total[i] += dot(weights[side], vec4(1.0));
                }
                weight_tile[query * WEIGHT_PITCH + eight] = uvec4(
                    packHalf2x16(weights[0].xy), packHalf2x16(weights[0].zw),
                    packHalf2x16(weights[1].xy), packHalf2x16(weights[1].zw));
            }
        }
        barrier();

        UNROLL for (uint column = 0; column < PADDED_WIDTH; column += UNIT_COLUMNS) {
            Sums sums;
            CLEAR(sums);
            UNROLL for (uint depth = 0; depth < KEYS; depth += UNIT_DEPTH) {
                RowFactor weights;
                LOAD_ROWS(weights, weight_tile, row * WEIGHT_PITCH + depth / 8, WEIGHT_PITCH);
                ColumnFactor values;
                LOAD_DEPTHS(values, value_tile, depth * PITCH + column / 8, PITCH);
                MULTIPLY(weights, values, sums);
            }
            LAY_DOWN(sums, sum_tile, row * SUM_PITCH + column / 4, SUM_PITCH);
        }
        barrier();
        UNROLL for (uint i = 0; i < ROWS_A_LANE; ++i) {
            UNROLL for (uint j = 0; j < QUADS; ++j) {
                uint place = (own_row + i * LANES) * SUM_PITCH + share + j * LANES_A_ROW;
                result[i * QUADS + j] = result[i * QUADS + j] * decay[i] + uintBitsToFloat(sum_tile[place]);
            }
        }
    }

    UNROLL for (uint i = 0; i < ROWS_A_LANE; ++i) {
        barrier();
        totals[thread] = total[i];
        barrier();
        float sum = 0.0;
        UNROLL for (uint other = 0; other < LANES_A_ROW; ++other) sum += totals[thread - share + other];
        uint query = first_query + own_row + i * LANES;
        uint token = batch * arguments.queries + query;
        UNROLL for (uint j = 0; j < QUADS; ++j) {
            uint channel = 4 * (share + j * LANES_A_ROW);
            vec4 values = result[i * QUADS + j] / sum;
            if (query < arguments.queries && channel < HEAD_WIDTH) {
                uint position = arguments.y_offset + (token * arguments.heads + head) * HEAD_WIDTH + channel;
                store_y(position, values.x);
                store_y(position + 1, values.y);
                store_y(position + 2, values.z);
                store_y(position + 3, values.w);
            }
        }
    }
}
