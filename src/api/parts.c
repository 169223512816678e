/* Softmax and its backward pass of a row in parts. The contracts stand in smx/smx.h. */
#include "../base/arithmetic.h"

#include "../base/refused.h"
#include "../rows/part.h"
#include "../rows/row_parts.h"
#include "smx/smx.h"

smx_status smx_softmax_part_max_f32(size_t n, const float *x, smx_softmax_stats_f32 *stats) {
    struct part p = {.real = DTYPE_F32, .n = n, .x = x};
    smx_status status = smx_part_begin(&p, stats, NULL);
    if (status == SMX_OK) {
        p.max = &stats->max;
        p.sum = stats->sum;
        status = smx_part_max(&p);
    }
    return status;
}

smx_status smx_softmax_part_sum_f32(size_t n, const float *x, size_t row_n, smx_softmax_stats_f32 *stats,
                                    const smx_options *opt) {
    struct part p = {.real = DTYPE_F32, .n = n, .row_n = row_n, .x = x};
    smx_status status = smx_part_begin(&p, stats, opt);
    if (status == SMX_OK) {
        p.max = &stats->max;
        p.sum = stats->sum;
        status = smx_part_sum(&p);
    }
    return status;
}

smx_status smx_softmax_part_finish_f32(size_t n, const float *x, const smx_softmax_stats_f32 *stats, float *y,
                                       const smx_options *opt) {
    struct part p = {.real = DTYPE_F32, .n = n, .x = x};
    p.out = y;
    smx_status status = smx_part_begin(&p, stats, opt);
    if (status == SMX_OK) {
        smx_softmax_stats_f32 own = *stats;
        p.max = &own.max;
        p.sum = own.sum;
        status = smx_part_finish(&p);
    }
    return status;
}

smx_status smx_softmax_stats_merge_f32(smx_softmax_stats_f32 *into, const smx_softmax_stats_f32 *from) {
    if (into == NULL || from == NULL) {
        return smx_refuse(SMX_ERROR_NULL, into == NULL ? "into" : "from");
    }
    return smx_stats_merge(DTYPE_F32, &into->max, into->sum, &from->max, from->sum);
}

smx_status smx_softmax_part_max_f64(size_t n, const double *x, smx_softmax_stats_f64 *stats) {
    struct part p = {.real = DTYPE_F64, .n = n, .x = x};
    smx_status status = smx_part_begin(&p, stats, NULL);
    if (status == SMX_OK) {
        p.max = &stats->max;
        p.sum = stats->sum;
        status = smx_part_max(&p);
    }
    return status;
}

smx_status smx_softmax_part_sum_f64(size_t n, const double *x, size_t row_n, smx_softmax_stats_f64 *stats,
                                    const smx_options *opt) {
    struct part p = {.real = DTYPE_F64, .n = n, .row_n = row_n, .x = x};
    smx_status status = smx_part_begin(&p, stats, opt);
    if (status == SMX_OK) {
        p.max = &stats->max;
        p.sum = stats->sum;
        status = smx_part_sum(&p);
    }
    return status;
}

smx_status smx_softmax_part_finish_f64(size_t n, const double *x, const smx_softmax_stats_f64 *stats, double *y,
                                       const smx_options *opt) {
    struct part p = {.real = DTYPE_F64, .n = n, .x = x};
    p.out = y;
    smx_status status = smx_part_begin(&p, stats, opt);
    if (status == SMX_OK) {
        smx_softmax_stats_f64 own = *stats;
        p.max = &own.max;
        p.sum = own.sum;
        status = smx_part_finish(&p);
    }
    return status;
}

smx_status smx_softmax_stats_merge_f64(smx_softmax_stats_f64 *into, const smx_softmax_stats_f64 *from) {
    if (into == NULL || from == NULL) {
        return smx_refuse(SMX_ERROR_NULL, into == NULL ? "into" : "from");
    }
    return smx_stats_merge(DTYPE_F64, &into->max, into->sum, &from->max, from->sum);
}

/* ---- Its backward pass ---- */

smx_status smx_softmax_backward_part_max_f32(size_t n, const float *y, const float *dy,
                                             smx_softmax_backward_stats *stats) {
    struct part p = {.real = DTYPE_F32, .n = n, .x = y, .dy = dy};
    return smx_part_backward_max(&p, stats);
}

smx_status smx_softmax_backward_part_sum_f32(size_t n, const float *y, const float *dy, size_t row_n,
                                             smx_softmax_backward_stats *stats) {
    struct part p = {.real = DTYPE_F32, .n = n, .row_n = row_n, .x = y, .dy = dy};
    return smx_part_backward_sum(&p, stats);
}

smx_status smx_softmax_backward_part_finish_f32(size_t n, const float *y, const float *dy,
                                                const smx_softmax_backward_stats *stats, float *dx) {
    struct part p = {.real = DTYPE_F32, .n = n, .x = y, .dy = dy};
    p.out = dx;
    return smx_part_backward_finish(&p, stats);
}

smx_status smx_softmax_backward_part_max_f64(size_t n, const double *y, const double *dy,
                                             smx_softmax_backward_stats *stats) {
    struct part p = {.real = DTYPE_F64, .n = n, .x = y, .dy = dy};
    return smx_part_backward_max(&p, stats);
}

smx_status smx_softmax_backward_part_sum_f64(size_t n, const double *y, const double *dy, size_t row_n,
                                             smx_softmax_backward_stats *stats) {
    struct part p = {.real = DTYPE_F64, .n = n, .row_n = row_n, .x = y, .dy = dy};
    return smx_part_backward_sum(&p, stats);
}

smx_status smx_softmax_backward_part_finish_f64(size_t n, const double *y, const double *dy,
                                                const smx_softmax_backward_stats *stats, double *dx) {
    struct part p = {.real = DTYPE_F64, .n = n, .x = y, .dy = dy};
    p.out = dx;
    return smx_part_backward_finish(&p, stats);
}

smx_status smx_softmax_backward_stats_merge(smx_softmax_backward_stats *into, const smx_softmax_backward_stats *from) {
    if (into == NULL || from == NULL) {
        return smx_refuse(SMX_ERROR_NULL, into == NULL ? "into" : "from");
    }
    if (into->exponent != from->exponent && !(smx_sum_is_zero(into->sum) && smx_sum_is_zero(from->sum))) {
        return smx_refuse(SMX_ERROR_STATS, "from");
    }
    into->exponent = from->exponent > into->exponent ? from->exponent : into->exponent;
    smx_merge_sum(into->sum, from->sum);
    return SMX_OK;
}
