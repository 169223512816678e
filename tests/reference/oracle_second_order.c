/* Products with the Jacobian, double backward, Hessian. */
#include <math.h>
#include <stdlib.h>

#include "kernel_bounds.h"
#include "oracle_judge.h"

static bool is_undefined(const oracle_row *row, const double *y, const double *dy) {
    for (size_t i = 0; i < row->n; i++)
        if (oracle_row_keeps(row, i) && (!(fabs(y[i]) < 2) || !isfinite(dy[i])))
            return true;
    return false;
}

/* scale y_i (dy_i - sum_j y_j dy_j) within |scale| (2^-23 y_i (|dy_i| + sum_j |y_j dy_j|) + 2^-149), and 2^-149 more
 * where there is a scale: its product is rounded too. */
static void backward(oracle_judge *j, const double *y, const double *dy) {
    mpfr_t sum, absolute;
    mpfr_inits2(ORACLE_LOGITS_PRECISION, sum, absolute, (mpfr_ptr)0);
    bool undefined = is_undefined(&j->row, y, dy);
    oracle_dot(&j->row, y, dy, false, sum);
    oracle_dot(&j->row, y, dy, true, absolute);
    for (size_t i = 0; i < j->row.n; i++) {
        if (!oracle_row_keeps(&j->row, i)) {
            mpfr_set_zero(j->exact, 1);
        } else if (undefined) {
            mpfr_set_nan(j->exact);
        } else {
            mpfr_d_sub(j->exact, dy[i], sum, MPFR_RNDN);
            mpfr_mul_d(j->exact, j->exact, y[i], MPFR_RNDN);
            mpfr_mul_d(j->exact, j->exact, j->row.scale, MPFR_RNDN);
        }
        mpfr_add_d(j->bound, absolute, fabs(dy[i]), MPFR_RNDN);
        mpfr_mul_d(j->bound, j->bound, fabs(y[i]), MPFR_RNDN);
        mpfr_mul_d(j->bound, j->bound, oracle_unit(j->type, BOUND_BACKWARD), MPFR_RNDN);
        oracle_judge_add_least(j, 1);
        mpfr_mul_d(j->bound, j->bound, fabs(j->row.scale), MPFR_RNDN);
        oracle_judge_add_least(j, j->array[GOLDEN_SCALE] ? 1 : 0);
        oracle_judge_bound(j, i);
    }
    mpfr_clears(sum, absolute, (mpfr_ptr)0);
}

/* scale (v_i - sum_j exp(y_j) v_j) within |scale| (2^-22 (|v_i| + sum_j exp(y_j) |v_j|) + 2^-149 sum_j |v_j|) and
 * (1 + |scale|) 2^-149 */
static void log_softmax_jvp(oracle_judge *j) {
    const double *y = j->array[GOLDEN_Y];
    const double *v = j->array[GOLDEN_V];
    bool undefined = false;
    mpfr_t sum, absolute, total;
    mpfr_inits2(ORACLE_LOGITS_PRECISION, sum, absolute, total, (mpfr_ptr)0);
    mpfr_set_zero(total, 1);
    mpfr_set_zero(sum, 1);
    mpfr_set_zero(absolute, 1);
    for (size_t i = 0; i < j->row.n; i++) {
        if (!oracle_row_keeps(&j->row, i))
            continue;
        undefined = undefined || isnan(y[i]) || y[i] >= 0.5 || !isfinite(v[i]);
        mpfr_set_d(j->a, y[i], MPFR_RNDN);
        mpfr_exp(j->a, j->a, MPFR_RNDN);
        mpfr_mul_d(j->a, j->a, v[i], MPFR_RNDN);
        mpfr_add(sum, sum, j->a, MPFR_RNDN);
        mpfr_abs(j->a, j->a, MPFR_RNDN);
        mpfr_add(absolute, absolute, j->a, MPFR_RNDN);
        mpfr_add_d(total, total, fabs(v[i]), MPFR_RNDN);
    }
    mpfr_mul_2si(total, total, j->type == ORACLE_F32 ? -149 : -1074, MPFR_RNDN);
    for (size_t i = 0; i < j->row.n; i++) {
        mpfr_d_sub(j->exact, v[i], sum, MPFR_RNDN);
        mpfr_mul_d(j->exact, j->exact, j->row.scale, MPFR_RNDN);
        if (!oracle_row_keeps(&j->row, i))
            mpfr_set_zero(j->exact, 1);
        else if (undefined)
            mpfr_set_nan(j->exact);
        mpfr_add_d(j->bound, absolute, fabs(v[i]), MPFR_RNDN);
        mpfr_mul_d(j->bound, j->bound, oracle_unit(j->type, BOUND_LOG_SOFTMAX_JVP), MPFR_RNDN);
        mpfr_add(j->bound, j->bound, total, MPFR_RNDN);
        oracle_judge_add_least(j, 1);
        mpfr_mul_d(j->bound, j->bound, fabs(j->row.scale), MPFR_RNDN);
        oracle_judge_add_least(j, 1);
        oracle_judge_bound(j, i);
    }
    mpfr_clears(sum, absolute, total, (mpfr_ptr)0);
}

