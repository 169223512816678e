/* Softmax with scale and masks, argmax, and the functions of smx/log.h. */
#include <math.h>
#include <stdlib.h>

#include "kernel_bounds.h"
#include "oracle_judge.h"

static void softmax(oracle_judge *j) {
    oracle_logits z;
    oracle_logits_init(&z, &j->row);
    bool zeros = z.kind == ORACLE_KIND_EMPTY || z.kind == ORACLE_KIND_MINUS_INF;
    for (size_t i = 0; i < j->row.n; i++) {
        if (zeros && !z.undefined)
            mpfr_set_zero(j->exact, 1);
        else
            oracle_probability(&z, i, j->exact);
        oracle_judge_capped(j, i, BOUND_SOFTMAX_LOGITS, 2 * oracle_judge_moved(j), 0);
    }
    oracle_logits_clear(&z);
}

static void log_softmax(oracle_judge *j) {
    oracle_logits z;
    oracle_logits_init(&z, &j->row);
    for (size_t i = 0; i < j->row.n; i++) {
        oracle_log_probability(&z, i, j->exact);
        oracle_judge_capped(j, i, BOUND_LOG_SOFTMAX_LOGITS, 0, 2 * oracle_judge_moved(j));
    }
    oracle_logits_clear(&z);
}

/* Whether the row of y and dy gives NaN. */
static bool is_undefined(const oracle_row *row, const double *y, const double *dy) {
    for (size_t i = 0; i < row->n; i++)
        if (oracle_row_keeps(row, i) && (isnan(y[i]) || y[i] >= 0.5 || !isfinite(dy[i])))
            return true;
    return false;
}

/* dx_i = scale (dy_i - exp(y_i) sum_j dy_j) */
static void log_softmax_backward(oracle_judge *j) {
    const double *y = j->array[GOLDEN_Y];
    const double *dy = j->array[GOLDEN_DY];
    bool undefined = is_undefined(&j->row, y, dy);
    double *ones = malloc((j->row.n + 1) * sizeof *ones);
    if (!ones)
        abort();
    for (size_t i = 0; i < j->row.n; i++)
        ones[i] = 1;
    mpfr_t sum, absolute;
    mpfr_inits2(ORACLE_LOGITS_PRECISION, sum, absolute, (mpfr_ptr)0);
    oracle_dot(&j->row, dy, ones, false, sum);
    oracle_dot(&j->row, dy, ones, true, absolute);
    for (size_t i = 0; i < j->row.n; i++) {
        if (!oracle_row_keeps(&j->row, i)) {
            mpfr_set_zero(j->exact, 1);
        } else if (undefined) {
            mpfr_set_nan(j->exact);
        } else {
            mpfr_set_d(j->a, y[i], MPFR_RNDN);
            mpfr_exp(j->a, j->a, MPFR_RNDN);
            mpfr_mul(j->exact, j->a, sum, MPFR_RNDN);
            mpfr_d_sub(j->exact, dy[i], j->exact, MPFR_RNDN);
            bool overflows = mpfr_regular_p(j->exact) && mpfr_get_exp(j->exact) >= (j->type == ORACLE_F32 ? 128 : 1024);
            mpfr_mul_d(j->exact, j->exact, j->row.scale, MPFR_RNDN);
            mpfr_mul(j->bound, j->a, absolute, MPFR_RNDN);
            mpfr_add_d(j->bound, j->bound, fabs(dy[i]), MPFR_RNDN);
            mpfr_mul_d(j->bound, j->bound, fabs(j->row.scale) * oracle_unit(j->type, BOUND_LOG_SOFTMAX_BACKWARD),
                       MPFR_RNDN);
            oracle_judge_add_least(j, (unsigned long)ceil(2 * fabs(j->row.scale)));
            if (overflows) /* before a scale below 1 brings it back: the header says so */
                mpfr_set_inf(j->bound, 1);
        }
        oracle_judge_add_least(j, 1);
        oracle_judge_bound(j, i);
    }
    mpfr_clears(sum, absolute, (mpfr_ptr)0);
    free(ones);
}

