#ifndef UNDERPAINT_CKERNELS_H
#define UNDERPAINT_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// Kernels on float32 rows, for what the matrix libraries do not do or do slower.
//
// Every kernel exists for several instruction sets and gives the same bits whatever the number of threads: a
// row is always computed whole, by one thread, in one order. Bits may differ between instruction sets (FMA).
// "width" is the innermost extent. Pointers need no alignment. x and y may be the same unless said.

typedef enum { CK_ISA_PLAIN = 0, CK_ISA_AVX2 = 1, CK_ISA_AVX512 = 2 } ck_isa;

/// The widest instruction set that this CPU has.
ck_isa ck_best_isa(void);

/// How a kernel runs: with which instructions, on how many threads of the OpenMP team.
typedef struct {
    ck_isa isa;
    int threads;
} ck_team;

/// Does the items begin..<end of a job; `worker` is less than the team's thread count.
typedef void (*ck_body)(const void *args, ptrdiff_t begin, ptrdiff_t end, int worker);

/// Runs `body` over 0..<count, split into one contiguous range a thread.
///
/// `work` is the rough number of floats that the whole job touches: small jobs stay on the calling thread.
void ck_for(int threads, ptrdiff_t count, ptrdiff_t work, ck_body body, const void *args);

/// What a kernel's result is written as; bfloat16 is for the factors of products, rounded to the nearest, ties to even.
typedef enum { CK_FLOAT32 = 0, CK_BFLOAT16 } ck_type;

typedef enum {
    CK_IDENTITY = 0,
    CK_SILU,
    CK_GELU_TANH,
    CK_GELU,
    CK_GELU_SIGMOID,
} ck_activation;

/// Rows of `width` floats that lie in runs: row r is at base + (r / run) * stride + (r % run) * width.
///
/// A dense matrix is one run (run = number of rows).
typedef struct {
    const float *base;
    ptrdiff_t run;
    ptrdiff_t stride;
} ck_rows;

/// y = activation(x) for `count` elements.
typedef struct {
    const float *x;
    float *y;
    ptrdiff_t count;
    ck_activation activation;
} ck_activate_args;
void ck_activate(ck_team team, ck_activate_args args);

/// y = residual + gate * activation(y + bias), in place; null pointers leave their part out.
///
/// bias [width], residual [rows, width], gate [rows / gate_rows, width]. With `row_scales` [rows], y holds 32-bit integers at
/// first, products of what `ck_round` made of two matrices: of rows about a zero of 128, and of columns about 0 with their
/// scales and sums [width]. They stand for (y - 128 * sum) * row scale * column scale.
typedef struct {
    float *y;
    ptrdiff_t rows;
    ptrdiff_t width;
    const float *bias;
    ck_activation activation;
    const float *residual;
    const float *gate;
    ptrdiff_t gate_rows;
    const float *row_scales;
    const float *column_scales;
    const int32_t *column_sums;
} ck_finish_args;
void ck_finish(ck_team team, ck_finish_args args);

/// y = x / scale + zero in bytes, rounded to the nearest, ties to even, with the scale that brings the largest magnitude of each
/// row to 127; signed bytes for a zero of 0. x, y [rows, width] dense, scales [rows]; sums [rows], unless null, are those of
/// the bytes without their zero. A row with NaN has that scale; one of zeros has the scale 0.
typedef struct {
    const float *x;
    void *y;
    int zero;
    float *scales;
    int32_t *sums;
    ptrdiff_t rows;
    ptrdiff_t width;
} ck_round_args;
void ck_round(ck_team team, ck_round_args args);

/// Layer norm over each row, then y * weight + bias, then y * (1 + scale) + shift; null leaves a part out.
///
/// weight, bias [width]; shift, scale [rows / modulation_rows, width].
typedef struct {
    const float *x;
    void *y;
    ck_type type;
    ptrdiff_t rows;
    ptrdiff_t width;
    float epsilon;
    const float *weight;
    const float *bias;
    const float *shift;
    const float *scale;
    ptrdiff_t modulation_rows;
} ck_layer_norm_args;
void ck_layer_norm(ck_team team, ck_layer_norm_args args);

