#include "variants/variants.h"

ck_isa ck_best_isa(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
        return CK_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return CK_ISA_AVX2;
#endif
    return CK_ISA_PLAIN;
}

const ck_variant *ck_variant_of(ck_isa isa)
{
#if defined(__x86_64__)
    if (isa == CK_ISA_AVX512) return &ck_variant_avx512;
    if (isa == CK_ISA_AVX2) return &ck_variant_avx2;
#endif
    return &ck_variant_plain;
}

// An activation costs about as much as eight plain operations.
static ptrdiff_t cost_of(ck_activation activation)
{
    return activation == CK_IDENTITY ? 1 : 8;
}

void ck_activate(ck_team team, ck_activate_args args)
{
    const ptrdiff_t work = args.count * cost_of(args.activation);
    ck_for(team.threads, args.count, work, ck_variant_of(team.isa)->activate, &args);
}

void ck_finish(ck_team team, ck_finish_args args)
{
    const ptrdiff_t work = args.rows * args.width * cost_of(args.activation);
    ck_for(team.threads, args.rows, work, ck_variant_of(team.isa)->finish, &args);
}

void ck_round(ck_team team, ck_round_args args)
{
    ck_for(team.threads, args.rows, 2 * args.rows * args.width, ck_variant_of(team.isa)->round_rows, &args);
}

void ck_modulate(ck_team team, ck_modulate_args args)
{
    ck_for(team.threads, args.rows, args.rows * args.width, ck_variant_of(team.isa)->modulate, &args);
}

void ck_rotary(ck_team team, ck_rotary_args args)
{
    const ptrdiff_t work = args.rows * args.heads * args.head_width;
    ck_for(team.threads, args.rows, work, ck_variant_of(team.isa)->rotary, &args);
}

void ck_broadcast(ck_team team, ck_broadcast_args args)
{
    ptrdiff_t rows = 1;
    for (int axis = 0; axis < args.rank - 1; axis++) rows *= args.extents[axis];
    const ptrdiff_t work = rows * args.extents[args.rank - 1];
    ck_for(team.threads, rows, work, ck_variant_of(team.isa)->broadcast, &args);
}

void ck_layer_norm(ck_team team, ck_layer_norm_args args)
{
    ck_for(team.threads, args.rows, 2 * args.rows * args.width, ck_variant_of(team.isa)->layer_norm, &args);
}

void ck_rms_norm(ck_team team, ck_rms_norm_args args)
{
    const ptrdiff_t work = args.rows * args.width * cost_of(args.activation);
    ck_for(team.threads, args.rows, work, ck_variant_of(team.isa)->rms_norm, &args);
}

void ck_group_norm(ck_team team, ck_group_norm_args args)
{
    const ck_variant *variant = ck_variant_of(team.isa);
    const ptrdiff_t work = args.batch * args.pixels * args.channels;
    ck_for(team.threads, args.batch * args.groups, 4 * work, variant->group_statistics, &args);
    ck_for(team.threads, args.batch * args.pixels, work * cost_of(args.activation), variant->group_apply, &args);
}

void ck_narrow_rows(ck_isa isa, ck_narrow_rows_args args)
{
    ck_variant_of(isa)->narrow_rows(&args);
}

void ck_softmax_narrow(
    ck_isa isa, const float *x, ptrdiff_t rows, ptrdiff_t width, uint16_t *y, float *reciprocals)
{
    ck_variant_of(isa)->softmax_narrow(x, rows, width, y, reciprocals);
}

void ck_scale_rows(ck_isa isa, ck_scale_rows_args args)
{
    ck_variant_of(isa)->scale_rows(&args);
}