/* So many ULP of exact, and a part of rho / (1 + rho). */
void oracle_logsumexp_bound(const oracle_logits *z, const mpfr_t exact, mpfr_t bound) {
    oracle_type type = z->row->type;
    mpfr_t ulp;
    mpfr_init2(ulp, ORACLE_LOGITS_PRECISION);
    mpfr_set_d(ulp, BOUND_LOGSUMEXP_ROUNDING, MPFR_RNDN);
    mpfr_mul_2si(ulp, ulp, oracle_ulp_exponent(type, exact), MPFR_RNDN);
    mpfr_div(bound, z->rest, z->sum, MPFR_RNDN);
    mpfr_mul_d(bound, bound, oracle_unit(type, BOUND_LOGSUMEXP), MPFR_RNDN);
    mpfr_add(bound, bound, ulp, MPFR_RNDN);
    mpfr_clear(ulp);
}

static void logsumexp(oracle_judge *j) {
    oracle_logits z;
    oracle_logits_init(&z, &j->row);
    oracle_logsumexp(&z, j->exact);
    oracle_logsumexp_bound(&z, j->exact, j->bound);
    mpfr_add_d(j->bound, j->bound, oracle_judge_moved(j), MPFR_RNDN);
    oracle_judge_bound(j, 0);
    oracle_logits_clear(&z);
}

/* |a| / softcap of entry i, or 0 without one. */
static double depth(const oracle_judge *j, size_t i) {
    return j->row.softcap == 0 ? 0 : fabs(j->row.scale * j->row.x[i] / j->row.softcap);
}

/* What the header allows the slope to be off by, relatively. */
static double slope_error(const oracle_judge *j, size_t i) {
    return j->type == ORACLE_F32 ? 0x1p-22 : 0x1p-50 * (1 + depth(j, i));
}

/* Makes of j->exact, without it, the gradient behind the softcap's slope; beyond 354.37 the header has a slope of 0. */
static void multiply_slope(oracle_judge *j, const oracle_logits *z, size_t i) {
    if (z->kept[i])
        mpfr_mul(j->exact, j->exact, z->slope[i], MPFR_RNDN);
    if (depth(j, i) > 354.3715 && mpfr_number_p(j->exact))
        mpfr_set_zero(j->exact, 1);
}

static void logsumexp_backward(oracle_judge *j) {
    double dlse = j->array[GOLDEN_DLSE][0];
    oracle_logits z;
    oracle_logits_init(&z, &j->row);
    for (size_t i = 0; i < j->row.n; i++) {
        oracle_probability(&z, i, j->exact);
        if (z.kept[i] && !isfinite(dlse))
            mpfr_set_nan(j->exact);
        if (z.kept[i] && z.kind == ORACLE_KIND_MINUS_INF && !z.undefined)
            mpfr_set_zero(j->exact, 1);
        mpfr_mul_d(j->exact, j->exact, z.kept[i] ? dlse : 1, MPFR_RNDN);
        mpfr_mul_d(j->exact, j->exact, j->row.scale, MPFR_RNDN);
        multiply_slope(j, &z, i);
        oracle_judge_capped(j, i, BOUND_LOGSUMEXP_BACKWARD, 2 * oracle_judge_moved(j) + slope_error(j, i), 0);
    }
    oracle_logits_clear(&z);
}

/* One that is below the largest by less than two numbers of the type have digits for, or than the least of them, may
 * stand for it. */
static void argmax(oracle_judge *j) {
    double given = oracle_get(j->type, j->result, 0);
    oracle_logits z;
    oracle_logits_init(&z, &j->row);
    bool none = z.kind != ORACLE_KIND_FINITE && z.kind != ORACLE_KIND_PLUS_INF;
    size_t at = z.top;
    if (z.kind == ORACLE_KIND_FINITE && given >= 0 && given < (double)j->row.n && z.kept[(size_t)given]) {
        size_t place = (size_t)given;
        mpfr_mul_d(j->bound, z.max, oracle_unit(j->type, j->type == ORACLE_F32 ? -20 : -49), MPFR_RNDN);
        mpfr_abs(j->bound, j->bound, MPFR_RNDN);
        oracle_judge_add_least(j, 1);
        bool close = mpfr_cmpabs(z.below[place], j->bound) <= 0;
        at = close && mpfr_sgn(z.below[place]) < 0 ? place : at;
    }
    mpfr_set_d(j->exact, none ? -1 : (double)at, MPFR_RNDN);
    mpfr_set_zero(j->bound, 1);
    oracle_logits_clear(&z);
}

