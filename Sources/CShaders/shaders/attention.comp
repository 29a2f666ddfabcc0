// Attention without a matrix of scores in memory: keys in blocks, softmax kept up to date (arXiv 2205.14135).
//
// The invocations share the scores of a block of keys among them, then its weights, then the sums of values. Queries, keys and
// values come to shared memory in parts of a head's channels, keys and values by turns to the same place.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "prelude.glsl"

layout(local_size_x = 128, local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD_WIDTH = 64;
// Queries of a workgroup: a multiple of eight.
layout(constant_id = 2) const uint QUERIES = 32;
// Invocations side by side over a part's channels, four each; there are as many rows of them as queries, or fewer.
layout(constant_id = 3) const uint ACROSS = 16;
// Of keys and values: those of the second follow those of the first.
layout(constant_id = 4) const uint STRETCHES = 1;
// Whether all of it lies in eights that never straddle a head: then eight elements are one read.
layout(constant_id = 5) const uint IN_EIGHTS = 0;

layout(push_constant) uniform Arguments { cs_attention arguments; };
#define UNROLL [[unroll]]
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

const uint KEYS = 32;
// Channels of a part, and parts of a head.
const uint WIDTH = 4 * ACROSS;
const uint PARTS = (HEAD_WIDTH + WIDTH - 1) / WIDTH;
// Words of four floats; rows are padded by one against bank conflicts.
const uint PITCH = ACROSS + 1;
const uint WEIGHT_PITCH = KEYS / 4 + 1;
shared vec4 query_tile[QUERIES * PITCH];
// Of keys, then of values.
shared vec4 tile[KEYS * PITCH];
// Scores, then weights. [query, key]
shared vec4 weights[QUERIES * WEIGHT_PITCH];
// What the last block scaled the past of a query by; in the end what it is divided by.
shared float decay[QUERIES];
// What those that share a query tell each other.
shared float shares[gl_WorkGroupSize.x];

// Scores: an invocation has two keys of SCORE_ROWS queries.
const uint KEY_LANES = KEYS / 2;
const uint SCORE_ROWS = QUERIES * KEY_LANES / gl_WorkGroupSize.x;
// Weights: so many invocations share a query, with so many keys each.
const uint LANES = gl_WorkGroupSize.x / QUERIES;
const uint OWN_KEYS = KEYS / LANES;
// Sums: an invocation has four channels of SUM_ROWS queries.
const uint DOWN = gl_WorkGroupSize.x / ACROSS;
const uint SUM_ROWS = QUERIES / DOWN;

// No score is below it: a query whose largest score it still is in the end has none but −∞, and no average of values.
const float LEAST = -3.0e38;

// e to what is at most zero. A NaN must show in the result, and max may give its other operand for one.
float weight_of(float distance) { return exp(isnan(distance) ? distance : max(distance, -80.0)); }

// A block of keys: which stretch it belongs to, its first token there, and how many there are from it on.
struct Block {
    bool is_more;
    uint first;
    uint count;
};

Block block_at(uint index) {
    uint first_blocks = (arguments.keys + KEYS - 1) / KEYS;
    if (STRETCHES == 1 || index < first_blocks) {
        uint first = index * KEYS;
        return Block(false, gl_WorkGroupID.z * arguments.keys + first, arguments.keys - first);
    }
    uint first = (index - first_blocks) * KEYS;
    return Block(true, gl_WorkGroupID.z * arguments.more_keys + first, arguments.more_keys - first);
}

// Brings a part of the channels of `row_count` rows to `target`, zeros where there is no row or channel. What lies outside is read
// from the nearest place inside, and everything before anything is put down: a branch around a read, or what is done with it,
// would make the next one wait.
#define BRING(target, rows, row_count, name, first_position, stride, part, factor) { \
    const uint EIGHTS = WIDTH / 8; \
    const uint READS = ((rows) * EIGHTS + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x; \
    if (IN_EIGHTS != 0) { \
        Raw raws[READS]; \
        UNROLL for (uint read = 0; read < READS; ++read) { \
            uint i = gl_LocalInvocationIndex + read * gl_WorkGroupSize.x; \
            uint row = min(i / EIGHTS, (row_count) - 1), channel = min((part) * WIDTH + 8 * (i % EIGHTS), HEAD_WIDTH - 8); \
            raws[read] = raw_of_##name((first_position) + row * (stride) + channel); \
        } \
        UNROLL for (uint read = 0; read < READS; ++read) { \
            uint i = gl_LocalInvocationIndex + read * gl_WorkGroupSize.x; \
            uint row = i / EIGHTS, eight = i % EIGHTS; \
            bvec4 exists = bvec4(row < (row_count) && (part) * WIDTH + 8 * eight < HEAD_WIDTH); \
            Eight values = eight_from_##name(raws[read]); \
            if ((rows) * EIGHTS % gl_WorkGroupSize.x == 0 || row < (rows)) { \
                target[row * PITCH + 2 * eight] = mix(vec4(0.0), values.low * (factor), exists); \
                target[row * PITCH + 2 * eight + 1] = mix(vec4(0.0), values.high * (factor), exists); \
            } \
        } \
    } else { \
        for (uint i = gl_LocalInvocationIndex; i < (rows) * WIDTH; i += gl_WorkGroupSize.x) { \
            uint row = i / WIDTH, place = i % WIDTH, channel = (part) * WIDTH + place; \
            float value = 0.0; \
            if (row < (row_count) && channel < HEAD_WIDTH) { \
                value = load_##name((first_position) + row * (stride) + channel) * (factor); \
            } \
            target[row * PITCH + place / 4][place % 4] = value; \
        } \
    } \
}

#define BRING_BLOCK(block, part, name, more_name, offset, stride, more_offset, more_stride) { \
    uint channels = gl_WorkGroupID.y * HEAD_WIDTH; \
    if (STRETCHES == 1 || !block.is_more) { \
        uint first = arguments.offset + block.first * arguments.stride + channels; \
        BRING(tile, KEYS, block.count, name, first, arguments.stride, part, 1.0) \
    } else { \
        uint first = arguments.more_offset + block.first * arguments.more_stride + channels; \
        BRING(tile, KEYS, block.count, more_name, first, arguments.more_stride, part, 1.0) \
    } \
}

