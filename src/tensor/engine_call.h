/* Some rows of a call on tensors, handed to the engine over rows. */
#ifndef SMX_TENSOR_ENGINE_CALL_H
#define SMX_TENSOR_ENGINE_CALL_H

#include "call.h"

/* Options for work that is on a thread of its own already. */
static inline void smx_on_one_thread(smx_options *opt) {
    opt->threads = 1;
    opt->parallel_for = NULL;
    opt->pool = NULL;
}

/* The engine's options, from one block for each of the options' tensors, repeated over the rows as the blocks say. */
smx_options smx_block_options(const struct call *call, const struct block block[OPERANDS_MAX]);

/* Runs an operation on `rows` rows of n: of the call's arguments, block by block, and of its options. `query` and
 * `sum` are as in rows.h; null: none. */
struct some_rows {
    const struct operation *operation;
    size_t rows;
    const struct block *block;
    const smx_options *opt;
    const int64_t *query;
    smx_exact_sum *sum;
};
smx_status smx_run_blocks(const struct call *call, const struct some_rows *some);

#endif
