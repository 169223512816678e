/* For calls on tensors (src/tensor), whose rows may come in groups: functions with totals over all rows, taken apart.
 * The pieces of a total are exact sums, so its bits are those of one call for all rows. */
#ifndef SMX_GROUPS_H
#define SMX_GROUPS_H

#include "exact_sum.h"
#include "smx/smx.h"

/* In this order: `check` once, of all but rows; `weigh` for each group, which refuses labels and adds up what a mean is
 * divided by; `gradient` once; `rows` for each group, which adds up losses; `reduced` once.
 *
 * `total` rounds a sum. In `ce`, `reduced` need only be null or not; it, count and weight are not written. */
#define SMX_GROUPS(real, suffix)                                                                                  \
    smx_status smx_cross_entropy_check_##suffix(size_t n, const smx_cross_entropy_args_##suffix *ce);             \
    smx_status smx_cross_entropy_weigh_##suffix(size_t rows, size_t n, const smx_cross_entropy_args_##suffix *ce, \
                                                smx_exact_sum *weight, int64_t *count);                           \
    struct pair smx_cross_entropy_gradient_##suffix(const smx_cross_entropy_args_##suffix *ce,                    \
                                                    const smx_exact_sum *weight);                                 \
    smx_status smx_cross_entropy_rows_##suffix(size_t rows, size_t n, const real *x, size_t ldx,                  \
                                               const smx_cross_entropy_args_##suffix *ce, struct pair gradient,   \
                                               const smx_options *opt, smx_exact_sum *loss);                      \
    real smx_cross_entropy_reduced_##suffix(const smx_cross_entropy_args_##suffix *ce, const smx_exact_sum *loss, \
                                            const smx_exact_sum *weight);                                         \
    smx_status smx_scale_gradient_rows_##suffix(size_t rows, size_t n, const real *x, size_t ldx, const real *dx, \
                                                size_t lddx, const smx_options *opt, smx_exact_sum *sum);         \
    real smx_total_##suffix(const smx_exact_sum *sum)
SMX_GROUPS(float, f32);
SMX_GROUPS(double, f64);
#undef SMX_GROUPS

#endif
