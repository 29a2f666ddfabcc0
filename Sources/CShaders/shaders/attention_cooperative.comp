// Attention by the device's matrix units, without a matrix of scores in memory (arXiv 2205.14135): float16 queries,
// keys, values and weights of the softmax, float32 scores and sums.
//
// A subgroup has PART_ROWS queries. Its scores go through shared memory to its invocations, which have a query each or share one,
// and their weights back to the units, where the results stay: nobody but the subgroup waits for that. Keys and values come in
// two tiles by turns, so that all subgroups meet once for each block of keys; the next block comes from memory meanwhile.
#version 450
#extension GL_GOOGLE_include_directive : require
#ifndef EMULATED
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#define HALF_CONVERSIONS
#endif
#extension GL_EXT_control_flow_attributes : require
#include "prelude.glsl"

layout(local_size_x = 128, local_size_x_id = 0) in;
// A multiple of eight.
layout(constant_id = 1) const uint HEAD_WIDTH = 64;
// Queries of a workgroup, and of each of its subgroups: a multiple of UNIT_ROWS.
layout(constant_id = 2) const uint QUERIES = 64;
layout(constant_id = 3) const uint PART_ROWS = 16;
// Keys of a block, a multiple of UNIT_COLUMNS and of UNIT_DEPTH for each invocation that shares a query.
layout(constant_id = 4) const uint KEYS = 32;
// The head with zeros behind it, up to a multiple of UNIT_COLUMNS and UNIT_DEPTH.
layout(constant_id = 5) const uint PADDED_WIDTH = 64;
// Whether there are registers for the next block's keys and values to come early.
layout(constant_id = 6) const uint AHEAD = 0;
// Tiles of keys and of values: with one instead of two, all subgroups wait before it is filled again.
layout(constant_id = 7) const uint TILES = 2;
layout(constant_id = 8) const uint UNIT_ROWS = 16;
layout(constant_id = 9) const uint UNIT_COLUMNS = 16;
layout(constant_id = 10) const uint UNIT_DEPTH = 16;
// Of keys and values: those of the second follow those of the first.
layout(constant_id = 11) const uint STRETCHES = 1;
// Whether all of it lies in eights that never straddle a head: then eight elements are one read.
layout(constant_id = 12) const uint IN_EIGHTS = 0;

layout(push_constant) uniform Arguments { cs_attention arguments; };
#include "units.glsl"
#include "eights.glsl"
INPUT(0, q)
INPUT_EIGHTS(0, q)
INPUT(1, k)
INPUT_EIGHTS(1, k)
INPUT(2, v)
INPUT_EIGHTS(2, v)
INPUT(3, more_k)
INPUT_EIGHTS(3, more_k)
INPUT(4, more_v)
INPUT_EIGHTS(4, more_v)
OUTPUT(5, y)
OUTPUT_EIGHTS(5, y)

// Either several invocations share a query or one has several.
const uint LANES = gl_WorkGroupSize.x / (QUERIES / PART_ROWS);
const uint LANES_A_ROW = LANES > PART_ROWS ? LANES / PART_ROWS : 1;
const uint ROWS_A_LANE = LANES > PART_ROWS ? 1 : PART_ROWS / LANES;
// Scores of a query that an invocation has: neighbours.
const uint OWN_KEYS = KEYS / LANES_A_ROW;

const uint HEAD_EIGHTS = HEAD_WIDTH / 8;
const uint EIGHTS = PADDED_WIDTH / 8;
// In words of 16 bytes; all rows are padded against bank conflicts.
const uint PITCH = EIGHTS + 1;
// A row of scores becomes one of weights: those of an invocation lie where its scores began. Behind them, or behind all, is
// what the past is scaled by, as often as a unit has columns.
const uint HAS_ROOM = OWN_KEYS / 8 >= UNIT_COLUMNS / 4 ? 1 : 0;
const uint DECAY_PLACE = HAS_ROOM != 0 ? OWN_KEYS / 8 : KEYS / 4;
const uint SCORE_PITCH = KEYS / 4 + (HAS_ROOM != 0 ? 0 : UNIT_COLUMNS / 4) + 1;
const uint RESULT_PITCH = PADDED_WIDTH / 4 + 1;