/// y = activation(x / sqrt(mean(x * x) + epsilon) * weight) over each row.
typedef struct {
    ck_rows x;
    void *y;
    ck_type type;
    ptrdiff_t rows;
    ptrdiff_t width;
    float epsilon;
    const float *weight;
    ck_activation activation;
} ck_rms_norm_args;
void ck_rms_norm(ck_team team, ck_rms_norm_args args);

/// Layer norm over each group of channels of one picture, weight and bias for each channel, activation.
///
/// x, y [batch, pixels, channels]; `scratch` holds 2 * batch * channels floats.
typedef struct {
    const float *x;
    float *y;
    ptrdiff_t batch;
    ptrdiff_t pixels;
    ptrdiff_t channels;
    ptrdiff_t groups;
    float epsilon;
    const float *weight;
    const float *bias;
    ck_activation activation;
    float *scratch;
} ck_group_norm_args;
void ck_group_norm(ck_team team, ck_group_norm_args args);

/// y = x * (1 + scale) + shift; shift, scale [rows / modulation_rows, width].
typedef struct {
    const float *x;
    float *y;
    ptrdiff_t rows;
    ptrdiff_t width;
    const float *shift;
    const float *scale;
    ptrdiff_t modulation_rows;
} ck_modulate_args;
void ck_modulate(ck_team team, ck_modulate_args args);

/// Rotary positions: x, y [rows, heads, head_width], cosine and sine [tokens, head_width / 2], row r has the
/// position r % tokens. y must not be x.
typedef struct {
    const float *x;
    float *y;
    ptrdiff_t rows;
    ptrdiff_t tokens;
    ptrdiff_t heads;
    ptrdiff_t head_width;
    ptrdiff_t axes;
    const float *cosine;
    const float *sine;
} ck_rotary_args;
void ck_rotary(ck_team team, ck_rotary_args args);

typedef enum { CK_ADD = 0, CK_MULTIPLY } ck_binary;

#define CK_MAX_RANK 8

/// y = a op b; a and y are dense [extents], b is read with its own strides (0 where it is broadcast).
typedef struct {
    ck_binary operation;
    const float *a;
    const float *b;
    float *y;
    int rank;
    ptrdiff_t extents[CK_MAX_RANK];
    ptrdiff_t strides[CK_MAX_RANK];
} ck_broadcast_args;
void ck_broadcast(ck_team team, ck_broadcast_args args);

/// y[i...] = x[sum(i * strides)] for a dense y [extents]. y must not be x.
typedef struct {
    const float *x;
    float *y;
    int rank;
    ptrdiff_t extents[CK_MAX_RANK];
    ptrdiff_t strides[CK_MAX_RANK];
} ck_gather_args;
void ck_gather(ck_team team, ck_gather_args args);

/// Copies `count` blocks of `width` floats between two spacings. y must not be x.
typedef struct {
    const float *x;
    ptrdiff_t x_stride;
    float *y;
    ptrdiff_t y_stride;
    ptrdiff_t width;
    ptrdiff_t count;
} ck_blocks_args;
void ck_blocks(ck_team team, ck_blocks_args args);

/// Repeats pixels: x [rows, columns, channels] -> y [rows * factor, columns * factor, channels], where rows
/// counts the rows of all pictures.
typedef struct {
    const float *x;
    float *y;
    ptrdiff_t rows;
    ptrdiff_t columns;
    ptrdiff_t channels;
    ptrdiff_t factor;
} ck_upsample_args;
void ck_upsample(ck_team team, ck_upsample_args args);

