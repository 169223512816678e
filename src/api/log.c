/* Logarithms over rows and columns of arrays. The contracts stand in smx/log.h and smx/columns.h. */
#include "../base/arithmetic.h"

#include "../base/float_env.h"
#include "../rows/losses.h"
#include "../rows/part_rows.h"
#include "request.h"
#include "smx/smx.h"

smx_status smx_log_softmax_f32(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                               const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy)};
    const struct rows_request request = REQUEST(LOG_SOFTMAX, F32, a);
    return smx_rows(&request);
}

smx_status smx_log_softmax_f64(size_t rows, size_t n, const double *x, size_t ldx, double *y, size_t ldy,
                               const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy)};
    const struct rows_request request = REQUEST(LOG_SOFTMAX, F64, a);
    return smx_rows(&request);
}

smx_status smx_log_softmax_columns_f32(size_t columns, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                                       const smx_options *opt) {
    const size_t rows = columns;
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy)};
    const struct rows_request request = REQUEST(LOG_SOFTMAX_COLUMNS, F32, a);
    return smx_rows(&request);
}

smx_status smx_log_softmax_columns_f64(size_t columns, size_t n, const double *x, size_t ldx, double *y, size_t ldy,
                                       const smx_options *opt) {
    const size_t rows = columns;
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy)};
    const struct rows_request request = REQUEST(LOG_SOFTMAX_COLUMNS, F64, a);
    return smx_rows(&request);
}

smx_status smx_log_softmax_backward_f32(size_t rows, size_t n, const float *y, size_t ldy, const float *dy, size_t lddy,
                                        float *dx, size_t lddx, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(dy, lddy), rows_of(dx, lddx)};
    const struct rows_request request = REQUEST(LOG_SOFTMAX_BACKWARD, F32, a);
    return smx_rows(&request);
}

smx_status smx_log_softmax_backward_f64(size_t rows, size_t n, const double *y, size_t ldy, const double *dy,
                                        size_t lddy, double *dx, size_t lddx, const smx_options *opt) {
    const struct array a[] = {rows_of(y, ldy), rows_of(dy, lddy), rows_of(dx, lddx)};
    const struct rows_request request = REQUEST(LOG_SOFTMAX_BACKWARD, F64, a);
    return smx_rows(&request);
}

smx_status smx_logsumexp_f32(size_t rows, size_t n, const float *x, size_t ldx, float *lse, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), numbers_of(lse)};
    const struct rows_request request = REQUEST(LOGSUMEXP, F32, a);
    return smx_rows(&request);
}

smx_status smx_logsumexp_f64(size_t rows, size_t n, const double *x, size_t ldx, double *lse, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), numbers_of(lse)};
    const struct rows_request request = REQUEST(LOGSUMEXP, F64, a);
    return smx_rows(&request);
}

smx_status smx_logsumexp_backward_f32(size_t rows, size_t n, const float *x, size_t ldx, const float *dlse, float *dx,
                                      size_t lddx, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), numbers_of(dlse), rows_of(dx, lddx)};
    const struct rows_request request = REQUEST(LOGSUMEXP_BACKWARD, F32, a);
    return smx_rows(&request);
}

smx_status smx_logsumexp_backward_f64(size_t rows, size_t n, const double *x, size_t ldx, const double *dlse,
                                      double *dx, size_t lddx, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), numbers_of(dlse), rows_of(dx, lddx)};
    const struct rows_request request = REQUEST(LOGSUMEXP_BACKWARD, F64, a);
    return smx_rows(&request);
}

smx_status smx_logsumexp_weighted_f32(size_t rows, size_t n, const float *x, size_t ldx, const float *b, size_t ldb,
                                      float *lse, float *sign, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(b, ldb), numbers_of(lse), numbers_of(sign)};
    const struct rows_request request = REQUEST(LOGSUMEXP_WEIGHTED, F32, a);
    return smx_rows(&request);
}

smx_status smx_logsumexp_weighted_f64(size_t rows, size_t n, const double *x, size_t ldx, const double *b, size_t ldb,
                                      double *lse, double *sign, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(b, ldb), numbers_of(lse), numbers_of(sign)};
    const struct rows_request request = REQUEST(LOGSUMEXP_WEIGHTED, F64, a);
    return smx_rows(&request);
}

/* ---- The gradient of a scale ---- */

static smx_status scale_gradient(struct rows_request *r, void *dscale) {
    struct rows_run run;
    bool each = r->opt != NULL && r->opt->size > offsetof(smx_options, scale_stride) && r->opt->scale_stride != 0;
    r->operation = &smx_operations[each ? OPERATION_SCALE_GRADIENT_ROWS : OPERATION_SCALE_GRADIENT];
    smx_status status = smx_rows_check(r, &run);
    if (status == SMX_OK) {
        smx_exact_sum sum = {{0}, 0, 0, 0};
        run.call.sum = each ? NULL : &sum;
        smx_rows_run(&run);
        if (!each) {
            float_env caller = float_env_enter();
            smx_store_sum(r->real, dscale, &sum);
            float_env_leave(caller);
        }
    }
    return status;
}

