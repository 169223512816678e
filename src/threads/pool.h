/* The library's own threads. They are made when a call first has work for them, as many as it has, and wait for the
 * next. Any number of callers may use them at once, in a child of fork too. */
#ifndef SMX_POOL_H
#define SMX_POOL_H

#include "smx/base.h"

/* 0: every call runs in its caller's thread. A build without threads says so: -DSMX_THREADS=0. */
#ifndef SMX_THREADS
#if defined(__unix__) || defined(__APPLE__)
#define SMX_THREADS 1
#else
#define SMX_THREADS 0
#endif
#endif

/* How many processors this process may use. Constant. */
unsigned smx_pool_processors(void);

/* Runs task(data, i) for each i in [0, tasks), in any order; returns when all are done. There are two tasks or more.
 * Where the system gives no thread, all run in the calling one. */
void smx_pool_run(size_t tasks, smx_task task, void *data);

#endif
