#ifndef UNDERPAINT_CKERNELS_VARIANTS_H
#define UNDERPAINT_CKERNELS_VARIANTS_H

#include "../parallel.h"

/// The kernels of one instruction set, each over a range of rows.
typedef struct {
    ck_body activate, finish, round_rows, modulate, rotary, broadcast;
    ck_body layer_norm, rms_norm, group_statistics, group_apply;
    void (*softmax_rows)(float *scores, ptrdiff_t rows, ptrdiff_t width, float *reciprocals);
    void (*softmax_narrow)(const float *scores, ptrdiff_t rows, ptrdiff_t width, uint16_t *y, float *reciprocals);
    void (*narrow_rows)(const ck_narrow_rows_args *args);
    void (*scale_rows)(const ck_scale_rows_args *args);
} ck_variant;

extern const ck_variant ck_variant_plain;
#if defined(__x86_64__)
extern const ck_variant ck_variant_avx2;
extern const ck_variant ck_variant_avx512;
#endif

/// The kernels of an instruction set, or the plain ones where it does not exist.
const ck_variant *ck_variant_of(ck_isa isa);

#endif
