/* A part of a row that a caller cuts itself, over processes or machines: checks, and the steps of softmax and its
 * backward pass over it. (row_parts.h cuts one row over threads.) */
#ifndef SMX_PART_H
#define SMX_PART_H

#include "../isa/dispatch.h"
#include "../options/options.h"
#include "smx/smx.h"

/* A part, of either type. `max` and `sum` are the caller's statistics. */
struct part {
    enum dtype real;
    size_t n, row_n;
    const void *x; /* y, of the backward pass */
    const void *dy;
    void *out;
    void *max;
    int64_t *sum;
    const struct part_kernels *kernels;
    struct options_read options;
};

/* Options and kernels; `stats` is the caller's pointer, which must not be null. */
smx_status smx_part_begin(struct part *part, const void *stats, const smx_options *opt);

/* Of a part that has begun: its maximum, with a sum of 0; its sum, given the row's maximum; its results, given both. */
smx_status smx_part_max(struct part *part);
smx_status smx_part_sum(struct part *part);
smx_status smx_part_finish(struct part *part);

/* Statistics of two parts, as one. */
smx_status smx_stats_merge(enum dtype real, void *into_max, int64_t into[4], const void *max, const int64_t from[4]);

/* The same steps of the backward pass, which begin themselves. */
smx_status smx_part_backward_max(struct part *part, smx_softmax_backward_stats *stats);
smx_status smx_part_backward_sum(struct part *part, smx_softmax_backward_stats *stats);
smx_status smx_part_backward_finish(struct part *part, const smx_softmax_backward_stats *stats);

/* The exponents that products of two numbers of a type may have, and what stands for none and for no number. */
bool smx_exponent_of_a_row(enum dtype real, int32_t exponent);

#endif
