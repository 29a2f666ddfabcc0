// Linear layers and convolutions by matrices of a whole workgroup: float16 factors, float32 sums.
//
// Nothing is brought anywhere by hand: factors are slices of tensors in memory, of a convolution a patch of pixels below one
// tap of the window, which is as far outside the picture as the padding says.
#version 450
#extension GL_GOOGLE_include_directive : require
#ifndef EMULATED
#extension GL_KHR_cooperative_matrix : require
#extension GL_NV_cooperative_matrix2 : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#extension GL_EXT_control_flow_attributes : require
#include "prelude.glsl"
#include "functions.glsl"

layout(local_size_x = 128, local_size_x_id = 0) in;
// Rows, columns and depth of a workgroup's tile.
layout(constant_id = 1) const uint TILE_ROWS = 64;
layout(constant_id = 2) const uint TILE_COLUMNS = 64;
layout(constant_id = 3) const uint TILE_DEPTH = 32;
// Steps of the depth between two looks at whether there are more.
layout(constant_id = 4) const uint TURN = 1;
// Of a convolution: the patch of output pixels that a tile's rows are, in as many pictures as it takes.
layout(constant_id = 6) const uint PATCH_HEIGHT = 8;
layout(constant_id = 7) const uint PATCH_WIDTH = 8;
layout(constant_id = 8) const uint FLAGS = 0;
layout(constant_id = 9) const uint ACTIVATION = CS_IDENTITY;

INPUT(0, x)
WEIGHT(1, weight)
#include "epilogue.glsl"
#include "tensors.glsl"
HALVES(readonly, 0, x)
HALVES(readonly, 1, weight)
HALVES(readonly, 3, residual)
HALVES(writeonly, 6, y)

#ifdef CONVOLUTION

const uint PICTURES = TILE_ROWS / (PATCH_HEIGHT * PATCH_WIDTH);

// The first pixel of a tile.
struct Place {
    bool exists;
    int picture;
    int y;
    int x;
};

uint picture_count() { return arguments.rows / (arguments.output_height * arguments.output_width); }

Place place_of(uint tile) {
    uint across = (arguments.output_width + PATCH_WIDTH - 1) / PATCH_WIDTH;
    uint down = (arguments.output_height + PATCH_HEIGHT - 1) / PATCH_HEIGHT;
    uint picture = tile / (across * down) * PICTURES;
    return Place(
        picture < picture_count(), int(picture), int(tile / across % down * PATCH_HEIGHT), int(tile % across * PATCH_WIDTH));
}

uint steps_of_tap() { return (arguments.channels + TILE_DEPTH - 1) / TILE_DEPTH; }
uint step_count() { return arguments.kernel * arguments.kernel * steps_of_tap(); }

// Of a step: the tap, how far it lies from the output pixel, and its first channel.
int tap_of(uint step) { return int(step / steps_of_tap()); }
int down_of(uint step) { return tap_of(step) / int(arguments.kernel) - int(arguments.padding); }
int right_of(uint step) { return tap_of(step) % int(arguments.kernel) - int(arguments.padding); }
int channel_of(uint step) { return int(step % steps_of_tap() * TILE_DEPTH); }

#define TENSORS \
    TENSOR_4(x_tensor, 1, picture_count(), arguments.height, arguments.width, arguments.channels); \
    TENSOR_3(weight_tensor, CLAMPS, arguments.columns, arguments.kernel * arguments.kernel, arguments.channels); \
    TENSOR_4(y_tensor, CLAMPS, picture_count(), arguments.output_height, arguments.output_width, arguments.columns); \
    TURNED_3(turned)
#define X_SLICE(step) \
    SLICE_4(x_tensor, place.picture, PICTURES, place.y + down_of(step), PATCH_HEIGHT, place.x + right_of(step), PATCH_WIDTH, \
        channel_of(step), TILE_DEPTH)
