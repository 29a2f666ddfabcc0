// Attention by the device's matrix units, without a matrix of scores in memory (arXiv 2205.14135): float16 queries,
// keys, values and weights of the softmax, float32 scores and sums.
#version 450
#extension GL_GOOGLE_include_directive : require
#ifndef EMULATED
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
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
// All rows are padded against bank conflicts.
const uint PITCH = EIGHTS + 1;
const uint WEIGHT_PITCH = KEYS / 8 + 1;
const uint SCORE_PITCH = KEYS + 4;
const uint SUM_PITCH = PADDED_WIDTH + 4;

shared uvec4 query_tile[QUERIES * PITCH];
// Keys, then values of the same block.
shared uvec4 block_tile[KEYS * PITCH];
shared float scores[QUERIES * SCORE_PITCH];
shared uvec4 weight_tile[QUERIES * WEIGHT_PITCH];
shared float sum_tile[QUERIES * SUM_PITCH];
// Of each query: the largest score so far, the sum of weights, and what the last block scaled the past by.
shared float largest[QUERIES];
shared float total[QUERIES];
shared float decay[QUERIES];

// Eight neighbours from `position` on, whatever their storage.
#define EIGHT(name, position) \
    (IN_EIGHTS != 0 ? name##_128.v[(position) / 8] \
     : uvec4( \
         packHalf2x16(vec2(load_##name(position), load_##name((position) + 1))), \
         packHalf2x16(vec2(load_##name((position) + 2), load_##name((position) + 3))), \
         packHalf2x16(vec2(load_##name((position) + 4), load_##name((position) + 5))), \
         packHalf2x16(vec2(load_##name((position) + 6), load_##name((position) + 7)))))

void main() {
    uint threads = gl_WorkGroupSize.x;
    uint thread = gl_LocalInvocationIndex;
    uint head = gl_WorkGroupID.y;
    uint batch = gl_WorkGroupID.z;
    uint first_query = gl_WorkGroupID.x * QUERIES;
    uint channels = head * HEAD_WIDTH;
    // The first of the subgroup's rows.
    uint row = SUBGROUP * UNIT_ROWS;

    for (uint i = thread; i < QUERIES * EIGHTS; i += threads) {
        uint query = i / EIGHTS, eight = i % EIGHTS;
        uint token = batch * arguments.queries + min(first_query + query, arguments.queries - 1);
        uint position = arguments.q_offset + token * arguments.q_stride + channels + 8 * min(eight, HEAD_EIGHTS - 1);
        uvec4 words = EIGHT(q, position);
        query_tile[query * PITCH + eight] = eight < HEAD_EIGHTS ? words : uvec4(0);
    }
    for (uint i = thread; i < QUERIES; i += threads) {
        largest[i] = -3.0e38;
        total[i] = 0.0;
    }
    for (uint i = thread; i < QUERIES * SUM_PITCH; i += threads) sum_tile[i] = 0.0;

    for (uint first_key = 0; first_key < arguments.keys; first_key += KEYS) {
        uint key_count = min(KEYS, arguments.keys - first_key);
        uint first_token = batch * arguments.keys + first_key;

        barrier();
        for (uint i = thread; i < KEYS * EIGHTS; i += threads) {
            uint key = i / EIGHTS, eight = i % EIGHTS;
            uint token = first_token + min(key, key_count - 1);
            uint position = arguments.k_offset + token * arguments.k_stride + channels + 8 * min(eight, HEAD_EIGHTS - 1);
            uvec4 words = EIGHT(k, position);
            block_tile[key * PITCH + eight] = eight < HEAD_EIGHTS ? words : uvec4(0);
        }
        barrier();
        for (uint column = 0; column < KEYS; column += UNIT_COLUMNS) {
            Sums sums;
            CLEAR(sums);
            for (uint depth = 0; depth < PADDED_WIDTH; depth += UNIT_DEPTH) {
                RowFactor queries;
                LOAD_ROWS(queries, query_tile, row * PITCH + depth / 8, PITCH);
                ColumnFactor keys;
                LOAD_COLUMNS(keys, block_tile, column * PITCH + depth / 8, PITCH);
                MULTIPLY(queries, keys, sums);
            }
            LAY_DOWN(sums, scores, row * SCORE_PITCH + column, SCORE_PITCH);
        }
        barrier();

        // The keys are done with: their place takes the values. Beyond the last they are zero, as the weights are.
        for (uint i = thread; i < KEYS * EIGHTS; i += threads) {
            uint key = i / EIGHTS, eight = i % EIGHTS;
            uint token = first_token + min(key, key_count - 1);
            uint position = arguments.v_offset + token * arguments.v_stride + channels + 8 * min(eight, HEAD_EIGHTS - 1);
            uvec4 words = EIGHT(v, position);
            block_tile[key * PITCH + eight] = key < key_count && eight < HEAD_EIGHTS ? words : uvec4(0);
        }
        for (uint query = thread; query < QUERIES; query += threads) {
            float most = largest[query];
            for (uint key = 0; key < key_count; ++key) {
                most = max(most, scores[query * SCORE_PITCH + key] * arguments.scale);
            }
            decay[query] = exp(max(largest[query] - most, -80.0));
            largest[query] = most;
        }
        barrier();
        for (uint i = thread; i < QUERIES * (KEYS / 8); i += threads) {
            uint query = i / (KEYS / 8), eight = i % (KEYS / 8);
            float weights[8];
            for (uint j = 0; j < 8; ++j) {
                uint place = query * SCORE_PITCH + 8 * eight + j;
                bool exists = 8 * eight + j < key_count;
                weights[j] = exists ? exp(max(scores[place] * arguments.scale - largest[query], -80.0)) : 0.0;
                scores[place] = weights[j];
            }
            weight_tile[query * WEIGHT_PITCH + eight] = uvec4(
                packHalf2x16(vec2(weights[0], weights[1])), packHalf2x16(vec2(weights[2], weights[3])),
                packHalf2x16(vec2(weights[4], weights[5])), packHalf2x16(vec2(weights[6], weights[7])));
        }
        for (uint i = thread; i < QUERIES * PADDED_WIDTH; i += threads) {
            sum_tile[i / PADDED_WIDTH * SUM_PITCH + i % PADDED_WIDTH] *= decay[i / PADDED_WIDTH];
        }
        barrier();
        for (uint query = thread; query < QUERIES; query += threads) {
            float sum = 0.0;
            for (uint key = 0; key < key_count; ++key) sum += scores[query * SCORE_PITCH + key];
            total[query] = total[query] * decay[query] + sum;
        }
        for (uint column = 0; column < PADDED_WIDTH; column += UNIT_COLUMNS) {
            Sums sums;
            TAKE_UP(sums, sum_tile, row * SUM_PITCH + column, SUM_PITCH);
            for (uint depth = 0; depth < KEYS; depth += UNIT_DEPTH) {
                RowFactor weights;
                LOAD_ROWS(weights, weight_tile, row * WEIGHT_PITCH + depth / 8, WEIGHT_PITCH);
                ColumnFactor values;
                LOAD_DEPTHS(values, block_tile, depth * PITCH + column / 8, PITCH);
                MULTIPLY(weights, values, sums);
            }
            LAY_DOWN(sums, sum_tile, row * SUM_PITCH + column, SUM_PITCH);
        }
    }
    barrier();

    for (uint i = thread; i < QUERIES * HEAD_WIDTH; i += threads) {
        uint query = i / HEAD_WIDTH, channel = i % HEAD_WIDTH;
        if (first_query + query >= arguments.queries) break;
        uint token = batch * arguments.queries + first_query + query;
        uint position = (token * arguments.heads + head) * HEAD_WIDTH + channel;
        store_y(arguments.y_offset + position, sum_tile[query * SUM_PITCH + channel] / total[query]);
    }
}
