#include "parallel.h"

// The team is libgomp's, which oneDNN uses too: one set of threads, woken once, never two pools that take the
// cores from each other. clang would call LLVM's runtime for `#pragma omp`, so libgomp's stable entry points
// are called by name, as gcc's generated code does.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern void omp_set_num_threads(int threads);
extern void omp_set_dynamic(int dynamic);
extern int omp_get_thread_limit(void);
extern int omp_get_max_active_levels(void);
extern void omp_set_max_active_levels(int levels);

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
    // Always the whole team: of a smaller one libgomp ends the other threads, and makes them anew for the next.
    GOMP_parallel(run_part, &job, (unsigned)threads, 0);
}

int ck_thread_limit(void)
{
    return omp_get_thread_limit();
}

void ck_set_thread_count(int threads)
{
    // oneDNN's kernels are made for as many threads as are set and leave a part undone where a team turns out smaller, as it does
    // at the runtime's own discretion or where the environment allows no team at all.
    omp_set_dynamic(0);
    if (omp_get_max_active_levels() < 1) omp_set_max_active_levels(1);
    omp_set_num_threads(threads);
}
