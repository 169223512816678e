/* Softmax, its backward pass and Jacobian, and argmax, over rows and columns of arrays. The contracts stand in
 * smx/smx.h and smx/columns.h. */
#include "../base/arithmetic.h"

#include "../rows/part_rows.h"
#include "request.h"
#include "smx/smx.h"

smx_status smx_softmax_f32(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                           const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy)};
    const struct rows_request request = REQUEST(SOFTMAX, F32, a);
    return smx_rows(&request);
}

smx_status smx_softmax_f64(size_t rows, size_t n, const double *x, size_t ldx, double *y, size_t ldy,
                           const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy)};
    const struct rows_request request = REQUEST(SOFTMAX, F64, a);
    return smx_rows(&request);
}

smx_status smx_softmax_columns_f32(size_t columns, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                                   const smx_options *opt) {
    const size_t rows = columns;
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy)};
    const struct rows_request request = REQUEST(SOFTMAX_COLUMNS, F32, a);
    return smx_rows(&request);
}

smx_status smx_softmax_columns_f64(size_t columns, size_t n, const double *x, size_t ldx, double *y, size_t ldy,
                                   const smx_options *opt) {
    const size_t rows = columns;
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy)};
    const struct rows_request request = REQUEST(SOFTMAX_COLUMNS, F64, a);
    return smx_rows(&request);
}

smx_status smx_softmax_backward_f32(size_t rows, size_t n, const float *y, size_t ldy, const float *dy, size_t lddy,
                                    float *dx, size_t lddx, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(dy, lddy), rows_of(dx, lddx)};
    const struct rows_request request = REQUEST(SOFTMAX_BACKWARD, F32, a);
    return smx_rows(&request);
}

smx_status smx_softmax_backward_f64(size_t rows, size_t n, const double *y, size_t ldy, const double *dy, size_t lddy,
                                    double *dx, size_t lddx, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(dy, lddy), rows_of(dx, lddx)};
    const struct rows_request request = REQUEST(SOFTMAX_BACKWARD, F64, a);
    return smx_rows(&request);
}

smx_status smx_softmax_jacobian_f32(size_t rows, size_t n, const float *y, size_t ldy, float *jac, size_t ldj,
                                    size_t matrix_stride, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), {jac, ldj, matrix_stride}};
    const struct rows_request request = REQUEST(SOFTMAX_JACOBIAN, F32, a);
    return smx_rows(&request);
}

smx_status smx_softmax_jacobian_f64(size_t rows, size_t n, const double *y, size_t ldy, double *jac, size_t ldj,
                                    size_t matrix_stride, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), {jac, ldj, matrix_stride}};
    const struct rows_request request = REQUEST(SOFTMAX_JACOBIAN, F64, a);
    return smx_rows(&request);
}

smx_status smx_argmax_f32(size_t rows, size_t n, const float *x, size_t ldx, int64_t *argmax, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), numbers_of(argmax)};
    const struct rows_request request = REQUEST(ARGMAX, F32, a);
    return smx_rows(&request);
}

smx_status smx_argmax_f64(size_t rows, size_t n, const double *x, size_t ldx, int64_t *argmax, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), numbers_of(argmax)};
    const struct rows_request request = REQUEST(ARGMAX, F64, a);
    return smx_rows(&request);
}

/* ---- Rows in parts ---- */

smx_status smx_softmax_part_f32(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                                const smx_part *part, const smx_options *opt) {
    const struct array arrays[] = {rows_of(x, ldx), rows_of(y, ldy)};
    struct rows_request request = REQUEST(SOFTMAX, F32, arrays);
    return smx_part_finish_rows(&request, part);
}

smx_status smx_softmax_backward_part_f32(size_t rows, size_t n, const float *y, size_t ldy, const float *dy,
                                         size_t lddy, float *dx, size_t lddx, const smx_part *part,
                                         const smx_options *opt) {
    const struct array arrays[] = {rows_of(y, ldy), rows_of(dy, lddy), rows_of(dx, lddx)};
    struct rows_request request = REQUEST(SOFTMAX_BACKWARD, F32, arrays);
    return smx_part_finish_rows(&request, part);
}

smx_status smx_softmax_part_f64(size_t rows, size_t n, const double *x, size_t ldx, double *y, size_t ldy,
                                const smx_part *part, const smx_options *opt) {
    const struct array arrays[] = {rows_of(x, ldx), rows_of(y, ldy)};
    struct rows_request request = REQUEST(SOFTMAX, F64, arrays);
    return smx_part_finish_rows(&request, part);
}

smx_status smx_softmax_backward_part_f64(size_t rows, size_t n, const double *y, size_t ldy, const double *dy,
                                         size_t lddy, double *dx, size_t lddx, const smx_part *part,
                                         const smx_options *opt) {
    const struct array arrays[] = {rows_of(y, ldy), rows_of(dy, lddy), rows_of(dx, lddx)};
    struct rows_request request = REQUEST(SOFTMAX_BACKWARD, F64, arrays);
    return smx_part_finish_rows(&request, part);
}
