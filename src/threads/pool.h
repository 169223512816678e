/* The library's own threads. They are made when a call first has work for them, as many as it has, and wait for the
 * next. Any number of callers may use them at once, in a child of fork too. */
#ifndef SMX_POOL_H
#define SMX_POOL_H

#include "smx/base.h"
#include "threads.h"

/* Runs task(data, i) for each i in [0, tasks), in any order; returns when all are done. There are two tasks or more.
 * Where the system gives no thread, all run in the calling one. */
void smx_pool_run(size_t tasks, smx_task task, void *data);

#endif