#define WEIGHT_SLICE(step) SLICE_3(weight_tensor, first_column, TILE_COLUMNS, tap_of(step), 1, channel_of(step), TILE_DEPTH)
#define Y_SLICE \
    SLICE_4(y_tensor, place.picture, PICTURES, place.y, PATCH_HEIGHT, place.x, PATCH_WIDTH, first_column, TILE_COLUMNS)

#else

struct Place {
    bool exists;
    int row;
};

Place place_of(uint tile) { return Place(tile * TILE_ROWS < arguments.rows, int(tile * TILE_ROWS)); }
uint step_count() { return (arguments.inner + TILE_DEPTH - 1) / TILE_DEPTH; }

// Pitches as multiples of eight, which they are, so that the compiler sees it.
#define TENSORS \
    TENSOR_2(x_tensor, CLAMPS, arguments.rows, arguments.inner, arguments.x_stride / 8 * 8); \
    TENSOR_2(weight_tensor, CLAMPS, arguments.columns, arguments.inner, arguments.inner / 8 * 8); \
    TENSOR_2(y_tensor, CLAMPS, arguments.rows, arguments.columns, arguments.columns / 8 * 8); \
    TURNED_2(turned)
#define X_SLICE(step) SLICE_2(x_tensor, place.row, TILE_ROWS, int((step) * TILE_DEPTH), TILE_DEPTH)
#define WEIGHT_SLICE(step) SLICE_2(weight_tensor, first_column, TILE_COLUMNS, int((step) * TILE_DEPTH), TILE_DEPTH)
#define Y_SLICE SLICE_2(y_tensor, place.row, TILE_ROWS, first_column, TILE_COLUMNS)

#endif

// What a sum becomes before the residual is added; outside the matrix anything, which nobody stores.
float without_residual(const in uint row, const in uint column, const in float sum, const in uint first_row, const in uint first_column) {
    return activated(
        FLAGS, ACTIVATION, min(first_row + row, arguments.rows - 1), min(first_column + column, arguments.columns - 1), sum);
}

void main() {
    uint tile = gl_WorkGroupID.y + gl_WorkGroupID.z * gl_NumWorkGroups.y;
    uint tiles_across = gl_NumWorkGroups.x / arguments.splits;
    int first_column = int(gl_WorkGroupID.x % tiles_across * TILE_COLUMNS);
    uint split = gl_WorkGroupID.x / tiles_across;
    Place place = place_of(tile);
    if (!place.exists) return;

    TENSORS;
    Sums sums;
    CLEAR(sums);
#define STEP(step) \
    MULTIPLY( \
        sums, x_float16.v, arguments.x_offset, X_SLICE(step), weight_float16.v, arguments.weight_offset, WEIGHT_SLICE(step), turned)
    uint step = split * (arguments.stretch / TILE_DEPTH);
    uint last_step = min(step + arguments.stretch / TILE_DEPTH, step_count());
    [[dont_unroll]] for (; step + TURN <= last_step; step += TURN) {
        UNROLL for (uint i = 0; i < TURN; ++i) STEP(step + i)
    }
    [[dont_unroll]] for (; step < last_step; ++step) STEP(step)

    if ((FLAGS & CS_IS_PARTIAL) != 0) {
        STORE_FLOATS(sums, y_32.v, arguments.y_offset + split * arguments.rows * arguments.columns, Y_SLICE);
        return;
    }
    if ((FLAGS & (CS_HAS_BIAS | CS_HAS_GATE)) != 0 || ACTIVATION != CS_IDENTITY) {
        ON_EACH(sums, without_residual, tile * TILE_ROWS, uint(first_column));
    }
    if ((FLAGS & CS_HAS_RESIDUAL) != 0) ADD_HALVES(sums, residual_float16.v, arguments.residual_offset, Y_SLICE)
    if (y_type == CS_FLOAT16) STORE_HALVES(sums, y_float16.v, arguments.y_offset, Y_SLICE)
    else STORE_FLOATS(sums, y_32.v, arguments.y_offset, Y_SLICE);
}