/* gy_i = scale (ddx_i (dy_i - s) - dy_i t); the bound is a part of |.| of everything, and 2^-148. */
static void double_backward_y(oracle_judge *j) {
    const double *y = j->array[GOLDEN_Y];
    const double *dy = j->array[GOLDEN_DY];
    const double *ddx = j->array[GOLDEN_DDX];
    bool undefined = is_undefined(&j->row, y, dy) || is_undefined(&j->row, y, ddx);
    mpfr_t s, t, abs_s, abs_t;
    mpfr_inits2(ORACLE_LOGITS_PRECISION, s, t, abs_s, abs_t, (mpfr_ptr)0);
    oracle_dot(&j->row, y, dy, false, s);
    oracle_dot(&j->row, y, ddx, false, t);
    oracle_dot(&j->row, y, dy, true, abs_s);
    oracle_dot(&j->row, y, ddx, true, abs_t);
    for (size_t i = 0; i < j->row.n; i++) {
        mpfr_d_sub(j->exact, dy[i], s, MPFR_RNDN);
        mpfr_mul_d(j->exact, j->exact, ddx[i], MPFR_RNDN);
        mpfr_mul_d(j->a, t, dy[i], MPFR_RNDN);
        mpfr_sub(j->exact, j->exact, j->a, MPFR_RNDN);
        mpfr_mul_d(j->exact, j->exact, j->row.scale, MPFR_RNDN);
        if (!oracle_row_keeps(&j->row, i))
            mpfr_set_zero(j->exact, 1);
        else if (undefined)
            mpfr_set_nan(j->exact);
        mpfr_add_d(j->bound, abs_s, fabs(dy[i]), MPFR_RNDN);
        mpfr_mul_d(j->bound, j->bound, fabs(ddx[i]), MPFR_RNDN);
        mpfr_mul_d(j->a, abs_t, fabs(dy[i]), MPFR_RNDN);
        mpfr_add(j->bound, j->bound, j->a, MPFR_RNDN);
        mpfr_mul_d(j->bound, j->bound, fabs(j->row.scale) * oracle_unit(j->type, BOUND_DOUBLE_BACKWARD), MPFR_RNDN);
        oracle_judge_add_least(j, 2);
        oracle_judge_bound(j, i);
    }
    mpfr_clears(s, t, abs_s, abs_t, (mpfr_ptr)0);
}

/* ---- Hessian ----------------------------------------------------------------------------------------------------- */

/* a += factor 2^exponent */
static void add_power_of_two(mpfr_t a, double factor, long exponent) {
    mpfr_t term;
    mpfr_init2(term, 53);
    mpfr_set_d(term, factor, MPFR_RNDN);
    mpfr_mul_2si(term, term, exponent, MPFR_RNDN);
    mpfr_add(a, a, term, MPFR_RNDN);
    mpfr_clear(term);
}

/* hv_i = scale^2 p_i (v_i - sum_j p_j v_j), within a part of scale^2 p_i (|v_i| + sum_j p_j |v_j|), 2^-148, and
 * scale^2 2^-148 more where there is a scale. As probabilities are rounded to at least 2^-149 before they meet v, there
 * is also scale^2 2^-149 (|v_i| + sum_j p_j |v_j| + p_i sum_j |v_j|). */