smx_status smx_scale_gradient_f32(size_t rows, size_t n, const float *x, size_t ldx, const float *dx, size_t lddx,
                                  float *dscale, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(dx, lddx), numbers_of(dscale)};
    struct rows_request request = REQUEST(SCALE_GRADIENT, F32, a);
    return scale_gradient(&request, dscale);
}

smx_status smx_scale_gradient_f64(size_t rows, size_t n, const double *x, size_t ldx, const double *dx, size_t lddx,
                                  double *dscale, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(dx, lddx), numbers_of(dscale)};
    struct rows_request request = REQUEST(SCALE_GRADIENT, F64, a);
    return scale_gradient(&request, dscale);
}

/* ---- What options add ---- */

smx_status smx_softcap_backward_f32(size_t rows, size_t n, const float *x, size_t ldx, const float *dz, size_t lddz,
                                    float *dx, size_t lddx, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(dz, lddz), rows_of(dx, lddx)};
    const struct rows_request request = REQUEST(SOFTCAP_BACKWARD, F32, a);
    return smx_rows(&request);
}

smx_status smx_softcap_backward_f64(size_t rows, size_t n, const double *x, size_t ldx, const double *dz, size_t lddz,
                                    double *dx, size_t lddx, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(dz, lddz), rows_of(dx, lddx)};
    const struct rows_request request = REQUEST(SOFTCAP_BACKWARD, F64, a);
    return smx_rows(&request);
}

smx_status smx_sink_gradient_f32(size_t rows, size_t n, const float *x, size_t ldx, const float *y, size_t ldy,
                                 const float *dy, size_t lddy, float *dsink, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy), rows_of(dy, lddy), numbers_of(dsink)};
    const struct rows_request request = REQUEST(SINK_GRADIENT, F32, a);
    return smx_rows(&request);
}

smx_status smx_sink_gradient_f64(size_t rows, size_t n, const double *x, size_t ldx, const double *y, size_t ldy,
                                 const double *dy, size_t lddy, double *dsink, const smx_options *opt) {
    const struct array a[] = {rows_of(x, ldx), rows_of(y, ldy), rows_of(dy, lddy), numbers_of(dsink)};
    const struct rows_request request = REQUEST(SINK_GRADIENT, F64, a);
    return smx_rows(&request);
}

/* ---- Rows in parts ---- */

smx_status smx_log_softmax_part_f32(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                                    const smx_part *part, const smx_options *opt) {
    const struct array arrays[] = {rows_of(x, ldx), rows_of(y, ldy)};
    struct rows_request request = REQUEST(LOG_SOFTMAX, F32, arrays);
    return smx_part_finish_rows(&request, part);
}

smx_status smx_log_softmax_part_f64(size_t rows, size_t n, const double *x, size_t ldx, double *y, size_t ldy,
                                    const smx_part *part, const smx_options *opt) {
    const struct array arrays[] = {rows_of(x, ldx), rows_of(y, ldy)};
    struct rows_request request = REQUEST(LOG_SOFTMAX, F64, arrays);
    return smx_part_finish_rows(&request, part);
}

smx_status smx_logsumexp_part_f32(size_t rows, float *lse, const smx_part *part, const smx_options *opt) {
    const size_t n = 0;
    const struct array arrays[] = {rows_of(NULL, 0), numbers_of(lse)};
    struct rows_request request = REQUEST(LOGSUMEXP, F32, arrays);
    return smx_part_finish_rows(&request, part);
}

smx_status smx_logsumexp_part_f64(size_t rows, double *lse, const smx_part *part, const smx_options *opt) {
    const size_t n = 0;
    const struct array arrays[] = {rows_of(NULL, 0), numbers_of(lse)};
    struct rows_request request = REQUEST(LOGSUMEXP, F64, arrays);
    return smx_part_finish_rows(&request, part);
}

smx_status smx_logsumexp_weighted_part_f32(size_t rows, float *lse, float *sign, const smx_part *part,
                                           const smx_options *opt) {
    const size_t n = 0;
    const struct array arrays[] = {rows_of(NULL, 0), rows_of(NULL, 0), numbers_of(lse), numbers_of(sign)};
    struct rows_request request = REQUEST(LOGSUMEXP_WEIGHTED, F32, arrays);
    return smx_part_finish_rows(&request, part);
}

smx_status smx_logsumexp_weighted_part_f64(size_t rows, double *lse, double *sign, const smx_part *part,
                                           const smx_options *opt) {
    const size_t n = 0;
    const struct array arrays[] = {rows_of(NULL, 0), rows_of(NULL, 0), numbers_of(lse), numbers_of(sign)};
    struct rows_request request = REQUEST(LOGSUMEXP_WEIGHTED, F64, arrays);
    return smx_part_finish_rows(&request, part);
}
