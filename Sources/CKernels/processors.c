#define _GNU_SOURCE
#include <sched.h>

#include "CKernels.h"

int ck_allowed_processors(int *processors, int capacity)
{
    int count = 0;
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
    for (int processor = 0; processor < CPU_SETSIZE && count < capacity; processor++)
        if (CPU_ISSET(processor, &set)) processors[count++] = processor;
#endif
    return count;
}
