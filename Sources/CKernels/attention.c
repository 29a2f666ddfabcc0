#include "variants/variants.h"

// One item is one block of query rows of one head: the scores of a block stay in the cache of its core
// (128 rows measured best for float32), and no head's scores are ever stored whole.
static const ptrdiff_t block_rows = 128;

struct attention_job {
    ck_attention_args args;
    const ck_variant *variant;
    ptrdiff_t scratch_stride;
    int status;
};

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

ptrdiff_t ck_attention_scratch(ptrdiff_t queries, ptrdiff_t keys)
{
    const ptrdiff_t rows = smaller(queries, block_rows);
    // Scores and a reciprocal for each row; rounded up to cache lines, so that no two threads share one.
    return (rows * (keys + 1) + 15) / 16 * 16;
}

static void attend(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    struct attention_job *job = (struct attention_job *)arguments;
    const ck_attention_args *a = &job->args;
    const ptrdiff_t blocks = (a->queries + block_rows - 1) / block_rows;
    const ptrdiff_t y_stride = a->heads * a->head_width;
    float *scores = a->scratch + worker * job->scratch_stride;
    for (ptrdiff_t item = begin; item < end; item++) {
        const ptrdiff_t first = item % blocks * block_rows, head = item / blocks % a->heads;
        const ptrdiff_t batch = item / blocks / a->heads, rows = smaller(block_rows, a->queries - first);
        const ptrdiff_t d = a->head_width, channel = head * d;
        const float *q = a->q + (batch * a->queries + first) * a->q_stride + channel;
        const float *k = a->k + batch * a->keys * a->k_stride + channel;
        const float *v = a->v + batch * a->keys * a->v_stride + channel;
        float *y = a->y + (batch * a->queries + first) * y_stride + channel;
        float *reciprocals = scores + rows * a->keys;
        int status = a->gemm(
            'N', 'T', rows, a->keys, d, a->scale, q, a->q_stride, k, a->k_stride, 0.0f, scores, a->keys);
        job->variant->softmax_rows(scores, rows, a->keys, reciprocals);
        if (status == 0)
            status = a->gemm('N', 'N', rows, d, a->keys, 1.0f, scores, a->keys, v, a->v_stride, 0.0f, y, y_stride);
        const ck_scale_rows_args scaled = {
            .x = y, .x_stride = y_stride, .y = y, .y_stride = y_stride, .rows = rows, .width = d, .factors = reciprocals,
        };
        job->variant->scale_rows(&scaled);
        if (status != 0) __atomic_store_n(&job->status, status, __ATOMIC_RELAXED);
    }
}

int ck_attention(ck_team team, ck_attention_args args)
{
    struct attention_job job = {
        .args = args,
        .variant = ck_variant_of(team.isa),
        .scratch_stride = ck_attention_scratch(args.queries, args.keys),
        .status = 0,
    };
    const ptrdiff_t blocks = (args.queries + block_rows - 1) / block_rows;
    const ptrdiff_t items = args.batch * args.heads * blocks;
    ck_for(team.threads, items, items * 2 * smaller(args.queries, block_rows) * args.keys, attend, &job);
    return job.status;
}