/// y [outer, inner] = mean over the middle axis of x [outer, extent, inner].
typedef struct {
    const float *x;
    float *y;
    ptrdiff_t outer;
    ptrdiff_t extent;
    ptrdiff_t inner;
} ck_mean_args;
void ck_mean(ck_team team, ck_mean_args args);

/// Row-major C = alpha * op(A) * op(B) + beta * C on the calling thread alone; 0 is success.
///
/// The signature of dnnl_sgemm.
typedef int (*ck_gemm)(
    char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
    int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

/// softmax(q * k' * scale) * v for each head.
///
/// q [batch, queries, heads * head_width] with rows `q_stride` apart, k and v likewise with `keys` rows;
/// y is dense. Each thread needs `ck_attention_scratch` floats of `scratch`.
typedef struct {
    ck_gemm gemm;
    const float *q, *k, *v;
    ptrdiff_t q_stride, k_stride, v_stride;
    float *y;
    ptrdiff_t batch, heads, queries, keys, head_width;
    float scale;
    float *scratch;
} ck_attention_args;
ptrdiff_t ck_attention_scratch(ptrdiff_t queries, ptrdiff_t keys);
/// Gives the first status that is not 0.
int ck_attention(ck_team team, ck_attention_args args);

/// y = x * factor in bfloat16, for products: x [rows, width] with rows `x_stride` apart, those of y, `y_stride` apart, filled
/// up with zeros. This and the two below run on the calling thread alone.
typedef struct {
    const float *x;
    ptrdiff_t x_stride;
    uint16_t *y;
    ptrdiff_t y_stride;
    ptrdiff_t rows, width;
    float factor;
} ck_narrow_rows_args;
void ck_narrow_rows(ck_isa isa, ck_narrow_rows_args args);

/// y = 2^(x - largest) of each row of x [rows, width] in bfloat16, and 1/sum of each row before it was rounded.
void ck_softmax_narrow(
    ck_isa isa, const float *x, ptrdiff_t rows, ptrdiff_t width, uint16_t *y, float *reciprocals);

/// y = x * factors[row]: x [rows, width] with rows `x_stride` apart, y likewise.
typedef struct {
    const float *x;
    ptrdiff_t x_stride;
    void *y;
    ck_type type;
    ptrdiff_t y_stride;
    ptrdiff_t rows, width;
    const float *factors;
} ck_scale_rows_args;
void ck_scale_rows(ck_isa isa, ck_scale_rows_args args);

/// y = x * weight' and then `finish` (whose y, rows and width are set here): x [rows, inner], weight
/// [width, inner].
typedef struct {
    ck_gemm gemm;
    const float *x;
    const float *weight;
    ptrdiff_t inner;
    ck_finish_args finish;
} ck_linear_args;
int ck_linear(ck_team team, ck_linear_args args);

/// Convolution as matrix products of gathered windows, then `finish` (y [batch, out_height, out_width, width]).
///
/// x [batch, height, columns, channels], weight [width, kernel, kernel, channels]. Each thread needs
/// `ck_convolution_scratch` floats of `scratch`.
typedef struct {
    ck_gemm gemm;
    const float *x;
    const float *weight;
    ptrdiff_t batch, height, columns, channels;
    ptrdiff_t kernel, stride, padding;
    ptrdiff_t out_height, out_columns;
    ck_finish_args finish;
    float *scratch;
} ck_convolution_args;
ptrdiff_t ck_convolution_scratch(
    ptrdiff_t out_height, ptrdiff_t out_columns, ptrdiff_t kernel, ptrdiff_t channels);
int ck_convolution(ck_team team, ck_convolution_args args);

/// The processors that the scheduler may put this process on, at most `capacity`; gives their number, 0 if unknown.
int ck_allowed_processors(int *processors, int capacity);

/// The most threads that OpenMP gives this process (OMP_THREAD_LIMIT).
int ck_thread_limit(void);

/// Sets the OpenMP team size of the calling thread, at most `ck_thread_limit`: teams then have that size.
void ck_set_thread_count(int threads);

#endif
