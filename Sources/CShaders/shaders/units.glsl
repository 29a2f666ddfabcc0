// Matrix units: UNIT_ROWS × UNIT_DEPTH by UNIT_DEPTH × UNIT_COLUMNS, float16 factors and float32 sums.
//
// Both factors come from shared memory, eight elements a word of four: rows of the first, columns of the second. With
// EMULATED plain code does what the units would: slow, and the same in everything that is ours, so that a kernel can be
// tested where there are no units.

#ifdef EMULATED

struct RowFactor { float v[UNIT_ROWS * UNIT_DEPTH]; };
struct ColumnFactor { float v[UNIT_DEPTH * UNIT_COLUMNS]; };
// An invocation has every LANES-th of the elements, from the one with its number on.
struct Sums { float v[UNIT_ROWS * UNIT_COLUMNS]; };

// Unrolled, what units do in one instruction would keep the compiler busy for seconds.
#define UNROLL [[dont_unroll]]
// The kernel says how many LANES a subgroup has; subgroups of the device are not asked.
#define SUBGROUP (gl_LocalInvocationIndex / LANES)
#define LANE (gl_LocalInvocationIndex % LANES)

// All subgroups come to one and the same, so all of them wait.
#define SUBGROUP_BARRIER() barrier()

shared float neighbours[gl_WorkGroupSize.x];
float from_neighbour(float value, uint distance) {
    barrier();
    neighbours[gl_LocalInvocationIndex] = value;
    barrier();
    return neighbours[gl_LocalInvocationIndex ^ distance];
}
#define FROM_NEIGHBOUR(value, distance) from_neighbour(value, distance)

#define OWN_ELEMENTS for (uint u_ = LANE; u_ < UNIT_ROWS * UNIT_COLUMNS; u_ += LANES)

#define CLEAR(sums) OWN_ELEMENTS sums.v[u_] = 0.0

// Element i behind word `first` of a tile.
#define HALF(tile, first, i) \
    unpackHalf2x16(tile[(first) + (i) / 8][(i) % 8 / 2])[(i) % 2]

#define LOAD_ROWS(factor, tile, first, pitch) \
    for (uint u_ = 0; u_ < UNIT_ROWS * UNIT_DEPTH; ++u_) \
        factor.v[u_] = HALF(tile, (first) + u_ / UNIT_DEPTH * (pitch), u_ % UNIT_DEPTH)

#define LOAD_COLUMNS(factor, tile, first, pitch) \
    for (uint u_ = 0; u_ < UNIT_DEPTH * UNIT_COLUMNS; ++u_) \
        factor.v[u_] = HALF(tile, (first) + u_ % UNIT_COLUMNS * (pitch), u_ / UNIT_COLUMNS)

#define MULTIPLY(rows, columns, sums) \
    OWN_ELEMENTS \
        for (uint k_ = 0; k_ < UNIT_DEPTH; ++k_) \
            sums.v[u_] = fma( \
                rows.v[u_ / UNIT_COLUMNS * UNIT_DEPTH + k_], columns.v[k_ * UNIT_COLUMNS + u_ % UNIT_COLUMNS], sums.v[u_])

// As the columns, from a tile that holds the rows of the second factor.
#define LOAD_DEPTHS(factor, tile, first, pitch) \
    for (uint u_ = 0; u_ < UNIT_DEPTH * UNIT_COLUMNS; ++u_) \
        factor.v[u_] = HALF(tile, (first) + u_ / UNIT_COLUMNS * (pitch), u_ % UNIT_COLUMNS)

// Sums as rows of floats in a tile of words, four a word; `first` and `pitch` count words.
#define LAY_DOWN(sums, tile, first, pitch) \
    OWN_ELEMENTS \
        tile[(first) + u_ / UNIT_COLUMNS * (pitch) + u_ % UNIT_COLUMNS / 4][u_ % 4] = floatBitsToUint(sums.v[u_])

#define LOAD_SUMS(sums, tile, first, pitch) \
    OWN_ELEMENTS \
        sums.v[u_] = uintBitsToFloat(tile[(first) + u_ / UNIT_COLUMNS * (pitch) + u_ % UNIT_COLUMNS / 4][u_ % 4])

// Element by element.
#define SCALE(sums, factors) OWN_ELEMENTS sums.v[u_] *= factors.v[u_]

#else

#define RowFactor coopmat<float16_t, gl_ScopeSubgroup, UNIT_ROWS, UNIT_DEPTH, gl_MatrixUseA>
#define ColumnFactor coopmat<float16_t, gl_ScopeSubgroup, UNIT_DEPTH, UNIT_COLUMNS, gl_MatrixUseB>
#define Sums coopmat<float, gl_ScopeSubgroup, UNIT_ROWS, UNIT_COLUMNS, gl_MatrixUseAccumulator>

// Before loops over arrays of matrices, which must not be indexed at run time: they would lie in memory; and before loops over
// reads, so that all of them are under way at once.
#define UNROLL [[unroll]]
#define SUBGROUP gl_SubgroupID
#define LANE gl_SubgroupInvocationID

// What a subgroup has written to shared memory is there for all of it.
#define SUBGROUP_BARRIER() \
    controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease)
// The value that the invocation `distance` away has, a power of two.
#define FROM_NEIGHBOUR(value, distance) subgroupShuffleXor(value, distance)

#define CLEAR(sums) sums = Sums(0.0)
#define LOAD_ROWS(factor, tile, first, pitch) \
    coopMatLoad(factor, tile, first, pitch, gl_CooperativeMatrixLayoutRowMajor)
#define LOAD_COLUMNS(factor, tile, first, pitch) \
    coopMatLoad(factor, tile, first, pitch, gl_CooperativeMatrixLayoutColumnMajor)
#define MULTIPLY(rows, columns, sums) sums = coopMatMulAdd(rows, columns, sums)
#define LOAD_DEPTHS(factor, tile, first, pitch) \
    coopMatLoad(factor, tile, first, pitch, gl_CooperativeMatrixLayoutRowMajor)
#define LAY_DOWN(sums, tile, first, pitch) \
    coopMatStore(sums, tile, first, pitch, gl_CooperativeMatrixLayoutRowMajor)
#define LOAD_SUMS(sums, tile, first, pitch) \
    coopMatLoad(sums, tile, first, pitch, gl_CooperativeMatrixLayoutRowMajor)
#define SCALE(sums, factors) sums = sums * factors

#endif
