/* Cross-entropy: loss and gradients, as smx/cross_entropy.h defines them, and its bounds.
 *
 * With labels alone (no weights, smoothing, z-loss, softcap), the gradient is measured in ULP, and so is a loss without
 * z-loss, softcap and negative targets. Otherwise the bound is mixed, and where the header leaves something open, it is
 * this:
 *   - with z-loss, what lse may be off by counts, times 2 z_loss |lse| in the loss and 2 z_loss p_i in the gradient;
 *   - of negative targets, and what smoothing adds to them, the magnitudes count, also in sum A_c;
 *   - what is multiplied by a factor beyond 1 (a weight, dL/dloss, a scale) was rounded at 2^-1074 before, gradients of
 *     targets in f32 at 2^-149;
 *   - a softcap moves each z by up to 2^-45 softcap (f64: 2^-50), and so log p by twice that. */
#include <math.h>
#include <stdlib.h>

#include "kernel_bounds.h"
#include "oracle_judge.h"

typedef struct cross_entropy {
    oracle_judge *j;
    oracle_logits z;
    size_t label;         /* n: dense targets */
    bool plain;           /* labels alone */
    bool nothing;         /* no entry is kept, or all are -inf by policy: no gradient, no z-loss */
    bool convex;          /* no target is negative */
    double z_loss, dloss; /* dL/dloss */
    double moved;         /* what softcap's rounding may move z by */
    mpfr_t *coefficient;  /* A_c: what stands before -log p_c */
    double *magnitude;    /* of its two summands together */
    double total;         /* of the magnitudes */
    mpfr_t sum;           /* of these */
    mpfr_t lse;
} cross_entropy;

static double option(const oracle_judge *j, golden_array a, double otherwise) {
    return j->array[a] ? j->array[a][0] : otherwise;
}

/* Of log p of the label, and of a loss that is nothing else: that of log-softmax. */
static double label_bound(const oracle_judge *j) {
    return oracle_logits_are_pairs(j->c) ? BOUND_LOG_SOFTMAX_LOGITS : BOUND_LOG_SOFTMAX;
}

static double weight(const oracle_judge *j, size_t i) {
    return j->array[GOLDEN_CLASS_WEIGHTS] ? j->array[GOLDEN_CLASS_WEIGHTS][i] : 1;
}

/* (1 - e) T_i w_i + (e / n) w_i, where T is the targets' row, or 1 at the label and 0 elsewhere. Masked out, 0, but for
 * the label. */
static void set_coefficient(cross_entropy *x, size_t i) {
    oracle_judge *j = x->j;
    double smoothing = option(j, GOLDEN_SMOOTHING, 0);
    double target = i == x->label;
    if (x->label == j->row.n)
        target = x->z.kept[i] ? j->array[GOLDEN_TARGETS][i] : 0;
    mpfr_t *a = &x->coefficient[i];
    mpfr_set_d(*a, smoothing, MPFR_RNDN);
    mpfr_ui_sub(*a, 1, *a, MPFR_RNDN);
    mpfr_mul_d(*a, *a, target, MPFR_RNDN);
    if (x->z.kept[i]) {
        mpfr_set_d(j->a, smoothing, MPFR_RNDN);
        mpfr_div_ui(j->a, j->a, (unsigned long)j->row.n, MPFR_RNDN);
        mpfr_add(*a, *a, j->a, MPFR_RNDN);
    }
    mpfr_mul_d(*a, *a, weight(j, i), MPFR_RNDN);
    x->magnitude[i] = fabs(mpfr_get_d(*a, MPFR_RNDA));
    if (target < 0) {
        x->magnitude[i] += 2 * (1 - smoothing) * fabs(target) * weight(j, i);
        x->convex = false;
    }
    x->total += x->magnitude[i];
}