/* ---- Softcap and sink -------------------------------------------------------------------------------------------- */

static void softcap_backward(oracle_judge *j) {
    const double *dz = j->array[GOLDEN_DZ];
    oracle_logits z;
    oracle_logits_init(&z, &j->row);
    for (size_t i = 0; i < j->row.n; i++) {
        mpfr_set_d(j->exact, z.kept[i] ? dz[i] : 0, MPFR_RNDN);
        multiply_slope(j, &z, i);
        oracle_judge_capped(j, i, BOUND_SOFTCAP_BACKWARD, slope_error(j, i), 0);
    }
    oracle_logits_clear(&z);
}

/* A part of p_s sum_i |y_i dy_i|, 2^-149, and what a softcap moves p_s by; in f64, p_s is held to 2^-1074. */
static void sink_gradient(oracle_judge *j) {
    const double *y = j->array[GOLDEN_Y], *dy = j->array[GOLDEN_DY];
    bool undefined = false;
    oracle_logits z;
    oracle_logits_init(&z, &j->row);
    for (size_t i = 0; i < j->row.n; i++)
        undefined = undefined || (z.kept[i] && (isnan(y[i]) || !isfinite(dy[i])));
    mpfr_set_zero(j->exact, 1);
    mpfr_set_zero(j->bound, 1);
    if (j->row.sink && (z.undefined || undefined)) {
        mpfr_set_nan(j->exact);
    } else if (j->row.sink && z.kind != ORACLE_KIND_EMPTY && z.kind != ORACLE_KIND_MINUS_INF) {
        oracle_probability(&z, j->row.n, j->a);
        oracle_dot(&j->row, y, dy, false, j->exact);
        mpfr_mul(j->exact, j->exact, j->a, MPFR_RNDN);
        mpfr_neg(j->exact, j->exact, MPFR_RNDN);
        oracle_dot(&j->row, y, dy, true, j->bound);
        mpfr_mul_d(j->a, j->a, oracle_unit(j->type, BOUND_SINK_GRADIENT) + 2 * oracle_judge_moved(j), MPFR_RNDN);
        if (j->type == ORACLE_F64)
            mpfr_add_d(j->a, j->a, 0x1p-1074, MPFR_RNDN);
        mpfr_mul(j->bound, j->bound, j->a, MPFR_RNDN);
    }
    oracle_judge_add_least(j, 1);
    oracle_judge_bound(j, 0);
    oracle_logits_clear(&z);
}

/* ---- Weighted ---------------------------------------------------------------------------------------------------- */

/* s = sum_j b_j term_j, rounded once, so that it is 0 where it is exactly 0 for equal terms; absolute likewise. */
static void weighted_sums(const oracle_logits *z, const double *b, mpfr_t s, mpfr_t absolute) {
    size_t n = z->row->n;
    mpfr_t *product = malloc((n + !n) * sizeof *product);
    mpfr_ptr *pointer = malloc((n + !n) * sizeof *pointer);
    if (!product || !pointer)
        abort();
    for (size_t i = 0; i < n; i++) {
        mpfr_init2(product[i], ORACLE_LOGITS_PRECISION + 53);
        mpfr_set_zero(product[i], 1);
        if (z->kept[i])
            mpfr_mul_d(product[i], z->term[i], b[i], MPFR_RNDN);
        pointer[i] = product[i];
    }
    mpfr_sum(s, pointer, n, MPFR_RNDN);
    for (size_t i = 0; i < n; i++)
        mpfr_abs(product[i], product[i], MPFR_RNDN);
    mpfr_sum(absolute, pointer, n, MPFR_RNDN);
    for (size_t i = 0; i < n; i++)
        mpfr_clear(product[i]);
    free(pointer);
    free(product);
}

