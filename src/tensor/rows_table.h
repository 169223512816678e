/* The row functions as calls on tensors use them. Blocks stand in the order of the public functions' tensors. */
#ifndef SMX_TENSOR_ROWS_TABLE_H
#define SMX_TENSOR_ROWS_TABLE_H

#include "call.h"

struct cross_entropy_parameters;

struct rows_table {
    row_function softmax_columns, log_softmax_columns;
    row_function softmax, softmax_backward, softmax_jacobian, softmax_jvp, softmax_double_backward;
    row_function log_softmax, log_softmax_backward, log_softmax_jvp;
    row_function logsumexp, logsumexp_backward, logsumexp_weighted;
    row_function scale_gradient;
    struct totals scale_gradient_totals;
    row_function cross_entropy, cross_entropy_hessian, cross_entropy_hessian_product;
    struct totals cross_entropy_totals;
    /* Checks all but tensors' shapes, and sets the parameters that come of labels and weights. The caller is in the
     * library's floating-point environment. */
    smx_status (*cross_entropy_begin)(const struct call *call, struct cross_entropy_parameters *parameters);
};

extern const struct rows_table smx_rows_f32, smx_rows_f64;

#endif
