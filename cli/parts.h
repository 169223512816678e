/* Rows too long for memory: a row in parts, as the library has it for softmax and its backward pass. */
#ifndef SMX_CLI_PARTS_H
#define SMX_CLI_PARTS_H

#include "input.h"
#include "result.h"
#include "smx/smx.h"

typedef union row_stats {
    smx_softmax_stats_f32 softmax_f32;
    smx_softmax_stats_f64 softmax_f64;
    smx_softmax_backward_stats backward;
} row_stats;

typedef struct row_parts {
    int inputs;
    smx_status (*part_max)(npy_dtype dtype, size_t n, const void *const *in, row_stats *stats);
    smx_status (*part_sum)(npy_dtype dtype, size_t n, const void *const *in, size_t row_n, row_stats *stats,
                           const smx_options *options);
    smx_status (*part_finish)(npy_dtype dtype, size_t n, const void *const *in, const row_stats *stats, void *out,
                              const smx_options *options);
    smx_status (*merge)(npy_dtype dtype, row_stats *into, const row_stats *from);
} row_parts;

enum { PARTS_PASSES = 3 };

/* Computes the rows of a tile in three passes over their parts, each of up to `length` numbers. `stats` is one for each
 * row. Returns false after a message. */
bool parts_transform(const row_parts *parts, const smx_options *options, input *in, result *out, const space *rows,
                     const tile *whole, size_t length, row_stats *stats);

#endif
