/* Softmax and log-softmax down the columns of a matrix: over an axis that is not the last, without a transposed copy.
 * Part of smx/smx.h. */
#ifndef SMX_COLUMNS_H
#define SMX_COLUMNS_H

#include "smx/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For each column c of n entries, y_ic = exp(x_ic) / sum_j exp(x_jc).
 *
 * Shapes    x: n x columns with stride ldx >= columns; y likewise with ldy.
 * Threads   Over columns. Same bits for any number, and the same bits as smx_softmax_f32 on the transposed matrix.
 * Options   Neither scale nor masks.
 * The rest  As smx_softmax_f32, with columns for rows. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_columns_f32(size_t columns, size_t n, const float *x, size_t ldx,
                                                          float *y, size_t ldy, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_columns_f64(size_t columns, size_t n, const double *x, size_t ldx,
                                                          double *y, size_t ldy, const smx_options *opt);

/* Log-softmax down columns: as smx_log_softmax_f32 in the same way. */
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_columns_f32(size_t columns, size_t n, const float *x, size_t ldx,
                                                              float *y, size_t ldy, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_columns_f64(size_t columns, size_t n, const double *x, size_t ldx,
                                                              double *y, size_t ldy, const smx_options *opt);

#ifdef __cplusplus
}
#endif

#endif
