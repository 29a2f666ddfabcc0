// Both factors of a product on their way from memory to a workgroup's tiles, eight neighbours of a row at once, as they lie in
// memory.
//
// Behind the sides of a tile, the number of SLOTS that are under way at once, x and weight with their eights, and window.glsl.

// Whether x, and whether the weight, lies in eights that never straddle a row: then eight elements are one read.
layout(constant_id = 9) const uint X_IN_EIGHTS = 0;
layout(constant_id = 10) const uint WEIGHT_IN_EIGHTS = 0;
// Whether no turn of all tiles reaches beyond the depth: then nothing that is read must be taken for zero. Rows and columns
// outside give sums that nobody stores.
layout(constant_id = 15) const uint IS_WHOLE = 0;

const uint EIGHTS = TILE_DEPTH / 8;

// Eights are read whether they exist or not, the first of all in the place of those that do not: a branch around a read
// would make the next one wait for it. Those that do not become zero when they are put down; earlier it would wait for the read.
Raw x_raw(RowPlace row, DepthPlace depth, uint k, out bool exists) {
    if (X_IN_EIGHTS != 0) {
        uint position = 0;
        exists = x_position(row, depth, position);
        return raw_of_x(mix(arguments.x_offset, position, exists));
    }
    exists = true;
    vec4 low, high;
    UNROLL for (uint i = 0; i < 4; ++i) {
        low[i] = x_element(row, depth_place(k + i));
        high[i] = x_element(row, depth_place(k + 4 + i));
    }
    return Raw(floatBitsToUint(low), floatBitsToUint(high));
}

Raw weight_raw(uint column, uint k, out bool exists) {
    if (WEIGHT_IN_EIGHTS != 0) {
        // Whatever lies in eights lies along the depth.
        exists = all(lessThan(uvec2(column, k), uvec2(arguments.columns, arguments.inner)));
        return raw_of_weight(arguments.weight_offset + mix(0, column * arguments.inner + k, exists));
    }
    exists = true;
    vec4 low, high;
    UNROLL for (uint i = 0; i < 4; ++i) {
        low[i] = weight_element(column, k + i);
        high[i] = weight_element(column, k + 4 + i);
    }
    return Raw(floatBitsToUint(low), floatBitsToUint(high));
}

// What is read one by one is float32 already.
Eight x_eight(Raw raw) { return X_IN_EIGHTS != 0 ? eight_from_x(raw) : floats_of(raw); }
Eight weight_eight(Raw raw) { return WEIGHT_IN_EIGHTS != 0 ? eight_from_weight(raw) : floats_of(raw); }

// The rows of x that an invocation reads are the same at every depth, and so is its eight of a tile's depth: the number of
// invocations is a multiple of EIGHTS.
const uint X_READS = (TILE_ROWS * EIGHTS + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
const uint WEIGHT_READS = (TILE_COLUMNS * EIGHTS + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
RowPlace x_rows[X_READS];
Raw x_next[SLOTS * X_READS];
Raw weight_next[SLOTS * WEIGHT_READS];
bool x_exists[SLOTS * X_READS];
bool weight_exists[SLOTS * WEIGHT_READS];

// Of a tile: the row, or column, that a read is for; whether there is one; and the eight of the depth.
uint row_of(uint read) { return (gl_LocalInvocationIndex + read * gl_WorkGroupSize.x) / EIGHTS; }
bool is_inside(uint row, uint count) { return count * EIGHTS % gl_WorkGroupSize.x == 0 || row < count; }
uint own_eight() { return gl_LocalInvocationIndex % EIGHTS; }

void find_rows(uint first_row) {
    UNROLL for (uint read = 0; read < X_READS; ++read) x_rows[read] = row_place(first_row + row_of(read));
}

// Of those on their way, the one in place `slot`.
#define FETCH(slot, first_column, depth) { \
    uint k = (depth) + 8 * own_eight(); \
    DepthPlace place = depth_place(k); \
    UNROLL for (uint read = 0; read < X_READS; ++read) { \
        x_next[(slot) * X_READS + read] = x_raw(x_rows[read], place, k, x_exists[(slot) * X_READS + read]); \
    } \
    UNROLL for (uint read = 0; read < WEIGHT_READS; ++read) { \
        weight_next[(slot) * WEIGHT_READS + read] = weight_raw( \
            first_column + row_of(read), k, weight_exists[(slot) * WEIGHT_READS + read]); \
    } \
}
