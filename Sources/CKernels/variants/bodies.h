// All kernels for one instruction set. Before: CK_WIDTH (floats in a register), CK_VARIANT (name of the table).

#include "vector.h"

#include "elementwise.h"
#include "norms.h"
#include "softmax.h"

const ck_variant CK_VARIANT = {
    .activate = activate,
    .finish = finish,
    .round_rows = round_rows,
    .modulate = modulate,
    .rotary = rotary,
    .broadcast = broadcast,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .group_statistics = group_statistics,
    .group_apply = group_apply,
    .softmax_rows = softmax_rows,
    .softmax_narrow = softmax_narrow,
    .narrow_rows = narrow_rows,
    .scale_rows = scale_rows,
};
