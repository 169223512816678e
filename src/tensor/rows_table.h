/* The row functions as calls on tensors use them. Blocks stand in the order of the public functions' tensors. */
#ifndef SMX_TENSOR_ROWS_TABLE_H
#define SMX_TENSOR_ROWS_TABLE_H

#include "call.h"

struct rows_table {
    row_function softmax, softmax_backward, softmax_jacobian, log_softmax, logsumexp;
};

extern const struct rows_table smx_rows_f32, smx_rows_f64;

#endif