static void open_problem(cross_entropy *x, oracle_judge *j) {
    size_t n = j->row.n;
    *x = (cross_entropy){.j = j, .convex = true};
    oracle_logits_init(&x->z, &j->row);
    x->nothing = !x->z.undefined && (x->z.kind == ORACLE_KIND_EMPTY || x->z.kind == ORACLE_KIND_MINUS_INF);
    x->label = j->array[GOLDEN_LABEL] ? (size_t)j->array[GOLDEN_LABEL][0] : n;
    x->z_loss = option(j, GOLDEN_Z_LOSS, 0);
    x->dloss = option(j, GOLDEN_DLOSS, 1);
    x->moved = j->row.softcap * (j->type == ORACLE_F32 ? 0x1p-45 : 0x1p-50);
    x->plain = x->label < n && !j->array[GOLDEN_CLASS_WEIGHTS] && option(j, GOLDEN_SMOOTHING, 0) == 0 &&
               x->z_loss == 0 && x->moved == 0;
    mpfr_inits2(ORACLE_LOGITS_PRECISION, x->sum, x->lse, (mpfr_ptr)0);
    mpfr_set_zero(x->sum, 1);
    x->coefficient = malloc((n + !n) * sizeof *x->coefficient);
    x->magnitude = malloc((n + !n) * sizeof *x->magnitude);
    if (!x->coefficient || !x->magnitude)
        abort();
    for (size_t i = 0; i < n; i++) {
        mpfr_init2(x->coefficient[i], ORACLE_LOGITS_PRECISION);
        set_coefficient(x, i);
        mpfr_add(x->sum, x->sum, x->coefficient[i], MPFR_RNDN);
    }
    oracle_logsumexp(&x->z, x->lse);
}

static void close_problem(cross_entropy *x) {
    for (size_t i = 0; i < x->j->row.n; i++)
        mpfr_clear(x->coefficient[i]);
    free(x->coefficient);
    free(x->magnitude);
    mpfr_clears(x->sum, x->lse, (mpfr_ptr)0);
    oracle_logits_clear(&x->z);
}

/* ---- Loss -------------------------------------------------------------------------------------------------------- */

/* exact = sum_c A_c (-log p_c), a term of coefficient 0 being 0; total = the sum of the magnitudes. */
static void entropy(cross_entropy *x, mpfr_t exact, mpfr_t total) {
    mpfr_t term;
    mpfr_init2(term, ORACLE_LOGITS_PRECISION);
    mpfr_set_zero(exact, 1);
    mpfr_set_zero(total, 1);
    if (x->z.undefined)
        mpfr_set_nan(exact);
    for (size_t i = 0; i < x->j->row.n; i++) {
        if (mpfr_zero_p(x->coefficient[i]))
            continue;
        oracle_log_probability(&x->z, i, term);
        mpfr_mul(term, term, x->coefficient[i], MPFR_RNDN);
        mpfr_sub(exact, exact, term, MPFR_RNDN);
        oracle_log_probability(&x->z, i, term);
        mpfr_mul_d(term, term, x->magnitude[i], MPFR_RNDN);
        mpfr_sub(total, total, term, MPFR_RNDN);
    }
    mpfr_clear(term);
}

/* Adds z_loss lse^2 to exact and what belongs to it to the bound. */
static void add_z_loss(cross_entropy *x) {
    oracle_judge *j = x->j;
    mpfr_mul_d(j->a, x->lse, x->z_loss, MPFR_RNDN);
    mpfr_mul(j->b, j->a, x->lse, MPFR_RNDN);
    mpfr_add(j->exact, j->exact, j->b, MPFR_RNDN);
    mpfr_mul_d(j->b, j->b, oracle_unit(j->type, 2), MPFR_RNDN);
    mpfr_add(j->bound, j->bound, j->b, MPFR_RNDN);
    oracle_logsumexp_bound(&x->z, x->lse, j->b);
    mpfr_add_d(j->b, j->b, x->moved, MPFR_RNDN);
    mpfr_mul(j->b, j->b, j->a, MPFR_RNDN);
    mpfr_abs(j->b, j->b, MPFR_RNDN);
    mpfr_mul_2si(j->b, j->b, 1, MPFR_RNDN);
    mpfr_add(j->bound, j->bound, j->b, MPFR_RNDN);
    if (j->type == ORACLE_F64) /* z_loss lse is rounded at 2^-1074, and lse multiplies it */
        oracle_judge_add_least(j, (unsigned long)ceil(fmin(fabs(mpfr_get_d(x->lse, MPFR_RNDN)), 0x1p52)));
}

