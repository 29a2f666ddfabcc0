// Linear layers and convolutions on top of a matrix product that runs on one thread.

#include <string.h>

#include "variants/variants.h"

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

struct linear_job {
    ck_linear_args args;
    ck_body finish;
    int status;
};

/// A range of rows: product and finish while the rows are in the cache.
static void linear_rows(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    struct linear_job *job = (struct linear_job *)arguments;
    const ck_linear_args *a = &job->args;
    const ptrdiff_t width = a->finish.width;
    const int status = a->gemm(
        'N', 'T', end - begin, width, a->inner, 1.0f, a->x + begin * a->inner, a->inner, a->weight, a->inner,
        0.0f, a->finish.y + begin * width, width);
    if (status != 0) __atomic_store_n(&job->status, status, __ATOMIC_RELAXED);
    job->finish(&a->finish, begin, end, worker);
}

/// A range of columns, in steps of 16: each thread packs its part of the weights alone.
static void linear_columns(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    struct linear_job *job = (struct linear_job *)arguments;
    const ck_linear_args *a = &job->args;
    const ptrdiff_t width = a->finish.width, first = 16 * begin, last = smaller(16 * end, width);
    const int status = a->gemm(
        'N', 'T', a->finish.rows, last - first, a->inner, 1.0f, a->x, a->inner, a->weight + first * a->inner,
        a->inner, 0.0f, a->finish.y + first, width);
    if (status != 0) __atomic_store_n(&job->status, status, __ATOMIC_RELAXED);
}

int ck_linear(ck_team team, ck_linear_args args)
{
    struct linear_job job = { args, ck_variant_of(team.isa)->finish, 0 };
    const ptrdiff_t rows = args.finish.rows, width = args.finish.width;
    const ptrdiff_t work = rows * width * args.inner / 8;
    // Every thread packs what it reads whole, so the smaller of the two matrices is the one that all read.
    if (rows > width) {
        ck_for(team.threads, rows, work, linear_rows, &job);
    } else {
        ck_for(team.threads, (width + 15) / 16, work, linear_columns, &job);
        ck_finish(team, args.finish);
    }
    return job.status;
}

struct convolution_job {
    ck_convolution_args args;
    ck_body finish;
    ptrdiff_t band;
    ptrdiff_t scratch_stride;
    int status;
};

/// Rows of the result whose gathered windows are multiplied at once: about 256 pixels, so that the weights are
/// packed seldom and the windows stay in the cache, but no fewer bands than four a picture.
static ptrdiff_t band_rows(ptrdiff_t out_height, ptrdiff_t out_columns)
{
    const ptrdiff_t rows = smaller(256 / out_columns, (out_height + 3) / 4);
    return rows > 0 ? rows : 1;
}

ptrdiff_t ck_convolution_scratch(
    ptrdiff_t out_height, ptrdiff_t out_columns, ptrdiff_t kernel, ptrdiff_t channels)
{
    return (band_rows(out_height, out_columns) * out_columns * kernel * kernel * channels + 15) / 16 * 16;
}

/// The windows of `rows` rows of the result from row `first` of one picture: [rows, out_columns, k, k, channels].
static void gather_windows(
    const ck_convolution_args *a, const float *picture, ptrdiff_t first, ptrdiff_t rows, float *windows)
{
    const ptrdiff_t line = a->kernel * a->channels;
    for (ptrdiff_t row = first; row < first + rows; row++)
        for (ptrdiff_t column = 0; column < a->out_columns; column++)
            for (ptrdiff_t ky = 0; ky < a->kernel; ky++, windows += line) {
                const ptrdiff_t y = row * a->stride - a->padding + ky, x = column * a->stride - a->padding;
                if (y < 0 || y >= a->height) {
                    memset(windows, 0, (size_t)line * sizeof *windows);
                    continue;
                }
                // Neighbouring pixels are neighbours in memory, so a line of the window is one copy.
                const ptrdiff_t from = x < 0 ? -x : 0, to = smaller(a->kernel, a->columns - x);
                const ptrdiff_t inside = to > from ? to - from : 0;
                if (inside < a->kernel) memset(windows, 0, (size_t)line * sizeof *windows);
                if (inside > 0)
                    memcpy(
                        windows + from * a->channels, picture + (y * a->columns + x + from) * a->channels,
                        (size_t)(inside * a->channels) * sizeof *windows);
            }
}

static void convolve(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    struct convolution_job *job = (struct convolution_job *)arguments;
    const ck_convolution_args *a = &job->args;
    const ptrdiff_t bands = (a->out_height + job->band - 1) / job->band, width = a->finish.width;
    const ptrdiff_t inner = a->kernel * a->kernel * a->channels;
    float *windows = a->scratch + worker * job->scratch_stride;
    for (ptrdiff_t item = begin; item < end; item++) {
        const ptrdiff_t picture = item / bands, first = item % bands * job->band;
        const ptrdiff_t rows = smaller(job->band, a->out_height - first), pixels = rows * a->out_columns;
        const ptrdiff_t pixel = (picture * a->out_height + first) * a->out_columns;
        gather_windows(a, a->x + picture * a->height * a->columns * a->channels, first, rows, windows);
        const int status = a->gemm(
            'N', 'T', pixels, width, inner, 1.0f, windows, inner, a->weight, inner, 0.0f,
            a->finish.y + pixel * width, width);
        if (status != 0) __atomic_store_n(&job->status, status, __ATOMIC_RELAXED);
        job->finish(&a->finish, pixel, pixel + pixels, worker);
    }
}

int ck_convolution(ck_team team, ck_convolution_args args)
{
    const ptrdiff_t band = band_rows(args.out_height, args.out_columns);
    struct convolution_job job = {
        .args = args,
        .finish = ck_variant_of(team.isa)->finish,
        .band = band,
        .scratch_stride = ck_convolution_scratch(args.out_height, args.out_columns, args.kernel, args.channels),
        .status = 0,
    };
    const ptrdiff_t items = args.batch * ((args.out_height + band - 1) / band);
    ck_for(team.threads, items, items * job.scratch_stride, convolve, &job);
    return job.status;
}
