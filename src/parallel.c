#include "arithmetic.h"

#include "parallel.h"

#ifdef _OPENMP
#include <omp.h>
#endif

/* A thread is worth waking for this many elements: some 5 us of work. */
#define GRAIN ((size_t)16384)

unsigned smx_threads(void) {
#ifdef _OPENMP
    return (unsigned)omp_get_max_threads();
#else
    return 1;
#endif
}

#ifdef _OPENMP
/* More threads than processors gain next to nothing, and where the system cannot give them all, libgomp ends the
 * program. */
static int openmp_threads(size_t tasks) {
    size_t most = 4 * (size_t)omp_get_num_procs();
    return (int)(tasks < most ? tasks : most);
}
#endif

size_t smx_pieces(const struct settings *settings, size_t count, size_t size) {
    if (size < GRAIN && count < GRAIN && count * size < GRAIN) { /* no need to ask how many threads there are */
        return 1;
    }
    size_t threads = settings->threads != 0 ? settings->threads : smx_threads();
    size_t pieces = count < threads ? count : threads;
    size_t worth = size >= GRAIN ? count : count / (GRAIN / size + 1);
    pieces = pieces < worth ? pieces : worth;
    return pieces > 0 ? pieces : 1;
}

void smx_run_tasks(const struct settings *settings, size_t tasks, smx_task task, void *data) {
    if (tasks == 1) {
        task(data, 0);
        return;
    }
    if (settings->parallel_for != NULL) {
        settings->parallel_for(settings->pool, tasks, task, data);
        return;
    }
#ifdef _OPENMP
#pragma omp parallel for num_threads(openmp_threads(tasks)) schedule(static, 1)
#endif
    for (size_t i = 0; i < tasks; i++) {
        task(data, i);
    }
}
