/* Callers' own pools for the parallel_for hook: sound ones and perverse ones. The option `pool` of each is a pool. */
#ifndef SMX_TESTS_POOLS_H
#define SMX_TESTS_POOLS_H

#include <stdatomic.h>
#include <stddef.h>

#include "dtype.h"

typedef struct pool {
    unsigned threads;            /* how many threads pool_threads and pool_all_at_once may start */
    void (*enter)(void);         /* run first in each started thread; may be null */
    void (*leave)(void);         /* run last in each started thread; may be null */
    _Atomic size_t calls, tasks; /* how often the hook was called, and how many tasks it was given in all */
    _Atomic size_t largest;      /* the largest number of tasks in one call */
} pool;

/* pthreads that take the next task when they are done with one. */
void pool_threads(void *pool, size_t count, smx_task task, void *data);

/* Every task (or every so many, if there are more than `threads`) on a thread of its own, let go at the same moment. */
void pool_all_at_once(void *pool, size_t count, smx_task task, void *data);

/* On the caller's thread, last task first. */
void pool_reversed(void *pool, size_t count, smx_task task, void *data);

/* On the caller's thread, in a fixed mixed-up order. */
void pool_shuffled(void *pool, size_t count, smx_task task, void *data);

/* Breaks its promise: never runs the last task. */
void pool_forgetful(void *pool, size_t count, smx_task task, void *data);

#endif
