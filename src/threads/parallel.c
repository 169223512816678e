#include "../base/arithmetic.h"

#include "parallel.h"

#include "../base/environment.h"
#include "pool.h"
#include "processors.h"

#include <errno.h>
#include <stdatomic.h>

/* A thread is worth waking for this many elements: some 5 us of work. */
#define GRAIN ((size_t)16384)

#define THREADS_LIMIT 1000000

bool smx_threads_make_sense(void) {
    size_t threads;
    return smx_environment_number("SMX_THREADS", THREADS_LIMIT, '\0', &threads) != ENVIRONMENT_SENSELESS;
}

static unsigned find_threads(void) {
    size_t threads;
    if (!SMX_THREADS) {
        return 1;
    }
    /* OpenMP's variable may be a list, of which the first is meant. */
    if (smx_environment_number("SMX_THREADS", THREADS_LIMIT, '\0', &threads) == ENVIRONMENT_NUMBER ||
        smx_environment_number("OMP_NUM_THREADS", THREADS_LIMIT, ',', &threads) == ENVIRONMENT_NUMBER) {
        return (unsigned)threads;
    }
    return smx_processors();
}

unsigned smx_threads(void) {
    static atomic_uint found; /* 0 until first use */
    unsigned threads = atomic_load_explicit(&found, memory_order_relaxed);
    if (threads == 0) {
        int caller = errno;
        threads = find_threads();
        errno = caller;
        atomic_store_explicit(&found, threads, memory_order_relaxed);
    }
    return threads;
}

size_t smx_pieces(const struct options_read *options, size_t count, size_t size) {
    if (size < GRAIN && count < GRAIN && count * size < GRAIN) { /* no need to ask how many threads there are */
        return 1;
    }
    size_t threads = options->opt->threads != 0 ? options->opt->threads : smx_threads();
    size_t pieces = count < threads ? count : threads;
    size_t worth = size >= GRAIN ? count : count / (GRAIN / (size > 0 ? size : 1) + 1);
    pieces = pieces < worth ? pieces : worth;
    return pieces > 0 ? pieces : 1;
}

void smx_run_tasks(const struct options_read *options, size_t tasks, smx_task task, void *data) {
    if (tasks == 1) {
        task(data, 0);
        return;
    }
    if (options->opt->parallel_for != NULL) {
        options->opt->parallel_for(options->opt->pool, tasks, task, data);
        return;
    }
    smx_pool_run(tasks, task, data);
}
