/* The f32 and the f64 functions behind one table each, so that every test is written once and run for both. */
#ifndef SMX_TESTS_DTYPE_H
#define SMX_TESTS_DTYPE_H

#include <stddef.h>
#include <stdint.h>

#include "../../include/smx/smx.h"

typedef union softmax_stats {
    smx_softmax_stats_f32 f32;
    smx_softmax_stats_f64 f64;
} softmax_stats;

typedef struct {
    const char *name;
    size_t size;
    double underflow;     /* exp(-underflow) is below half the smallest subnormal number */
    double min_normal;    /* the smallest normal number */
    double min_subnormal; /* the smallest number */
    double max;           /* the largest finite number */
    double epsilon;       /* the distance from 1 to the next number */
    double offset_from;   /* the |maximum| from which terms are taken relative to it */

    double (*load)(const void *a, size_t i);
    void (*store)(void *a, size_t i, double value);
    uint64_t (*bits)(const void *a, size_t i);
    void (*store_bits)(void *a, size_t i, uint64_t bits);

    smx_status (*softmax)(size_t rows, size_t n, const void *x, size_t ldx, void *y, size_t ldy,
                          const smx_options *opt);
    smx_status (*backward)(size_t rows, size_t n, const void *y, size_t ldy, const void *dy, size_t lddy, void *dx,
                           size_t lddx, const smx_options *opt);
    smx_status (*jacobian)(size_t rows, size_t n, const void *y, size_t ldy, void *jac, size_t ldj,
                           size_t matrix_stride, const smx_options *opt);

    smx_status (*part_max)(size_t n, const void *x, softmax_stats *stats);
    smx_status (*part_sum)(size_t n, const void *x, size_t row_n, softmax_stats *stats, const smx_options *opt);
    smx_status (*part_finish)(size_t n, const void *x, const softmax_stats *stats, void *y, const smx_options *opt);
    smx_status (*stats_merge)(softmax_stats *into, const softmax_stats *from);
    int64_t *(*stats_sum)(softmax_stats *stats); /* the four limbs */

    smx_status (*backward_part_max)(size_t n, const void *y, const void *dy, smx_softmax_backward_stats *stats);
    smx_status (*backward_part_sum)(size_t n, const void *y, const void *dy, size_t row_n,
                                    smx_softmax_backward_stats *stats);
    smx_status (*backward_part_finish)(size_t n, const void *y, const void *dy, const smx_softmax_backward_stats *stats,
                                       void *dx);
} dtype;

extern const dtype dtype_f32;
extern const dtype dtype_f64;

/* Element i of an array of that type. */
void *at(const dtype *t, void *a, size_t i);
const void *at_const(const dtype *t, const void *a, size_t i);

/* The canonical quiet NaN's bits. */
uint64_t canonical_nan(const dtype *t);

#endif
