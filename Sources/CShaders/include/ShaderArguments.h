// The push constants of all shaders, declared once: GLSL includes this file as C does.
//
// Every field is 32 bits wide, so that std430 and C lay the structures out alike; none is larger than the 128 bytes
// that every device has. Counts and offsets are in elements of the buffer that they belong to.
#ifndef SHADER_ARGUMENTS_H
#define SHADER_ARGUMENTS_H

#ifdef GL_core_profile
#define u32 uint
#define i32 int
#define f32 float
#else
#include <stdint.h>
#define u32 uint32_t
#define i32 int32_t
#define f32 float
#endif

// How shaders built with NARROW bring values to float16: as packHalf2x16 does, by integers so that it has nothing left to round,
// or, where the shader is built for it, by conversions: whoever makes the kernel adds the execution mode RoundingModeRTE.
#define CS_ROUNDING_CONSTANT 19
#define CS_PACKED 0
#define CS_IN_INTEGERS 1
#define CS_CONVERTED 2

// Storage of a binding, given to shaders built with NARROW as specialization constant CS_TYPE_CONSTANT + binding.
#define CS_TYPE_CONSTANT 20
#define CS_FLOAT32 0
#define CS_FLOAT16 1
#define CS_BFLOAT16 2
// Four signed bytes a word, with a scale for each row of the matrix.
#define CS_INT8 3

// Graphs.Activation
#define CS_IDENTITY 0
#define CS_SILU 1
#define CS_GELU_TANH 2
#define CS_GELU 3
#define CS_GELU_SIGMOID 4

// What `flags` may hold.
#define CS_HAS_BIAS 1
#define CS_HAS_RESIDUAL 2
#define CS_HAS_GATE 4
#define CS_HAS_WEIGHT 8
#define CS_IS_MODULATED 16
#define CS_IS_RMS 32
#define CS_IS_TURNED 128
// Of a product: y takes sums of parts of the depth, without what follows a product.
#define CS_IS_PARTIAL 64

// Axes that a strided walk has at most, after neighbours were merged.
#define CS_MAX_RANK 8

// y[row, column] = residual + gate·activation(Σ x[row, k]·weight[column, k] + bias), by matrix tiles.
//
// Bindings: 0 x, 1 weight, 2 bias, 3 residual, 4 gate, 5 scales of int8 weights, 6 y.
// A convolution is the same with x[row, k] read through the window: row is an output pixel, k a tap and a channel.
struct cs_product {
    u32 rows;
    u32 inner;
    u32 columns;
    u32 activation;
    u32 flags;
    u32 x_offset;
    // Between rows of x; of a plain product.
    u32 x_stride;
    u32 weight_offset;
    u32 bias_offset;
    u32 residual_offset;
    u32 gate_offset;
    u32 scale_offset;
    u32 y_offset;
    // Rows that share a row of the gate, and elements from one of the gate's rows to the next.
    u32 gate_rows;
    u32 gate_stride;
    // Of a convolution.
    u32 height;
    u32 width;
    u32 channels;
    u32 output_height;
    u32 output_width;
    u32 kernel;
    u32 stride;
    u32 padding;
    // Between taps and between channels of one output's weights.
    u32 weight_tap_stride;
    u32 weight_channel_stride;
    // Parts that the depth is cut in, and the depth of each but the last: a multiple of the tiles' depth. Their sums
    // lie one behind another, each [rows, columns].
    u32 splits;
    u32 stretch;
    // Of a product of bytes: where the scales of x's rows lie, behind its bytes.
    u32 x_scale_offset;
};

// Rows of x as signed bytes, four a word, each row with a scale: its largest magnitude is 127. Bindings: 0 x, 1 y.
struct cs_quantize {
    u32 rows;
    // A multiple of four.
    u32 width;
    u32 x_offset;
    u32 x_stride;
    // In words.
    u32 y_offset;
    u32 scale_offset;
};

// softmax(q·kᵀ·scale)·v, head by head, over keys in one stretch or two. Bindings: 0 q, 1 k, 2 v, 3 and 4 k and v of the second
// stretch, 5 y.
struct cs_attention {
    u32 queries;
    u32 keys;
    u32 heads;
    f32 scale;
    u32 q_offset;
    u32 k_offset;
    u32 v_offset;
    u32 y_offset;
    // Between tokens.
    u32 q_stride;
    u32 k_stride;
    u32 v_stride;
    // Of the second stretch: none of it may be empty.
    u32 more_keys;
    u32 more_k_offset;
    u32 more_v_offset;
    u32 more_k_stride;
    u32 more_v_stride;
};