/* In f64, rho is held to 2^-1074, and coefficients multiply it. */
static void add_least_rho(cross_entropy *x) {
    if (x->j->type == ORACLE_F64)
        oracle_judge_add_least(x->j, (unsigned long)ceil(fabs(mpfr_get_d(x->sum, MPFR_RNDN))));
}

static void judge_loss(cross_entropy *x, const void *result, oracle_verdict *verdict) {
    oracle_judge *j = x->j;
    bool in_ulp = x->convex && x->z_loss == 0 && x->moved == 0;
    oracle_judge_part(j, result, 0, !in_ulp ? 0 : x->plain ? label_bound(j) : BOUND_LOSS, verdict);
    entropy(x, j->exact, j->bound);
    if (in_ulp) {
        j->slack = j->type == ORACLE_F64 ? mpfr_get_d(x->sum, MPFR_RNDN) : 0;
        oracle_judge_ulp(j, 0);
        return;
    }
    /* ULP of a number up to `total`, each at most 2^-23 of it. */
    mpfr_mul_d(j->bound, j->bound, BOUND_LOSS * oracle_unit(j->type, 1), MPFR_RNDN);
    for (size_t i = 0; i < j->row.n; i++) {
        mpfr_mul_d(j->a, x->coefficient[i], 2 * x->moved, MPFR_RNDN);
        mpfr_abs(j->a, j->a, MPFR_RNDN);
        mpfr_add(j->bound, j->bound, j->a, MPFR_RNDN);
    }
    if (x->z_loss != 0 && !x->nothing)
        add_z_loss(x);
    add_least_rho(x);
    oracle_judge_add_least(j, 4);
    oracle_judge_bound(j, 0);
}

static void judge_lse(cross_entropy *x, const void *result, oracle_verdict *verdict) {
    oracle_judge *j = x->j;
    oracle_judge_part(j, result, 1, 0, verdict);
    mpfr_set(j->exact, x->lse, MPFR_RNDN);
    oracle_logsumexp_bound(&x->z, j->exact, j->bound);
    mpfr_add_d(j->bound, j->bound, x->moved, MPFR_RNDN);
    oracle_judge_bound(j, 0);
}