void main() {
    uint thread = gl_LocalInvocationIndex;
    uint head = gl_WorkGroupID.y;
    uint batch = gl_WorkGroupID.z;
    uint first_query = gl_WorkGroupID.x * QUERIES;
    uint query_count = arguments.queries - first_query;
    uint first_position = arguments.q_offset + (batch * arguments.queries + first_query) * arguments.q_stride + head * HEAD_WIDTH;

    uint key_lane = thread % KEY_LANES, first_row = thread / KEY_LANES * SCORE_ROWS;
    uint own_row = thread / LANES, share = thread % LANES;
    uint across = thread % ACROSS, down = thread / ACROSS;
    vec4 sums[SUM_ROWS * PARTS];
    UNROLL for (uint i = 0; i < SUM_ROWS * PARTS; ++i) sums[i] = vec4(0.0);
    // Of the query that is shared: the largest score so far, and this invocation's part of the sum of weights.
    float largest = LEAST;
    float total = 0.0;

    uint blocks = (arguments.keys + KEYS - 1) / KEYS;
    if (STRETCHES != 1) blocks += (arguments.more_keys + KEYS - 1) / KEYS;
    for (uint index = 0; index < blocks; ++index) {
        Block block = block_at(index);
        float scores[2 * SCORE_ROWS];
        UNROLL for (uint i = 0; i < 2 * SCORE_ROWS; ++i) scores[i] = 0.0;
        for (uint part = 0; part < PARTS; ++part) {
            barrier();
            // Queries of one part stay.
            if (PARTS > 1 || index == 0) {
                BRING(query_tile, QUERIES, query_count, q, first_position, arguments.q_stride, part, arguments.scale)
            }
            BRING_BLOCK(block, part, k, more_k, k_offset, k_stride, more_k_offset, more_k_stride)
            barrier();
            for (uint word = 0; word < ACROSS; ++word) {
                vec4 first = tile[key_lane * PITCH + word], second = tile[(key_lane + KEY_LANES) * PITCH + word];
                UNROLL for (uint i = 0; i < SCORE_ROWS; ++i) {
                    vec4 query = query_tile[(first_row + i) * PITCH + word];
                    scores[2 * i] += dot(query, first);
                    scores[2 * i + 1] += dot(query, second);
                }
            }
        }
        UNROLL for (uint i = 0; i < 2 * SCORE_ROWS; ++i) {
            uint key = key_lane + i % 2 * KEY_LANES;
            weights[(first_row + i / 2) * WEIGHT_PITCH + key / 4][key % 4] = scores[i];
        }
        barrier();

        // Those that share a query look for its largest score together; each takes its own keys' weights.
        float most = LEAST;
        UNROLL for (uint i = 0; i < OWN_KEYS; ++i) {
            uint key = share * OWN_KEYS + i;
            if (key < block.count) most = max(most, weights[own_row * WEIGHT_PITCH + key / 4][key % 4]);
        }
        shares[thread] = most;
        barrier();
        most = largest;
        UNROLL for (uint i = 0; i < LANES; ++i) most = max(most, shares[own_row * LANES + i]);
        float factor = weight_of(largest - most);
        largest = most;
        total *= factor;
        UNROLL for (uint i = 0; i < OWN_KEYS; ++i) {
            uint key = share * OWN_KEYS + i, place = own_row * WEIGHT_PITCH + key / 4;
            float weight = key < block.count ? weight_of(weights[place][key % 4] - most) : 0.0;
            weights[place][key % 4] = weight;
            total += weight;
        }
        if (share == 0) decay[own_row] = factor;

        UNROLL for (uint part = 0; part < PARTS; ++part) {
            // Of the first part nobody reads the keys any more.
            if (part > 0) barrier();
            BRING_BLOCK(block, part, v, more_v, v_offset, v_stride, more_v_offset, more_v_stride)
            barrier();
            UNROLL for (uint i = 0; i < SUM_ROWS; ++i) sums[i * PARTS + part] *= decay[down + i * DOWN];
            for (uint word = 0; word < KEYS / 4; ++word) {
                vec4 values[4];
                UNROLL for (uint key = 0; key < 4; ++key) values[key] = tile[(4 * word + key) * PITCH + across];
                UNROLL for (uint i = 0; i < SUM_ROWS; ++i) {
                    vec4 own = weights[(down + i * DOWN) * WEIGHT_PITCH + word];
                    UNROLL for (uint key = 0; key < 4; ++key) {
                        sums[i * PARTS + part] = fma(vec4(own[key]), values[key], sums[i * PARTS + part]);
                    }
                }
            }
        }
    }

    barrier();
    shares[thread] = total;
    barrier();
    float divisor = 0.0;
    UNROLL for (uint i = 0; i < LANES; ++i) divisor += shares[own_row * LANES + i];
    if (share == 0) decay[own_row] = largest > LEAST ? divisor : uintBitsToFloat(0x7fc00000u);
    barrier();
    UNROLL for (uint i = 0; i < SUM_ROWS; ++i) {
        uint query = down + i * DOWN;
        if (query >= query_count) continue;
        uint token = batch * arguments.queries + first_query + query;
        UNROLL for (uint part = 0; part < PARTS; ++part) {
            uint channel = part * WIDTH + 4 * across;
            uint position = arguments.y_offset + (token * arguments.heads + head) * HEAD_WIDTH + channel;
            for (uint j = 0; j < 4 && channel + j < HEAD_WIDTH; ++j) {
                store_y(position + j, sums[i * PARTS + part][j] / decay[query]);
            }
        }
    }
}