// Layer and RMS norm of rows. Bindings: 0 x, 1 weight, 2 bias, 3 shift, 4 scale, 5 y; of rows that are turned, 3 cosine and
// 4 sine. What there is of them is said by specialization constants.
struct cs_row_norm {
    u32 rows;
    // At least one.
    u32 width;
    f32 epsilon;
    u32 x_offset;
    // Rows that lie next to each other, and elements from such a run to the next.
    u32 x_run;
    u32 x_stride;
    u32 weight_offset;
    u32 bias_offset;
    u32 shift_offset;
    u32 scale_offset;
    u32 y_offset;
    // Rows that share a row of shift and scale, and elements from one of these to the next.
    u32 modulation_rows;
    u32 shift_stride;
    u32 scale_stride;
    // Of a rotation, see cs_rotary.
    u32 tokens;
    u32 heads;
    u32 part;
};

// Group norm in two steps. Bindings of the first: 0 x, 1 partial results; of the second: 0 x, 1 partial results,
// 2 weight, 3 bias, 4 y.
struct cs_group_norm {
    u32 pixels;
    u32 channels;
    u32 groups;
    // Parts that the first step cut the pixels of a group in.
    u32 parts;
    f32 epsilon;
    u32 activation;
    u32 x_offset;
    u32 partial_offset;
    u32 weight_offset;
    u32 bias_offset;
    u32 y_offset;
};

// What `operation` of a pointwise call may be.
#define CS_ACTIVATE 0
#define CS_ADD 1
#define CS_MULTIPLY 2
#define CS_MODULATE 3

// y[i] = f(a[i], b[…], c[…]), b and c broadcast. Bindings: 0 a, 1 b, 2 c, 3 y.
struct cs_pointwise {
    u32 count;
    u32 operation;
    u32 activation;
    u32 a_offset;
    u32 b_offset;
    u32 c_offset;
    u32 y_offset;
    u32 rank;
    u32 extents[CS_MAX_RANK];
    u32 strides[CS_MAX_RANK];
};

// y[…] = x[…] by strides on both sides. Bindings: 0 x, 1 y.
struct cs_gather {
    u32 count;
    u32 rank;
    u32 x_offset;
    u32 y_offset;
    u32 extents[CS_MAX_RANK];
    u32 x_strides[CS_MAX_RANK];
    u32 y_strides[CS_MAX_RANK];
};

// y[i, …] = table[ids[i], …]. Bindings: 0 table, 1 ids, 2 y.
struct cs_embedding {
    u32 count;
    u32 rows;
    u32 width;
    u32 table_offset;
    u32 ids_offset;
    u32 y_offset;
};

// concat(cos(t·f), sin(t·f)). Bindings: 0 t, 1 f, 2 y.
struct cs_timestep {
    u32 count;
    // Frequencies: half the size of a result.
    u32 half_width;
    u32 t_offset;
    u32 frequency_offset;
    u32 y_offset;
};

// Rotary position embedding. Bindings: 0 x, 1 cosine, 2 sine, 3 y.
struct cs_rotary {
    // Pairs altogether.
    u32 count;
    u32 tokens;
    u32 heads;
    u32 head_width;
    // Of an axis, in channels.
    u32 part;
    u32 x_offset;
    u32 cosine_offset;
    u32 sine_offset;
    u32 y_offset;
};

// The mean over one axis. Bindings: 0 x, 1 y.
struct cs_mean {
    u32 count;
    u32 extent;
    u32 inner;
    u32 x_offset;
    u32 y_offset;
};

#ifdef GL_core_profile
#undef u32
#undef i32
#undef f32
#else
#undef u32
#undef i32
#undef f32

#define CS_ASSERT_SIZE(type, words) \
    _Static_assert(sizeof(struct type) == 4 * (words) && sizeof(struct type) <= 128, #type " as in GLSL")
CS_ASSERT_SIZE(cs_product, 28);
CS_ASSERT_SIZE(cs_quantize, 6);
CS_ASSERT_SIZE(cs_attention, 16);
CS_ASSERT_SIZE(cs_row_norm, 17);
CS_ASSERT_SIZE(cs_group_norm, 11);
CS_ASSERT_SIZE(cs_pointwise, 24);
CS_ASSERT_SIZE(cs_gather, 28);
CS_ASSERT_SIZE(cs_embedding, 6);
CS_ASSERT_SIZE(cs_timestep, 5);
CS_ASSERT_SIZE(cs_rotary, 9);
CS_ASSERT_SIZE(cs_mean, 5);
#endif

#endif
