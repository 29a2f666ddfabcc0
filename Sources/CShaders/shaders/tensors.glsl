// Matrices of a whole workgroup, which come from tensors in memory and go there, as GL_NV_cooperative_matrix2 has them: the
// driver brings them through shared memory as it likes, and what lies outside a tensor is read as zero and not written.
//
// Tensors have two to four dimensions, and lie densely but for the rows of those of two. A matrix is a slice of one, whose
// elements it takes row by row in the order of memory; of the second factor column by column. Positions are multiples of eight.
//
// Behind the sides of a tile and operands.glsl. With EMULATED plain code does what the extension's specification says: slow,
// and the same in everything that is ours, so that a kernel can be tested on devices without.

// Whether tiles may reach beyond tensors; a device has less to do where they do not.
layout(constant_id = 5) const uint CLAMPS = 1;

#ifdef EMULATED

#define UNROLL [[dont_unroll]]

// Of what lies in several invocations each has every LANES-th element, from the one with its number on.
const uint LANES = gl_WorkGroupSize.x;
#define OWN_ELEMENTS(count) for (uint e_ = gl_LocalInvocationIndex; e_ < (count); e_ += LANES)

shared float row_factor[TILE_ROWS * TILE_DEPTH];
shared float column_factor[TILE_DEPTH * TILE_COLUMNS];
struct Sums { float v[(TILE_ROWS * TILE_COLUMNS + LANES - 1) / LANES]; };

// A binding of float16, beside what operands.glsl declares of it.
#define HALVES(access, number, name) \
    layout(set = 0, binding = number) access buffer name##_tensor { uint16_t v[]; } name##_float16;

// Of four dimensions, the outermost first; those that a tensor lacks have one element.
struct Tensor {
    uvec4 dimension;
    uvec4 stride;
    ivec4 offset;
    uvec4 span;
    bool clamps;
};

Tensor dense(uvec4 dimension, uint clamps) {
    uvec4 stride = uvec4(dimension.y * dimension.z * dimension.w, dimension.z * dimension.w, dimension.w, 1);
    return Tensor(dimension, stride, ivec4(0), dimension, clamps != 0);
}

Tensor pitched(uint rows, uint columns, uint pitch, uint clamps) {
    Tensor tensor = dense(uvec4(1, 1, rows, columns), clamps);
    tensor.stride.z = pitch;
    return tensor;
}

Tensor sliced(Tensor tensor, ivec4 offset, uvec4 span) {
    tensor.offset = offset;
    tensor.span = span;
    return tensor;
}

#define TENSOR_2(name, clamps, d0, d1, pitch) Tensor name = pitched(d0, d1, pitch, clamps)
#define TENSOR_3(name, clamps, d0, d1, d2) Tensor name = dense(uvec4(1, d0, d1, d2), clamps)
#define TENSOR_4(name, clamps, d0, d1, d2, d3) Tensor name = dense(uvec4(d0, d1, d2, d3), clamps)
#define SLICE_2(name, o0, s0, o1, s1) sliced(name, ivec4(0, 0, o0, o1), uvec4(1, 1, s0, s1))
#define SLICE_3(name, o0, s0, o1, s1, o2, s2) sliced(name, ivec4(0, o0, o1, o2), uvec4(1, s0, s1, s2))
#define SLICE_4(name, o0, s0, o1, s1, o2, s2, o3, s3) sliced(name, ivec4(o0, o1, o2, o3), uvec4(s0, s1, s2, s3))

// Where an element of a slice lies, and whether it is to be read or written.
bool find(Tensor tensor, uint element, out uint position) {
    uvec4 within = uvec4(0, 0, 0, element % tensor.span.w);
    element /= tensor.span.w;
    within.z = element % tensor.span.z;
    element /= tensor.span.z;
    within.y = element % tensor.span.y;
    within.x = element / tensor.span.y;
    uvec4 place = uvec4(ivec4(within) + tensor.offset), steps = place * tensor.stride;
    position = steps.x + steps.y + steps.z + steps.w;
    // Less than nothing is very much.
    return !tensor.clamps || all(lessThan(place, tensor.dimension));
}

#define CLEAR(sums) OWN_ELEMENTS(TILE_ROWS * TILE_COLUMNS) sums.v[e_ / LANES] = 0.0

#define LOAD_HALF(to, halves, first, tensor, element) { \
    uint position_; \
    bool exists_ = find(tensor, element, position_); \
    to = exists_ ? unpackHalf2x16(uint(halves[(first) + position_])).x : 0.0; \
}

// Adds the product of two slices of float16.
#define MULTIPLY(sums, x_halves, x_first, x_slice, w_halves, w_first, w_slice, turned) { \
    Tensor x_ = x_slice, w_ = w_slice; \
    barrier(); \
    OWN_ELEMENTS(TILE_ROWS * TILE_DEPTH) LOAD_HALF(row_factor[e_], x_halves, x_first, x_, e_) \
    OWN_ELEMENTS(TILE_DEPTH * TILE_COLUMNS) LOAD_HALF(column_factor[e_], w_halves, w_first, w_, e_) \
    barrier(); \
    OWN_ELEMENTS(TILE_ROWS * TILE_COLUMNS) { \
        uint row_ = e_ / TILE_COLUMNS * TILE_DEPTH, column_ = e_ % TILE_COLUMNS * TILE_DEPTH; \
        for (uint k_ = 0; k_ < TILE_DEPTH; ++k_) \
            sums.v[e_ / LANES] = fma(row_factor[row_ + k_], column_factor[column_ + k_], sums.v[e_ / LANES]); \
    } \
}

