// Kernels that only move floats (and the mean): memory sets their speed, so one variant is enough.

#include <string.h>

#include "parallel.h"

static void gather(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_gather_args *a = arguments;
    const int last = a->rank - 1;
    const ptrdiff_t width = a->extents[last], step = a->strides[last];
    for (ptrdiff_t row = begin; row < end; row++) {
        ptrdiff_t rest = row, offset = 0;
        for (int axis = last - 1; axis >= 0; axis--) {
            offset += rest % a->extents[axis] * a->strides[axis];
            rest /= a->extents[axis];
        }
        const float *restrict x = a->x + offset;
        float *restrict y = a->y + row * width;
        if (step == 1) {
            memcpy(y, x, (size_t)width * sizeof *y);
        } else {
            for (ptrdiff_t c = 0; c < width; c++) y[c] = x[c * step];
        }
    }
}

void ck_gather(ck_team team, ck_gather_args args)
{
    ptrdiff_t rows = 1;
    for (int axis = 0; axis < args.rank - 1; axis++) rows *= args.extents[axis];
    ck_for(team.threads, rows, 2 * rows * args.extents[args.rank - 1], gather, &args);
}

static void blocks(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_blocks_args *a = arguments;
    for (ptrdiff_t block = begin; block < end; block++)
        memcpy(a->y + block * a->y_stride, a->x + block * a->x_stride, (size_t)a->width * sizeof(float));
}

void ck_blocks(ck_team team, ck_blocks_args args)
{
    ck_for(team.threads, args.count, args.count * args.width, blocks, &args);
}

static void upsample(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_upsample_args *a = arguments;
    const ptrdiff_t width = a->columns * a->factor * a->channels;
    for (ptrdiff_t row = begin; row < end; row++) {
        float *first = a->y + row * a->factor * width;
        float *y = first;
        for (ptrdiff_t column = 0; column < a->columns; column++) {
            const float *x = a->x + (row * a->columns + column) * a->channels;
            for (ptrdiff_t copy = 0; copy < a->factor; copy++, y += a->channels)
                memcpy(y, x, (size_t)a->channels * sizeof *y);
        }
        for (ptrdiff_t copy = 1; copy < a->factor; copy++)
            memcpy(first + copy * width, first, (size_t)width * sizeof *y);
    }
}

void ck_upsample(ck_team team, ck_upsample_args args)
{
    const ptrdiff_t work = args.rows * args.columns * args.channels * args.factor * args.factor;
    ck_for(team.threads, args.rows, work, upsample, &args);
}

static void mean(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_mean_args *a = arguments;
    for (ptrdiff_t outer = begin; outer < end; outer++) {
        const float *x = a->x + outer * a->extent * a->inner;
        float *restrict y = a->y + outer * a->inner;
        if (a->inner == 1) {
            double sum = 0.0;
            for (ptrdiff_t i = 0; i < a->extent; i++) sum += x[i];
            y[0] = (float)(sum / (double)a->extent);
            continue;
        }
        memset(y, 0, (size_t)a->inner * sizeof *y);
        for (ptrdiff_t i = 0; i < a->extent; i++) {
            const float *restrict line = x + i * a->inner;
            for (ptrdiff_t c = 0; c < a->inner; c++) y[c] += line[c];
        }
        for (ptrdiff_t c = 0; c < a->inner; c++) y[c] /= (float)a->extent;
    }
}

void ck_mean(ck_team team, ck_mean_args args)
{
    ck_for(team.threads, args.outer, args.outer * args.extent * args.inner, mean, &args);
}