/* Whether the result's sign and logarithm can stand for a sum. */
static bool is_signed_logarithm(double lse, double sign) {
    bool nothing = lse == (double)-INFINITY;
    return !isnan(lse) && lse != (double)INFINITY && (nothing ? sign == 0 : fabs(sign) == 1);
}

/* With the wrong sign: the distance of exp(lse) from s, as a part of what S allows, delta. Else
 * |lse - log |s||, as a part of a rounding and of what moving s by delta does to its logarithm, delta / |s| or a little
 * more. */
static double weighted_ratio(oracle_judge *j, const oracle_logits *z, const mpfr_t s, const mpfr_t absolute) {
    double lse = oracle_get(j->type, j->result, 0);
    double sign = oracle_get(j->type, j->result, 1);
    if (!is_signed_logarithm(lse, sign))
        return (double)INFINITY;
    if (mpfr_sgn(s) == 0 && sign == 0)
        return 0;
    mpfr_mul_d(j->bound, absolute, oracle_unit(j->type, BOUND_LOGSUMEXP_WEIGHTED), MPFR_RNDN);
    mpfr_abs(j->exact, s, MPFR_RNDN);
    if (mpfr_sgn(s) != (int)sign) {
        mpfr_d_sub(j->a, lse, z->max, MPFR_RNDN);
        mpfr_exp(j->a, j->a, MPFR_RNDN);
        mpfr_add(j->a, j->a, j->exact, MPFR_RNDN);
        mpfr_div(j->a, j->a, j->bound, MPFR_RNDN);
        return mpfr_get_d(j->a, MPFR_RNDN);
    }
    mpfr_div(j->bound, j->bound, j->exact, MPFR_RNDN);
    mpfr_log(j->exact, j->exact, MPFR_RNDN);
    mpfr_add(j->exact, j->exact, z->max, MPFR_RNDN);
    if (mpfr_cmp_d(j->exact, lse) > 0)
        mpfr_neg(j->bound, j->bound, MPFR_RNDN);
    if (mpfr_cmp_si(j->bound, -1) <= 0) /* s is lost in its error: any smaller number will do */
        return 0;
    mpfr_log1p(j->bound, j->bound, MPFR_RNDN);
    mpfr_abs(j->bound, j->bound, MPFR_RNDN);
    mpfr_set_d(j->a, 0.51, MPFR_RNDN);
    mpfr_mul_2si(j->a, j->a, oracle_ulp_exponent(j->type, j->exact), MPFR_RNDN);
    mpfr_add(j->bound, j->bound, j->a, MPFR_RNDN);
    return oracle_ratio(j->type, lse, j->exact, j->bound);
}

static bool is_special_weight(const oracle_judge *j, const double *b) {
    for (size_t i = 0; i < j->row.n; i++)
        if (oracle_row_keeps(&j->row, i) && !isfinite(b[i]))
            return true;
    return false;
}

/* A weight of 0 leaves an entry out, as a mask does. */
static double *with_weights(const oracle_judge *j, const double *b) {
    double *keep = malloc((j->row.n + 1) * sizeof *keep);
    if (!keep)
        abort();
    for (size_t i = 0; i < j->row.n; i++)
        keep[i] = b[i] != 0 && oracle_row_keeps(&j->row, i);
    return keep;
}

static void logsumexp_weighted(oracle_judge *j, const void *result, oracle_verdict *verdicts) {
    const double *b = j->array[GOLDEN_B];
    oracle_row row = j->row;
    double *keep = with_weights(j, b);
    row.keep = keep;
    row.plus_inf = SMX_PLUS_INF_LIMIT; /* terms are 1 at +inf, 0 elsewhere */
    oracle_logits z;
    oracle_logits_init(&z, &row);
    mpfr_t s, absolute;
    mpfr_inits2(ORACLE_LOGITS_PRECISION, s, absolute, (mpfr_ptr)0);
    weighted_sums(&z, b, s, absolute);
    int sign = mpfr_sgn(s);
    oracle_judge_part(j, result, 0, 0, &verdicts[0]);
    bool infinite = z.kind == ORACLE_KIND_PLUS_INF;
    if (z.kind == ORACLE_KIND_FINITE && !is_special_weight(j, b)) {
        verdicts[0].error = weighted_ratio(j, &z, s, absolute);
    } else {
        if (z.kind == ORACLE_KIND_NAN || is_special_weight(j, b) || (infinite && sign == 0))
            mpfr_set_nan(j->exact);
        else
            mpfr_set_inf(j->exact, infinite ? 1 : -1);
        oracle_judge_ulp(j, 0);
        oracle_judge_part(j, result, 1, 0, &verdicts[1]);
        if (!mpfr_nan_p(j->exact))
            mpfr_set_si(j->exact, sign, MPFR_RNDN);
        oracle_judge_ulp(j, 0);
    }
    mpfr_clears(s, absolute, (mpfr_ptr)0);
    oracle_logits_clear(&z);
    free(keep);
}

