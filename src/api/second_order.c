/* Second order over rows of arrays. The contracts stand in smx/second_order.h. */
#include "../base/arithmetic.h"

#include "request.h"
#include "smx/smx.h"

smx_status smx_softmax_jvp_f32(size_t rows, size_t n, const float *y, size_t ldy, const float *v, size_t ldv, float *jv,
                               size_t ldjv, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(v, ldv), rows_of(jv, ldjv)};
    const struct rows_request request = REQUEST(SOFTMAX_JVP, F32, a);
    return smx_rows(&request);
}

smx_status smx_softmax_jvp_f64(size_t rows, size_t n, const double *y, size_t ldy, const double *v, size_t ldv,
                               double *jv, size_t ldjv, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(v, ldv), rows_of(jv, ldjv)};
    const struct rows_request request = REQUEST(SOFTMAX_JVP, F64, a);
    return smx_rows(&request);
}

smx_status smx_log_softmax_jvp_f32(size_t rows, size_t n, const float *y, size_t ldy, const float *v, size_t ldv,
                                   float *jv, size_t ldjv, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(v, ldv), rows_of(jv, ldjv)};
    const struct rows_request request = REQUEST(LOG_SOFTMAX_JVP, F32, a);
    return smx_rows(&request);
}

smx_status smx_log_softmax_jvp_f64(size_t rows, size_t n, const double *y, size_t ldy, const double *v, size_t ldv,
                                   double *jv, size_t ldjv, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(v, ldv), rows_of(jv, ldjv)};
    const struct rows_request request = REQUEST(LOG_SOFTMAX_JVP, F64, a);
    return smx_rows(&request);
}

smx_status smx_softmax_jacobian_product_f32(size_t rows, size_t n, const float *y, size_t ldy, size_t count,
                                            const float *v, size_t ldv, float *out, size_t ldo,
                                            const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(v, ldv), rows_of(out, ldo)};
    struct rows_request request = REQUEST(SOFTMAX_JACOBIAN_PRODUCT, F32, a);
    request.vectors = count;
    return smx_rows(&request);
}

smx_status smx_softmax_jacobian_product_f64(size_t rows, size_t n, const double *y, size_t ldy, size_t count,
                                            const double *v, size_t ldv, double *out, size_t ldo,
                                            const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(v, ldv), rows_of(out, ldo)};
    struct rows_request request = REQUEST(SOFTMAX_JACOBIAN_PRODUCT, F64, a);
    request.vectors = count;
    return smx_rows(&request);
}

smx_status smx_softmax_double_backward_f32(size_t rows, size_t n, const float *y, size_t ldy, const float *dy,
                                           size_t lddy, const float *ddx, size_t lddx, float *gy, size_t ldgy,
                                           float *gdy, size_t ldgdy, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(dy, lddy), rows_of(ddx, lddx), rows_of(gy, ldgy),
                              rows_of(gdy, ldgdy)};
    const struct rows_request request = REQUEST(SOFTMAX_DOUBLE_BACKWARD, F32, a);
    return smx_rows(&request);
}

smx_status smx_softmax_double_backward_f64(size_t rows, size_t n, const double *y, size_t ldy, const double *dy,
                                           size_t lddy, const double *ddx, size_t lddx, double *gy, size_t ldgy,
                                           double *gdy, size_t ldgdy, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(dy, lddy), rows_of(ddx, lddx), rows_of(gy, ldgy),
                              rows_of(gdy, ldgdy)};
    const struct rows_request request = REQUEST(SOFTMAX_DOUBLE_BACKWARD, F64, a);
    return smx_rows(&request);
}

smx_status smx_cross_entropy_hessian_product_f32(size_t rows, size_t n, const float *x, size_t ldx, const float *v,
                                                 size_t ldv, float *hv, size_t ldhv, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(v, ldv), rows_of(hv, ldhv)};
    const struct rows_request request = REQUEST(CROSS_ENTROPY_HESSIAN_PRODUCT, F32, a);
    return smx_rows(&request);
}

smx_status smx_cross_entropy_hessian_product_f64(size_t rows, size_t n, const double *x, size_t ldx, const double *v,
                                                 size_t ldv, double *hv, size_t ldhv, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(v, ldv), rows_of(hv, ldhv)};
    const struct rows_request request = REQUEST(CROSS_ENTROPY_HESSIAN_PRODUCT, F64, a);
    return smx_rows(&request);
}

smx_status smx_cross_entropy_hessian_f32(size_t rows, size_t n, const float *x, size_t ldx, float *hess, size_t ldh,
                                         size_t matrix_stride, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), {hess, ldh, matrix_stride}};
    const struct rows_request request = REQUEST(CROSS_ENTROPY_HESSIAN, F32, a);
    return smx_rows(&request);
}

smx_status smx_cross_entropy_hessian_f64(size_t rows, size_t n, const double *x, size_t ldx, double *hess, size_t ldh,
                                         size_t matrix_stride, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), {hess, ldh, matrix_stride}};
    const struct rows_request request = REQUEST(CROSS_ENTROPY_HESSIAN, F64, a);
    return smx_rows(&request);
}