// Keys, then values, then rows of scores. At first the queries lie over them, in the end the results.
const uint VALUE_PLACE = TILES * KEYS * PITCH;
const uint SCORE_PLACE = 2 * VALUE_PLACE;
const uint BLOCK_WORDS = SCORE_PLACE + QUERIES * SCORE_PITCH;
const uint RESULT_WORDS = QUERIES * RESULT_PITCH;
shared uvec4 words[BLOCK_WORDS > RESULT_WORDS ? BLOCK_WORDS : RESULT_WORDS];

// No score is below it: a query whose largest score it still is in the end has none but −∞, and no average of values.
const float LEAST = -3.0e38;

const uint UNITS_DOWN = PART_ROWS / UNIT_ROWS;
const uint UNITS_ACROSS = PADDED_WIDTH / UNIT_COLUMNS;
const uint UNITS_DEEP = PADDED_WIDTH / UNIT_DEPTH;

// Eight neighbours from `position` on as float16, whatever their storage.
#define HALVES(name) \
    uvec4 halves_of_##name(uint position) { \
        if (IN_EIGHTS != 0) { \
            if (name##_type == CS_FLOAT16) return name##_128.v[position / 8]; \
            return packed_halves(eight_of_##name(position)); \
        } \
        return uvec4( \
            half_pair(vec2(load_##name(position), load_##name(position + 1))), \
            half_pair(vec2(load_##name(position + 2), load_##name(position + 3))), \
            half_pair(vec2(load_##name(position + 4), load_##name(position + 5))), \
            half_pair(vec2(load_##name(position + 6), load_##name(position + 7)))); \
    }
HALVES(q)
HALVES(k)
HALVES(v)
HALVES(more_k)
HALVES(more_v)

// A block of keys: which stretch it belongs to, its first key there, and how many there are from it on.
struct Block {
    bool is_more;
    uint first_key;
    uint key_count;
};

Block block_at(uint index) {
    uint first_blocks = (arguments.keys + KEYS - 1) / KEYS;
    if (STRETCHES == 1 || index < first_blocks) return Block(false, index * KEYS, arguments.keys - index * KEYS);
    uint first_key = (index - first_blocks) * KEYS;
    return Block(true, first_key, arguments.more_keys - first_key);
}

// Eights that an invocation reads of a block, of keys and of values alike.
const uint READS = (KEYS * EIGHTS + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
uvec4 keys_next[AHEAD != 0 ? READS : 1];
uvec4 values_next[AHEAD != 0 ? READS : 1];

// Channels and token of a read. What lies outside is read from the nearest place inside, because a branch around a read would
// make the next one wait for it; and nothing is done to it, because that would wait for the read itself: keys outside get no
// weight, a key's channels outside meet zeros of the query, and a value's are not stored.
struct Place {
    uint token;
    uint channel;
};

Place place_of(Block block, uint i, uint count) {
    uint key = block.first_key + i / EIGHTS, eight = i % EIGHTS;
    return Place(
        gl_WorkGroupID.z * count + min(key, count - 1),
        gl_WorkGroupID.y * HEAD_WIDTH + 8 * min(eight, HEAD_EIGHTS - 1));
}

#define BLOCK_EIGHT(kind, name, count, offset, stride) \
    uvec4 kind##_eight(Block block, uint i) { \
        Place place = place_of(block, i, arguments.count); \
        return halves_of_##name(arguments.offset + place.token * arguments.stride + place.channel); \
    }
BLOCK_EIGHT(key, k, keys, k_offset, k_stride)
BLOCK_EIGHT(value, v, keys, v_offset, v_stride)
BLOCK_EIGHT(more_key, more_k, more_keys, more_k_offset, more_k_stride)
BLOCK_EIGHT(more_value, more_v, more_keys, more_v_offset, more_v_stride)

void fetch(Block block) {
    if (AHEAD == 0) return;
    if (STRETCHES == 1 || !block.is_more) {
        UNROLL for (uint read = 0; read < READS; ++read) {
            uint i = gl_LocalInvocationIndex + read * gl_WorkGroupSize.x;
            keys_next[read] = key_eight(block, i);
            values_next[read] = value_eight(block, i);
        }
    } else {
        UNROLL for (uint read = 0; read < READS; ++read) {
            uint i = gl_LocalInvocationIndex + read * gl_WorkGroupSize.x;
            keys_next[read] = more_key_eight(block, i);
            values_next[read] = more_value_eight(block, i);
        }
    }
}

#define PUT_DOWN(key_source, value_source) \
    UNROLL for (uint read = 0; read < READS; ++read) { \
        uint i = gl_LocalInvocationIndex + read * gl_WorkGroupSize.x; \
        if (KEYS * EIGHTS % gl_WorkGroupSize.x == 0 || i < KEYS * EIGHTS) { \
            uint place = (which * KEYS + i / EIGHTS) * PITCH + i % EIGHTS; \
            words[place] = key_source; \
            words[VALUE_PLACE + place] = value_source; \
        } \
    }

void put_down(Block block, uint which) {
    if (AHEAD != 0) {
        PUT_DOWN(keys_next[read], values_next[read])
    } else if (STRETCHES == 1 || !block.is_more) {
        PUT_DOWN(key_eight(block, i), value_eight(block, i))
    } else {
        PUT_DOWN(more_key_eight(block, i), more_value_eight(block, i))
    }
}

void main() {
    uint threads = gl_WorkGroupSize.x;
    uint thread = gl_LocalInvocationIndex;
    uint head = gl_WorkGroupID.y;
    uint batch = gl_WorkGroupID.z;
    uint first_query = gl_WorkGroupID.x * QUERIES;
    uint channels = head * HEAD_WIDTH;
    // The first of the subgroup's rows; that of the invocation among them, and which of those that share it this is.
    uint row = SUBGROUP * PART_ROWS;
    uint own_row = LANE / LANES_A_ROW;
    uint share = LANE % LANES_A_ROW;
    uint scores = SCORE_PLACE + row * SCORE_PITCH;

    Block block = block_at(0);
    fetch(block);
    UNROLL for (uint read = 0; read < (QUERIES * EIGHTS + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x; ++read) {
        uint i = thread + read * threads;
        uint query = i / EIGHTS, eight = i % EIGHTS;
        uint token = batch * arguments.queries + min(first_query + query, arguments.queries - 1);
        uint position = arguments.q_offset + token * arguments.q_stride + channels + 8 * min(eight, HEAD_EIGHTS - 1);
        uvec4 halves = mix(uvec4(0), halves_of_q(position), bvec4(eight < HEAD_EIGHTS));
        if (QUERIES * EIGHTS % gl_WorkGroupSize.x == 0 || query < QUERIES) words[query * PITCH + eight] = halves;
    }
    barrier();
    RowFactor queries[UNITS_DOWN * UNITS_DEEP];
    UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) {
        UNROLL for (uint deep = 0; deep < UNITS_DEEP; ++deep) {
            uint first = (row + down * UNIT_ROWS) * PITCH + deep * (UNIT_DEPTH / 8);
            LOAD_ROWS(queries[down * UNITS_DEEP + deep], words, first, PITCH);
        }
    }
    // The queries' place is that of the first keys.
    barrier();
    put_down(block, 0);

    Sums result[UNITS_DOWN * UNITS_ACROSS];
    UNROLL for (uint i = 0; i < UNITS_DOWN * UNITS_ACROSS; ++i) { CLEAR(result[i]); }
    // Of each query: the largest score so far, and this invocation's part of the sum of weights.
    float largest[ROWS_A_LANE];
    float total[ROWS_A_LANE];
    UNROLL for (uint i = 0; i < ROWS_A_LANE; ++i) {
        largest[i] = LEAST;
        total[i] = 0.0;
    }

    uint blocks = (arguments.keys + KEYS - 1) / KEYS;
    if (STRETCHES != 1) blocks += (arguments.more_keys + KEYS - 1) / KEYS;
    uint which = 0;
    for (uint index = 0; index < blocks; ++index) {
        barrier();
        // Behind the last block the last once more, and it is put down once more as well: with a branch between, a compiler may
        // move the reads to where they are put down, and then every block waits for memory.
        Block next = block_at(min(index + 1, blocks - 1));
        fetch(next);
        UNROLL for (uint column = 0; column < KEYS; column += UNIT_COLUMNS) {
            Sums sums[UNITS_DOWN];
            UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) { CLEAR(sums[down]); }
            UNROLL for (uint deep = 0; deep < UNITS_DEEP; ++deep) {
                ColumnFactor keys;
                LOAD_COLUMNS(keys, words, (which * KEYS + column) * PITCH + deep * (UNIT_DEPTH / 8), PITCH);
                UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) {
                    MULTIPLY(queries[down * UNITS_DEEP + deep], keys, sums[down]);
                }
            }
            UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) {
                LAY_DOWN(sums[down], words, scores + down * UNIT_ROWS * SCORE_PITCH + column / 4, SCORE_PITCH);
            }
        }
        SUBGROUP_BARRIER();

        // Those that share a query look for its largest score together; each takes its own keys' weights.
        UNROLL for (uint i = 0; i < ROWS_A_LANE; ++i) {
            uint place = scores + (own_row + i * LANES) * SCORE_PITCH;
            uint own = place + share * (OWN_KEYS / 4);
            vec4 quads[OWN_KEYS / 4];
            UNROLL for (uint quad = 0; quad < OWN_KEYS / 4; ++quad) {
                quads[quad] = uintBitsToFloat(words[own + quad]) * arguments.scale;
            }
            if (block.key_count < KEYS) {
                UNROLL for (uint quad = 0; quad < OWN_KEYS / 4; ++quad) {
                    uvec4 key = share * OWN_KEYS + 4 * quad + uvec4(0, 1, 2, 3);
                    quads[quad] = mix(vec4(LEAST), quads[quad], lessThan(key, uvec4(block.key_count)));
                }
            }
            vec4 mosts = quads[0];
            UNROLL for (uint quad = 1; quad < OWN_KEYS / 4; ++quad) mosts = max(mosts, quads[quad]);
            float most = max(largest[i], max(max(mosts.x, mosts.y), max(mosts.z, mosts.w)));
            UNROLL for (uint distance = 1; distance < LANES_A_ROW; distance *= 2) {
                most = max(most, FROM_NEIGHBOUR(most, distance));
            }
            float decay = exp(max(largest[i] - most, -80.0));
            largest[i] = most;
            // What is outside has a weight of e⁻⁸⁰, which is nothing.
            vec4 sums = vec4(0.0);
            // Where a score is NaN or +∞ it is NaN, and that must show in the result: each max may give its other operand.
            vec4 distances = vec4(0.0);
            UNROLL for (uint quad = 0; quad < OWN_KEYS / 4; ++quad) {
                quads[quad] -= most;
                distances += quads[quad];
                quads[quad] = exp(max(quads[quad], vec4(-80.0)));
                sums += quads[quad];
            }
            float distance = dot(distances, vec4(1.0));
            total[i] = isnan(distance) ? distance : total[i] * decay + dot(sums, vec4(1.0));
            UNROLL for (uint eight = 0; eight < OWN_KEYS / 8; ++eight) {
                words[own + eight] = uvec4(
                    half_pair(quads[2 * eight].xy), half_pair(quads[2 * eight].zw),
                    half_pair(quads[2 * eight + 1].xy), half_pair(quads[2 * eight + 1].zw));
            }
            // Each writes a part of it; where it lies behind the first one's weights, only that one does.
            uvec4 decays = uvec4(floatBitsToUint(decay));
            if (HAS_ROOM == 0 || share == 0) {
                const uint step_size = HAS_ROOM == 0 ? LANES_A_ROW : 1;
                UNROLL for (uint quad = 0; quad < UNIT_COLUMNS / 4; quad += step_size) {
                    uint column = quad + (HAS_ROOM == 0 ? share : 0);
                    if (column < UNIT_COLUMNS / 4) words[place + DECAY_PLACE + column] = decays;
                }
            }
        }
        SUBGROUP_BARRIER();

        UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) {
            Sums decays;
            LOAD_SUMS(decays, words, scores + down * UNIT_ROWS * SCORE_PITCH + DECAY_PLACE, SCORE_PITCH);
            UNROLL for (uint across = 0; across < UNITS_ACROSS; ++across) {
                SCALE(result[down * UNITS_ACROSS + across], decays);
            }
        }
        UNROLL for (uint depth = 0; depth < KEYS; depth += UNIT_DEPTH) {
            RowFactor weights[UNITS_DOWN];
            uint place = depth / OWN_KEYS * (OWN_KEYS / 4) + depth % OWN_KEYS / 8;
            UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) {
                LOAD_ROWS(weights[down], words, scores + down * UNIT_ROWS * SCORE_PITCH + place, SCORE_PITCH);
            }
            UNROLL for (uint across = 0; across < UNITS_ACROSS; ++across) {
                ColumnFactor values;
                uint first = VALUE_PLACE + (which * KEYS + depth) * PITCH + across * (UNIT_COLUMNS / 8);
                LOAD_DEPTHS(values, words, first, PITCH);
                UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) {
                    MULTIPLY(weights[down], values, result[down * UNITS_ACROSS + across]);
                }
            }
        }
        block = next;
        if (TILES == 1) barrier();
        else which = 1 - which;
        put_down(block, which);
    }

    // What each row is divided by goes the way of the decays.
    SUBGROUP_BARRIER();
    UNROLL for (uint i = 0; i < ROWS_A_LANE; ++i) {
        float sum = largest[i] > LEAST ? total[i] : uintBitsToFloat(0x7fc00000u);
        UNROLL for (uint distance = 1; distance < LANES_A_ROW; distance *= 2) sum += FROM_NEIGHBOUR(sum, distance);
        uint place = scores + (own_row + i * LANES) * SCORE_PITCH + DECAY_PLACE;
        UNROLL for (uint quad = 0; quad < UNIT_COLUMNS / 4; ++quad) {
            if (share == 0) words[place + quad] = uvec4(floatBitsToUint(1.0 / sum));
        }
    }
    SUBGROUP_BARRIER();
    UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) {
        Sums factors;
        LOAD_SUMS(factors, words, scores + down * UNIT_ROWS * SCORE_PITCH + DECAY_PLACE, SCORE_PITCH);
        UNROLL for (uint across = 0; across < UNITS_ACROSS; ++across) {
            SCALE(result[down * UNITS_ACROSS + across], factors);
        }
    }
    // The results' place is that of everything else.
    barrier();
    UNROLL for (uint down = 0; down < UNITS_DOWN; ++down) {
        UNROLL for (uint across = 0; across < UNITS_ACROSS; ++across) {
            uint first = (row + down * UNIT_ROWS) * RESULT_PITCH + across * (UNIT_COLUMNS / 4);
            LAY_DOWN(result[down * UNITS_ACROSS + across], words, first, RESULT_PITCH);
        }
    }
    SUBGROUP_BARRIER();
    for (uint e = LANE; e < PART_ROWS * HEAD_EIGHTS; e += LANES) {
        uint query = row + e / HEAD_EIGHTS, eight = e % HEAD_EIGHTS;
        if (first_query + query >= arguments.queries) break;
        uint place = query * RESULT_PITCH + 2 * eight;
        Eight values = Eight(uintBitsToFloat(words[place]), uintBitsToFloat(words[place + 1]));
        uint token = batch * arguments.queries + first_query + query;
        uint position = arguments.y_offset + token * arguments.heads * HEAD_WIDTH + channels + 8 * eight;
        if (IN_EIGHTS != 0) {
            store_eight_of_y(position, values);
        } else {
            for (uint i = 0; i < 4; ++i) store_y(position + i, values.low[i]);
            for (uint i = 0; i < 4; ++i) store_y(position + 4 + i, values.high[i]);
        }
    }
}
