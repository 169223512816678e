/* The exact sum of numbers: rounded once, at its end, and so independent of their order and of how they were split. It
 * is what smx_cross_entropy_f32 reduces losses with: parts of a batch on several machines add up to the bits of
 * the whole. Part of smx/smx.h. */
#ifndef SMX_EXACT_SUM_H
#define SMX_EXACT_SUM_H

#include "smx/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The sum so far is sum_k limb[k] 2^(32 k - 1074), and what was not finite is counted. All zeros: nothing added. The
 * functions below leave limbs in [0, 2^32) but for the last, which has the sign; adding up to 2^30 such structs word by
 * word (MPI_INT64_T with MPI_SUM, say) merges them too. */
typedef struct smx_exact_sum {
    int64_t limb[68];
    int64_t plus_infinities, minus_infinities, nans;
} smx_exact_sum;

/* Adds n numbers. Status: SMX_ERROR_NULL, _SIZE. */
SMX_API SMX_MUST_CHECK smx_status smx_exact_sum_add_f32(smx_exact_sum *sum, size_t n, const float *values);
SMX_API SMX_MUST_CHECK smx_status smx_exact_sum_add_f64(smx_exact_sum *sum, size_t n, const double *values);

/* into = into + from. Status: SMX_ERROR_NULL. */
SMX_API SMX_MUST_CHECK smx_status smx_exact_sum_merge(smx_exact_sum *into, const smx_exact_sum *from);

/* The sum, correctly rounded; infinite or NaN (canonical) if a summand was. A sum of 0 is +0. Status: SMX_ERROR_NULL.
 * */
SMX_API SMX_MUST_CHECK smx_status smx_exact_sum_value_f32(const smx_exact_sum *sum, float *value);
SMX_API SMX_MUST_CHECK smx_status smx_exact_sum_value_f64(const smx_exact_sum *sum, double *value);

/* sum / divisor, as the mean of smx_cross_entropy_f32 is made: below 0.51 ULP. NaN if the divisor is 0.
 * Status: SMX_ERROR_NULL. */
SMX_API SMX_MUST_CHECK smx_status smx_exact_sum_ratio_f32(const smx_exact_sum *sum, const smx_exact_sum *divisor,
                                                          float *value);
SMX_API SMX_MUST_CHECK smx_status smx_exact_sum_ratio_f64(const smx_exact_sum *sum, const smx_exact_sum *divisor,
                                                          double *value);

#ifdef __cplusplus
}
#endif

#endif