static void hessian_product(oracle_judge *j) {
    const double *v = j->array[GOLDEN_V];
    oracle_logits z;
    oracle_logits_init(&z, &j->row);
    bool undefined = z.undefined;
    double scale_squared = j->row.scale * j->row.scale;
    long least = j->type == ORACLE_F32 ? -149 : -1074;
    mpfr_t sum, absolute, total;
    mpfr_inits2(ORACLE_LOGITS_PRECISION, sum, absolute, total, (mpfr_ptr)0);
    mpfr_set_zero(total, 1);
    mpfr_set_zero(sum, 1);
    mpfr_set_zero(absolute, 1);
    for (size_t i = 0; i < j->row.n; i++) {
        if (!z.kept[i])
            continue;
        undefined = undefined || !isfinite(v[i]);
        oracle_probability(&z, i, j->a);
        mpfr_mul_d(j->a, j->a, v[i], MPFR_RNDN);
        mpfr_add(sum, sum, j->a, MPFR_RNDN);
        mpfr_abs(j->a, j->a, MPFR_RNDN);
        mpfr_add(absolute, absolute, j->a, MPFR_RNDN);
        mpfr_add_d(total, total, fabs(v[i]), MPFR_RNDN);
    }
    mpfr_mul_2si(total, total, least, MPFR_RNDN);
    for (size_t i = 0; i < j->row.n; i++) {
        oracle_probability(&z, i, j->b);
        mpfr_mul_d(j->b, j->b, j->row.scale, MPFR_RNDN);
        mpfr_mul_d(j->b, j->b, j->row.scale, MPFR_RNDN);
        mpfr_d_sub(j->exact, v[i], sum, MPFR_RNDN);
        mpfr_mul(j->exact, j->exact, j->b, MPFR_RNDN);
        if (!z.kept[i] || (z.kind == ORACLE_KIND_MINUS_INF && !z.undefined))
            mpfr_set_zero(j->exact, 1);
        else if (undefined)
            mpfr_set_nan(j->exact);
        mpfr_mul(j->a, total, j->b, MPFR_RNDN);
        mpfr_mul_d(j->b, j->b, oracle_unit(j->type, BOUND_HESSIAN_PRODUCT), MPFR_RNDN);
        add_power_of_two(j->b, scale_squared, least);
        mpfr_add_d(j->bound, absolute, fabs(v[i]), MPFR_RNDN);
        mpfr_mul(j->bound, j->bound, j->b, MPFR_RNDN);
        mpfr_add(j->bound, j->bound, j->a, MPFR_RNDN);
        oracle_judge_add_least(j, 2);
        if (j->array[GOLDEN_SCALE])
            oracle_judge_add_least(j, (unsigned long)ceil(2 * scale_squared));
        oracle_judge_bound(j, i);
    }
    mpfr_clears(sum, absolute, total, (mpfr_ptr)0);
    oracle_logits_clear(&z);
}

/* scale^2 p_i (1 - p_i) and -scale^2 p_i p_j, within a number of ULP and, as probabilities are rounded to at least
 * 2^-149, with a scale 2^-148 scale^2 besides. */
static void hessian(oracle_judge *j) {
    size_t n = j->row.n;
    unsigned long least = j->array[GOLDEN_SCALE] ? (unsigned long)ceil(2 * j->row.scale * j->row.scale) : 0;
    oracle_logits z;
    oracle_logits_init(&z, &j->row);
    for (size_t k = 0; k < n * n; k++) {
        size_t row = k / n;
        size_t column = k % n;
        oracle_probability(&z, row, j->exact);
        if (row == column)
            oracle_complement(&z, column, j->a);
        else
            oracle_probability(&z, column, j->a);
        mpfr_mul(j->exact, j->exact, j->a, MPFR_RNDN);
        mpfr_mul_d(j->exact, j->exact, row == column ? j->row.scale : -j->row.scale, MPFR_RNDN);
        mpfr_mul_d(j->exact, j->exact, j->row.scale, MPFR_RNDN);
        if (!z.kept[row] || !z.kept[column] || (z.kind == ORACLE_KIND_MINUS_INF && !z.undefined))
            mpfr_set_zero(j->exact, 1);
        mpfr_set_zero(j->bound, 1);
        if (mpfr_regular_p(j->exact))
            mpfr_set_ui_2exp(j->bound, BOUND_HESSIAN, oracle_ulp_exponent(j->type, j->exact), MPFR_RNDN);
        oracle_judge_add_least(j, least);
        oracle_judge_bound(j, k);
    }
    oracle_logits_clear(&z);
}

void oracle_judge_second_order(oracle_judge *j, const void *result, oracle_verdict *verdicts) {
    oracle_judge_part(j, result, 0, 0, &verdicts[0]);
    switch (j->c->function) {
    case GOLDEN_BACKWARD:
        backward(j, j->array[GOLDEN_Y], j->array[GOLDEN_DY]);
        break;
    case GOLDEN_SOFTMAX_JVP:
        backward(j, j->array[GOLDEN_Y], j->array[GOLDEN_V]);
        break;
    case GOLDEN_LOG_SOFTMAX_JVP:
        log_softmax_jvp(j);
        break;
    case GOLDEN_DOUBLE_BACKWARD:
        double_backward_y(j);
        oracle_judge_part(j, result, 1, 0, &verdicts[1]);
        backward(j, j->array[GOLDEN_Y], j->array[GOLDEN_DDX]);
        break;
    case GOLDEN_HESSIAN_PRODUCT:
        hessian_product(j);
        break;
    default:
        hessian(j);
    }
}
