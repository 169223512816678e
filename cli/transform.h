/* Row by row, arrays into an array of the same shape: what smx softmax and smx backward have in common. */
#ifndef SMX_CLI_TRANSFORM_H
#define SMX_CLI_TRANSFORM_H

#include "npy.h"
#include "settings.h"
#include "smx/smx.h"

typedef union row_stats {
    smx_softmax_stats_f32 softmax_f32;
    smx_softmax_stats_f64 softmax_f64;
    smx_softmax_backward_stats backward;
} row_stats;

/* An operation on rows as the library has it: on whole rows, and on a row in parts for those that do not fit in memory.
 * The result may be written over the first input. */
typedef struct row_operation {
    int inputs;
    smx_status (*rows)(npy_dtype dtype, size_t rows, size_t n, const void *const *in, void *out,
                       const smx_options *options);
    smx_status (*part_max)(npy_dtype dtype, size_t n, const void *const *in, row_stats *stats);
    smx_status (*part_sum)(npy_dtype dtype, size_t n, const void *const *in, size_t row_n, row_stats *stats,
                           const smx_options *options);
    smx_status (*part_finish)(npy_dtype dtype, size_t n, const void *const *in, const row_stats *stats, void *out,
                              const smx_options *options);
    smx_status (*merge)(npy_dtype dtype, row_stats *into, const row_stats *from);
} row_operation;

/* Reads the inputs, applies the operation along set->axis, writes the output. Returns the exit status. */
int transform(const row_operation *operation, const settings *set);

#endif