/* ---- The gradient of a scale ------------------------------------------------------------------------------------- */

/* x_i dx_i, with -inf times 0 as 0. */
static void scale_gradient(oracle_judge *j) {
    double *dx = j->array[GOLDEN_DX];
    double *x = j->array[GOLDEN_X];
    bool undefined = false;
    for (size_t i = 0; i < j->row.n; i++) {
        if (!oracle_row_keeps(&j->row, i))
            continue;
        if (dx[i] == 0 && x[i] == (double)-INFINITY)
            x[i] = 0;
        undefined = undefined || !isfinite(x[i]) || !isfinite(dx[i]);
    }
    oracle_dot(&j->row, x, dx, false, j->exact);
    oracle_dot(&j->row, x, dx, true, j->bound);
    mpfr_div_d(j->exact, j->exact, j->row.scale, MPFR_RNDN);
    mpfr_div_d(j->bound, j->bound, fabs(j->row.scale), MPFR_RNDN);
    mpfr_mul_d(j->bound, j->bound, oracle_unit(j->type, BOUND_SCALE_GRADIENT), MPFR_RNDN);
    oracle_judge_add_least(j, 1);
    if (undefined)
        mpfr_set_nan(j->exact);
    oracle_judge_bound(j, 0);
}

/* In ULP, without a softcap; 0: the bound is another for each element. */
static double bound_in_ulp(const golden_case *c) {
    bool pairs = oracle_logits_are_pairs(c);
    switch (c->function) {
    case GOLDEN_SOFTMAX:
        return pairs ? BOUND_SOFTMAX_LOGITS : BOUND_SOFTMAX;
    case GOLDEN_LOG_SOFTMAX:
        return pairs ? BOUND_LOG_SOFTMAX_LOGITS : BOUND_LOG_SOFTMAX;
    case GOLDEN_LOGSUMEXP_BACKWARD:
        return BOUND_LOGSUMEXP_BACKWARD;
    case GOLDEN_SOFTCAP_BACKWARD:
        return BOUND_SOFTCAP_BACKWARD;
    default:
        return 0;
    }
}

void oracle_judge_log(oracle_judge *j, const void *result, oracle_verdict *verdicts) {
    if (j->c->function == GOLDEN_LOGSUMEXP_WEIGHTED) {
        logsumexp_weighted(j, result, verdicts);
        return;
    }
    static void (*const functions[GOLDEN_FUNCTIONS])(oracle_judge *) = {
        [GOLDEN_SOFTMAX] = softmax,
        [GOLDEN_LOG_SOFTMAX] = log_softmax,
        [GOLDEN_LOG_SOFTMAX_BACKWARD] = log_softmax_backward,
        [GOLDEN_LOGSUMEXP] = logsumexp,
        [GOLDEN_LOGSUMEXP_BACKWARD] = logsumexp_backward,
        [GOLDEN_SCALE_GRADIENT] = scale_gradient,
        [GOLDEN_ARGMAX] = argmax,
        [GOLDEN_SOFTCAP_BACKWARD] = softcap_backward,
        [GOLDEN_SINK_GRADIENT] = sink_gradient,
    };
    oracle_judge_part(j, result, 0, j->row.softcap == 0 ? bound_in_ulp(j->c) : 0, &verdicts[0]);
    functions[j->c->function](j);
}
