#include "../base/arithmetic.h"

#include "parallel.h"
#include "pool.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A thread is worth waking for this many elements: some 5 us of work. */
#define GRAIN ((size_t)16384)

#define THREADS_LIMIT 1000000

/* 0 if the variable has no number from 1 on. OMP_NUM_THREADS may have a list of them. */
static unsigned threads_of(const char *variable) {
    const char *text = getenv(variable);
    char *end;
    long number = text != NULL ? strtol(text, &end, 10) : 0;
    return number > 0 && number <= THREADS_LIMIT && (*end == '\0' || *end == ',') ? (unsigned)number : 0;
}

bool smx_threads_make_sense(void) {
    const char *text = getenv("SMX_THREADS");
    return text == NULL ||
           (text[strspn(text, "0123456789")] == '\0' && (*text == '\0' || threads_of("SMX_THREADS") != 0));
}

static unsigned find_threads(void) {
    if (!SMX_THREADS) {
        return 1;
    }
    unsigned threads = threads_of("SMX_THREADS");
    if (threads == 0) {
        threads = threads_of("OMP_NUM_THREADS");
    }
    return threads != 0 ? threads : smx_pool_processors();
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

size_t smx_pieces(const struct settings *settings, size_t count, size_t size) {
    if (size < GRAIN && count < GRAIN && count * size < GRAIN) { /* no need to ask how many threads there are */
        return 1;
    }
    size_t threads = settings->opt->threads != 0 ? settings->opt->threads : smx_threads();
    size_t pieces = count < threads ? count : threads;
    size_t worth = size >= GRAIN ? count : count / (GRAIN / (size > 0 ? size : 1) + 1);
    pieces = pieces < worth ? pieces : worth;
    return pieces > 0 ? pieces : 1;
}

void smx_run_tasks(const struct settings *settings, size_t tasks, smx_task task, void *data) {
    if (tasks == 1) {
        task(data, 0);
        return;
    }
    if (settings->opt->parallel_for != NULL) {
        settings->opt->parallel_for(settings->opt->pool, tasks, task, data);
        return;
    }
    smx_pool_run(tasks, task, data);
}