// Views of the second factor's slices that turn columns to the end; the loads above know that.
#define TURNED_2(name)
#define TURNED_3(name)

#define ON_EACH(sums, function, first_row, first_column) \
    OWN_ELEMENTS(TILE_ROWS * TILE_COLUMNS) sums.v[e_ / LANES] = function( \
        e_ / TILE_COLUMNS, e_ % TILE_COLUMNS, sums.v[e_ / LANES], first_row, first_column)

#define ADD_HALVES(sums, halves, first, slice) { \
    Tensor s_ = slice; \
    OWN_ELEMENTS(TILE_ROWS * TILE_COLUMNS) { \
        float half_; \
        LOAD_HALF(half_, halves, first, s_, e_) \
        sums.v[e_ / LANES] += half_; \
    } \
}

#define STORE(sums, slice, words, first, form) { \
    Tensor s_ = slice; \
    OWN_ELEMENTS(TILE_ROWS * TILE_COLUMNS) { \
        uint position_; \
        if (find(s_, e_, position_)) words[(first) + position_] = form(sums.v[e_ / LANES]); \
    } \
}
#define AS_HALF(value) uint16_t(half_pair(vec2(value, 0.0)) & 0xffffu)
#define STORE_HALVES(sums, halves, first, slice) STORE(sums, slice, halves, first, AS_HALF)
#define STORE_FLOATS(sums, floats, first, slice) STORE(sums, slice, floats, first, float)

#else

#define UNROLL [[unroll]]

#define RowFactor coopmat<float16_t, gl_ScopeWorkgroup, TILE_ROWS, TILE_DEPTH, gl_MatrixUseA>
#define ColumnFactor coopmat<float16_t, gl_ScopeWorkgroup, TILE_DEPTH, TILE_COLUMNS, gl_MatrixUseB>
#define Sums coopmat<float, gl_ScopeWorkgroup, TILE_ROWS, TILE_COLUMNS, gl_MatrixUseAccumulator>
#define HalfSums coopmat<float16_t, gl_ScopeWorkgroup, TILE_ROWS, TILE_COLUMNS, gl_MatrixUseAccumulator>

#define HALVES(access, number, name) \
    layout(set = 0, binding = number) access buffer name##_tensor { float16_t v[]; } name##_float16;

// The numbers of gl_CooperativeMatrixClampModeUndefinedNV and gl_CooperativeMatrixClampModeConstantNV are 0 and 1.
#define TENSOR_2(name, clamps, d0, d1, pitch) \
    tensorLayoutNV<2, clamps> name = createTensorLayoutNV(2, clamps); \
    name = setTensorLayoutDimensionNV(name, d0, d1); \
    name = setTensorLayoutStrideNV(name, pitch, 1)
#define TENSOR_3(name, clamps, d0, d1, d2) \
    tensorLayoutNV<3, clamps> name = createTensorLayoutNV(3, clamps); \
    name = setTensorLayoutDimensionNV(name, d0, d1, d2)
#define TENSOR_4(name, clamps, d0, d1, d2, d3) \
    tensorLayoutNV<4, clamps> name = createTensorLayoutNV(4, clamps); \
    name = setTensorLayoutDimensionNV(name, d0, d1, d2, d3)
#define SLICE_2(name, o0, s0, o1, s1) sliceTensorLayoutNV(name, o0, s0, o1, s1)
#define SLICE_3(name, o0, s0, o1, s1, o2, s2) sliceTensorLayoutNV(name, o0, s0, o1, s1, o2, s2)
#define SLICE_4(name, o0, s0, o1, s1, o2, s2, o3, s3) sliceTensorLayoutNV(name, o0, s0, o1, s1, o2, s2, o3, s3)

#define CLEAR(sums) sums = Sums(0.0)

#define MULTIPLY(sums, x_halves, x_first, x_slice, w_halves, w_first, w_slice, turned) { \
    RowFactor x_; \
    ColumnFactor w_; \
    coopMatLoadTensorNV(x_, x_halves, x_first, x_slice); \
    coopMatLoadTensorNV(w_, w_halves, w_first, w_slice, turned); \
    sums = coopMatMulAdd(x_, w_, sums); \
}

#define TURNED_2(name) tensorViewNV<2, false, 1, 0> name = createTensorViewNV(2, false, 1, 0)
#define TURNED_3(name) tensorViewNV<3, false, 1, 2, 0> name = createTensorViewNV(3, false, 1, 2, 0)

#define ON_EACH(sums, function, first_row, first_column) coopMatPerElementNV(sums, sums, function, first_row, first_column)

#define ADD_HALVES(sums, halves, first, slice) { \
    HalfSums added_; \
    coopMatLoadTensorNV(added_, halves, first, slice); \
    sums = sums + Sums(added_); \
}
#define STORE_HALVES(sums, halves, first, slice) { \
    HalfSums stored_ = HalfSums(sums); \
    coopMatStoreTensorNV(stored_, halves, first, slice); \
}
#define STORE_FLOATS(sums, floats, first, slice) coopMatStoreTensorNV(sums, floats, first, slice)

#endif