static void judge_log_probability(cross_entropy *x, const void *result, oracle_verdict *verdict) {
    oracle_judge *j = x->j;
    oracle_judge_part(j, result, 3, x->moved == 0 ? label_bound(j) : 0, verdict);
    oracle_log_probability(&x->z, x->label, j->exact);
    if (x->z.undefined)
        mpfr_set_nan(j->exact);
    if (x->moved == 0) {
        oracle_judge_ulp(j, 0);
        return;
    }
    mpfr_abs(j->bound, j->exact, MPFR_RNDN);
    mpfr_mul_d(j->bound, j->bound, label_bound(j) * oracle_unit(j->type, 1), MPFR_RNDN);
    mpfr_add_d(j->bound, j->bound, 2 * x->moved, MPFR_RNDN);
    oracle_judge_bound(j, 0);
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

/* exact = (sum A + 2 z_loss lse) p_i - A_i; bound = (sum |A| + 2 z_loss |lse|) p_i + |A_i| */
static void residual(cross_entropy *x, size_t i) {
    oracle_judge *j = x->j;
    if (x->plain && i == x->label) { /* p - 1, without cancellation */
        oracle_complement(&x->z, i, j->exact);
        mpfr_neg(j->exact, j->exact, MPFR_RNDN);
        return;
    }
    oracle_probability(&x->z, i, j->b);
    mpfr_set_zero(j->a, 1);
    if (x->z_loss != 0)
        mpfr_mul_d(j->a, x->lse, 2 * x->z_loss, MPFR_RNDN);
    mpfr_add(j->exact, x->sum, j->a, MPFR_RNDN);
    mpfr_mul(j->exact, j->exact, j->b, MPFR_RNDN);
    mpfr_sub(j->exact, j->exact, x->coefficient[i], MPFR_RNDN);
    mpfr_abs(j->a, j->a, MPFR_RNDN);
    mpfr_add_d(j->bound, j->a, x->total, MPFR_RNDN);
    mpfr_mul(j->bound, j->bound, j->b, MPFR_RNDN);
    mpfr_add_d(j->bound, j->bound, x->magnitude[i], MPFR_RNDN);
}

/* bound = |scale G| (a part of bound + what lse, moving z and rounding softcap' do) + 3 2^-149 */
static void gradient_bound(cross_entropy *x, size_t i) {
    oracle_judge *j = x->j;
    double relative = oracle_unit(j->type, BOUND_LOSS_GRADIENT + (x->moved > 0)) + 4 * x->moved * (1 + x->z_loss);
    mpfr_mul_d(j->bound, j->bound, relative, MPFR_RNDN);
    if (x->z_loss != 0) {
        oracle_logsumexp_bound(&x->z, x->lse, j->b);
        mpfr_add_d(j->b, j->b, x->moved, MPFR_RNDN);
        oracle_probability(&x->z, i, j->a);
        mpfr_mul(j->b, j->b, j->a, MPFR_RNDN);
        mpfr_mul_d(j->b, j->b, 2 * x->z_loss, MPFR_RNDN);
        mpfr_add(j->bound, j->bound, j->b, MPFR_RNDN);
    }
    add_least_rho(x);
    mpfr_mul_d(j->bound, j->bound, x->dloss, MPFR_RNDN);
    mpfr_mul_d(j->bound, j->bound, j->row.scale, MPFR_RNDN);
    mpfr_abs(j->bound, j->bound, MPFR_RNDN);
    oracle_judge_add_least(j, 3);
}

static void judge_gradient(cross_entropy *x, const void *result, oracle_verdict *verdict) {
    oracle_judge *j = x->j;
    oracle_judge_part(j, result, 2, 0, verdict);
    for (size_t i = 0; i < j->row.n; i++) {
        if (!x->z.kept[i]) {
            mpfr_set_zero(j->exact, 1);
            oracle_judge_bound(j, i);
            continue;
        }
        residual(x, i);
        mpfr_mul_d(j->exact, j->exact, x->dloss, MPFR_RNDN);
        mpfr_mul_d(j->exact, j->exact, j->row.scale, MPFR_RNDN);
        mpfr_mul(j->exact, j->exact, x->z.slope[i], MPFR_RNDN);
        if (x->nothing)
            mpfr_set_zero(j->exact, 1);
        else if (!isfinite(x->dloss) || x->z.undefined || (x->z_loss != 0 && mpfr_inf_p(x->lse)))
            mpfr_set_nan(j->exact);
        if (!x->plain)
            gradient_bound(x, i);
        else if (mpfr_number_p(j->exact)) {
            mpfr_set_d(j->bound, i == x->label ? BOUND_LABEL_GRADIENT : BOUND_OTHER_GRADIENT, MPFR_RNDN);
            mpfr_mul_2si(j->bound, j->bound, oracle_ulp_exponent(j->type, j->exact), MPFR_RNDN);
        }
        if (j->type == ORACLE_F64 && mpfr_number_p(j->exact)) {
            mpfr_set_d(j->a, fabs(x->dloss) * fabs(j->row.scale), MPFR_RNDN);
            mpfr_mul_2si(j->a, j->a, -1074, MPFR_RNDN);
            mpfr_add(j->bound, j->bound, j->a, MPFR_RNDN);
        }
        oracle_judge_bound(j, i);
    }
}

/* G (1 - e) w_i (-log p_i): a number of ULP, and with a softcap what it moves log p by. */
static void judge_target_gradient(cross_entropy *x, const void *result, oracle_verdict *verdict) {
    oracle_judge *j = x->j;
    oracle_judge_part(j, result, 3, x->moved == 0 ? BOUND_TARGET_GRADIENT : 0, verdict);
    for (size_t i = 0; i < j->row.n; i++) {
        mpfr_set_d(j->a, option(j, GOLDEN_SMOOTHING, 0), MPFR_RNDN);
        mpfr_ui_sub(j->a, 1, j->a, MPFR_RNDN);
        mpfr_mul_d(j->a, j->a, weight(j, i), MPFR_RNDN);
        mpfr_mul_d(j->a, j->a, x->dloss, MPFR_RNDN);
        oracle_log_probability(&x->z, i, j->exact);
        mpfr_neg(j->exact, j->exact, MPFR_RNDN);
        if (mpfr_zero_p(j->a) || !x->z.kept[i] || x->nothing)
            mpfr_set_zero(j->exact, 1);
        else
            mpfr_mul(j->exact, j->exact, j->a, MPFR_RNDN);
        if (x->z.kept[i] && (!isfinite(x->dloss) || x->z.undefined))
            mpfr_set_nan(j->exact);
        if (x->moved == 0) {
            j->slack = fabs(mpfr_get_d(j->a, MPFR_RNDN));
            oracle_judge_ulp(j, i);
            continue;
        }
        mpfr_mul_d(j->b, j->exact, BOUND_TARGET_GRADIENT * oracle_unit(j->type, 1), MPFR_RNDN);
        mpfr_abs(j->b, j->b, MPFR_RNDN);
        mpfr_mul_d(j->bound, j->a, 2 * x->moved, MPFR_RNDN);
        mpfr_abs(j->bound, j->bound, MPFR_RNDN);
        mpfr_add(j->bound, j->bound, j->b, MPFR_RNDN);
        oracle_judge_add_least(j, 4);
        oracle_judge_bound(j, i);
    }
}

void oracle_judge_cross_entropy(oracle_judge *j, const void *result, oracle_verdict *verdicts) {
    cross_entropy x;
    open_problem(&x, j);
    judge_loss(&x, result, &verdicts[0]);
    judge_lse(&x, result, &verdicts[1]);
    judge_gradient(&x, result, &verdicts[2]);
    if (x.label < j->row.n)
        judge_log_probability(&x, result, &verdicts[3]);
    else
        judge_target_gradient(&x, result, &verdicts[3]);
    close_problem(&x);
}

/* ---- Negative log-likelihood ------------------------------------------------------------------------------------- */

/* exact = a b, which is no number unless a is one, and 0 where b is 0. */
static void product(oracle_judge *j, double a, double b) {
    mpfr_set_d(j->exact, a, MPFR_RNDN);
    if (b == 0 && !isnan(a))
        mpfr_set_zero(j->exact, 1);
    mpfr_mul_d(j->exact, j->exact, b, MPFR_RNDN);
}

void oracle_judge_nll(oracle_judge *j, const void *result, oracle_verdict *verdicts) {
    size_t label = (size_t)j->array[GOLDEN_LABEL][0];
    double dloss = option(j, GOLDEN_DLOSS, 1);
    oracle_judge_part(j, result, 0, BOUND_NLL, &verdicts[0]);
    product(j, j->array[GOLDEN_Y][label], -weight(j, label));
    oracle_judge_ulp(j, 0);
    oracle_judge_part(j, result, 1, BOUND_NLL, &verdicts[1]);
    for (size_t i = 0; i < j->row.n; i++) {
        product(j, isfinite(dloss) ? dloss : (double)NAN, i == label ? -weight(j, label) : 0);
        if (i != label)
            mpfr_set_zero(j->exact, 1);
        oracle_judge_ulp(j, i);
    }
    oracle_judge_part(j, result, 2, BOUND_NLL, &verdicts[2]);
    mpfr_set_d(j->exact, j->array[GOLDEN_Y][label], MPFR_RNDN);
    oracle_judge_ulp(j, 0);
}
