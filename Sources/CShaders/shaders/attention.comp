// Attention without a matrix of scores in memory: keys in blocks, softmax kept up to date (arXiv 2205.14135).
#version 450
#extension GL_GOOGLE_include_directive : require
#include "prelude.glsl"

layout(local_size_x = 128, local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD_WIDTH = 64;
// Queries of a workgroup and keys of a block.
layout(constant_id = 2) const uint QUERIES = 32;
layout(constant_id = 3) const uint KEYS = 32;
// Invocations side by side over a head's channels, at most HEAD_WIDTH, and rows of them.
layout(constant_id = 4) const uint ACROSS = 64;
layout(constant_id = 5) const uint DOWN = 2;
// Of keys and values: those of the second follow those of the first.
layout(constant_id = 6) const uint STRETCHES = 1;

layout(push_constant) uniform Arguments { cs_attention arguments; };
INPUT(0, q)
INPUT(1, k)
INPUT(2, v)
INPUT(3, more_k)
INPUT(4, more_v)
OUTPUT(5, y)

// Channels of keys held at a time.
const uint CHUNK = 32;
const uint KEY_PITCH = CHUNK + 1;
const uint QUERY_PITCH = HEAD_WIDTH + 1;
const uint QUERY_PARTS = (QUERIES + DOWN - 1) / DOWN;
const uint CHANNEL_PARTS = (HEAD_WIDTH + ACROSS - 1) / ACROSS;

shared float queries[QUERIES * QUERY_PITCH];
shared float keys[KEYS * KEY_PITCH];
// Scores, then weights. [query, key]
shared float weights[QUERIES * KEYS];
// Of each query: the largest score so far, the sum of weights, and what the last block scaled the past by.
shared float largest[QUERIES];
shared float total[QUERIES];
shared float decay[QUERIES];

// No score is below it: a query whose largest score it still is in the end has none but −∞, and no average of values.
const float LEAST = -3.0e38;

// e to what is at most zero. A NaN must show in the result, and max may give its other operand for one.
float weight_of(float distance) { return exp(isnan(distance) ? distance : max(distance, -80.0)); }

// Where a key's or value's channels begin.
uint position_of(uint stretch, uint token, uint offset, uint stride, uint more_offset, uint more_stride) {
    return stretch == 0 ? offset + (gl_WorkGroupID.z * arguments.keys + token) * stride
                        : more_offset + (gl_WorkGroupID.z * arguments.more_keys + token) * more_stride;
}

float key_element(uint stretch, uint token, uint channel) {
    uint position = channel + position_of(
        stretch, token, arguments.k_offset, arguments.k_stride, arguments.more_k_offset, arguments.more_k_stride);
    if (STRETCHES == 1 || stretch == 0) return load_k(position);
    return load_more_k(position);
}

float value_element(uint stretch, uint token, uint channel) {
    uint position = channel + position_of(
        stretch, token, arguments.v_offset, arguments.v_stride, arguments.more_v_offset, arguments.more_v_stride);
    if (STRETCHES == 1 || stretch == 0) return load_v(position);
    return load_more_v(position);
}

void main() {
    uint threads = gl_WorkGroupSize.x;
    uint thread = gl_LocalInvocationIndex;
    uint head = gl_WorkGroupID.y;
    uint batch = gl_WorkGroupID.z;
    uint first_query = gl_WorkGroupID.x * QUERIES;
    uint channels = head * HEAD_WIDTH;

    for (uint i = thread; i < QUERIES * HEAD_WIDTH; i += threads) {
        uint query = i / HEAD_WIDTH, channel = i % HEAD_WIDTH;
        uint token = min(first_query + query, arguments.queries - 1);
        uint position = (batch * arguments.queries + token) * arguments.q_stride + channels + channel;
        queries[query * QUERY_PITCH + channel] = load_q(arguments.q_offset + position) * arguments.scale;
    }
    for (uint i = thread; i < QUERIES; i += threads) {
        largest[i] = LEAST;
        total[i] = 0.0;
    }

    uint across = thread % ACROSS, down = thread / ACROSS;
    bool is_summing = down < DOWN;
    float sums[QUERY_PARTS * CHANNEL_PARTS];
    for (uint i = 0; i < QUERY_PARTS * CHANNEL_PARTS; ++i) sums[i] = 0.0;

    uint first_blocks = (arguments.keys + KEYS - 1) / KEYS;
    uint blocks = first_blocks + (STRETCHES == 1 ? 0 : (arguments.more_keys + KEYS - 1) / KEYS);
    for (uint block = 0; block < blocks; ++block) {
        uint stretch = block < first_blocks ? 0 : 1;
        uint first_key = (block - stretch * first_blocks) * KEYS;
        uint key_count = min(KEYS, (stretch == 0 ? arguments.keys : arguments.more_keys) - first_key);

        // Scores, a chunk of channels at a time.
        for (uint first = 0; first < HEAD_WIDTH; first += CHUNK) {
            uint width = min(CHUNK, HEAD_WIDTH - first);
            barrier();
            for (uint i = thread; i < KEYS * CHUNK; i += threads) {
                uint key = i / CHUNK, channel = i % CHUNK;
                float value = 0.0;
                if (key < key_count && channel < width) {
                    value = key_element(stretch, first_key + key, channels + first + channel);
                }
                keys[key * KEY_PITCH + channel] = value;
            }
            barrier();
            for (uint i = thread; i < QUERIES * KEYS; i += threads) {
                uint query = i / KEYS, key = i % KEYS;
                float score = first == 0 ? 0.0 : weights[i];
                for (uint channel = 0; channel < width; ++channel) {
                    score = fma(
                        queries[query * QUERY_PITCH + first + channel], keys[key * KEY_PITCH + channel], score);
                }
                weights[i] = score;
            }
        }
        barrier();

        for (uint query = thread; query < QUERIES; query += threads) {
            float most = largest[query];
            for (uint key = 0; key < key_count; ++key) most = max(most, weights[query * KEYS + key]);
            decay[query] = weight_of(largest[query] - most);
            largest[query] = most;
        }
        barrier();
        for (uint i = thread; i < QUERIES * KEYS; i += threads) {
            weights[i] = i % KEYS < key_count ? weight_of(weights[i] - largest[i / KEYS]) : 0.0;
        }
        barrier();
        for (uint query = thread; query < QUERIES; query += threads) {
            float sum = 0.0;
            for (uint key = 0; key < key_count; ++key) sum += weights[query * KEYS + key];
            // Before the first block there is nothing to keep.
            total[query] = (block == 0 ? 0.0 : total[query] * decay[query]) + sum;
        }

        if (is_summing) {
            for (uint i = 0; i < QUERY_PARTS; ++i) {
                float factor = block == 0 ? 0.0 : decay[min(down + i * DOWN, QUERIES - 1)];
                for (uint j = 0; j < CHANNEL_PARTS; ++j) sums[i * CHANNEL_PARTS + j] *= factor;
            }
            for (uint key = 0; key < key_count; ++key) {
                for (uint j = 0; j < CHANNEL_PARTS; ++j) {
                    uint channel = min(across + j * ACROSS, HEAD_WIDTH - 1);
                    float value = value_element(stretch, first_key + key, channels + channel);
                    for (uint i = 0; i < QUERY_PARTS; ++i) {
                        float weight = weights[min(down + i * DOWN, QUERIES - 1) * KEYS + key];
                        sums[i * CHANNEL_PARTS + j] = fma(weight, value, sums[i * CHANNEL_PARTS + j]);
                    }
                }
            }
        }
    }
    barrier();

    if (!is_summing) return;
    for (uint i = 0; i < QUERY_PARTS; ++i) {
        uint query = down + i * DOWN;
        if (query >= QUERIES || first_query + query >= arguments.queries) continue;
        float divisor = largest[query] > LEAST ? total[query] : uintBitsToFloat(0x7fc00000u);
        for (uint j = 0; j < CHANNEL_PARTS; ++j) {
            uint channel = across + j * ACROSS;
            if (channel >= HEAD_WIDTH) continue;
            uint token = batch * arguments.queries + first_query + query;
            uint position = (token * arguments.heads + head) * HEAD_WIDTH + channel;
            store_y(arguments.y_offset + position, sums[i * CHANNEL_PARTS + j] / divisor);
        }
    }
}
