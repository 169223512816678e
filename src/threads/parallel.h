/* Tasks over threads: those of pool.h, or the caller's own. */
#ifndef SMX_PARALLEL_H
#define SMX_PARALLEL_H

#include "../options/options.h"

/* Whether SMX_THREADS in the environment is unset, empty, or a number of threads. */
bool smx_threads_make_sense(void);

/* Runs task(data, i) for each i in [0, tasks); returns when all are done. A single task runs in the calling thread. */
void smx_run_tasks(const struct options_read *options, size_t tasks, smx_task task, void *data);

/* Into how many pieces to cut `count` things of `size` elements each, so that a piece is worth a thread. */
size_t smx_pieces(const struct options_read *options, size_t count, size_t size);

#endif
