#include "parallel.h"

// The team is libgomp's, which oneDNN uses too: one set of threads, woken once, never two pools that take the
// cores from each other. clang would call LLVM's runtime for `#pragma omp`, so libgomp's stable entry points
// are called by name, as gcc's generated code does.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern void omp_set_num_threads(int threads);

/// Below so many floats waking the team costs more than it gains (about two microseconds).
static const ptrdiff_t smallest_shared_work = 8192;

struct job {
    ck_body body;
    const void *args;
    ptrdiff_t count;
};

static void run_part(void *data)
{
    const struct job *job = data;
    const ptrdiff_t workers = omp_get_num_threads();
    const ptrdiff_t worker = omp_get_thread_num();
    const ptrdiff_t begin = job->count * worker / workers;
    const ptrdiff_t end = job->count * (worker + 1) / workers;
    if (begin < end) job->body(job->args, begin, end, (int)worker);
}

void ck_for(int threads, ptrdiff_t count, ptrdiff_t work, ck_body body, const void *args)
{
    if (count <= 0) return;
    if (threads <= 1 || count == 1 || work < smallest_shared_work) {
        body(args, 0, count, 0);
        return;
    }
    struct job job = { body, args, count };
    const unsigned wanted = count < threads ? (unsigned)count : (unsigned)threads;
    GOMP_parallel(run_part, &job, wanted, 0);
}

void ck_set_thread_count(int threads)
{
    omp_set_num_threads(threads);
}
