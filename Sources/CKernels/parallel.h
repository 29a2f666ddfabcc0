#ifndef UNDERPAINT_CKERNELS_PARALLEL_H
#define UNDERPAINT_CKERNELS_PARALLEL_H

#include "CKernels.h"

/// Does the items begin..<end of a job; `worker` is less than the team's thread count.
typedef void (*ck_body)(const void *args, ptrdiff_t begin, ptrdiff_t end, int worker);

/// Runs `body` over 0..<count, split into one contiguous range a thread.
///
/// `work` is the rough number of floats that the whole job touches: small jobs stay on the calling thread.
void ck_for(int threads, ptrdiff_t count, ptrdiff_t work, ck_body body, const void *args);

#endif
