#include "oracle_logits.h"

#include <math.h>
#include <stdlib.h>

/* Enough for scale x + add without rounding, for any numbers of the type and scales from 2^-64 to 2^64; behind a
 * softcap, enough for what is left of it in the result. */
enum { EXACT_F32 = 512, EXACT_F64 = 2560, CAPPED = 512 };

bool oracle_row_keeps(const oracle_row *row, size_t j) {
    return j >= row->first && j < row->length && !(row->keep && row->keep[j] == 0) &&
           !(row->add && row->add[j] == (double)-INFINITY);
}

static mpfr_t *numbers(size_t n, mpfr_prec_t precision) {
    mpfr_t *a = malloc((n + !n) * sizeof *a);
    if (!a)
        abort();
    for (size_t i = 0; i < n; i++)
        mpfr_init2(a[i], precision);
    return a;
}

static void numbers_free(mpfr_t *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        mpfr_clear(a[i]);
    free(a);
}

static mpfr_prec_t logit_precision(const oracle_row *row) {
    if (row->softcap != 0)
        return CAPPED;
    return !row->add && row->alibi == 0 && !row->sink ? 53 + 53 : row->type == ORACLE_F32 ? EXACT_F32 : EXACT_F64;
}

/* z = softcap tanh(z / softcap), and slope = 1 / cosh(z / softcap)^2. */
static void cap(double softcap, mpfr_t z, mpfr_t slope) {
    mpfr_div_d(z, z, softcap, MPFR_RNDN);
    mpfr_cosh(slope, z, MPFR_RNDN);
    mpfr_sqr(slope, slope, MPFR_RNDN);
    mpfr_ui_div(slope, 1, slope, MPFR_RNDN);
    mpfr_tanh(z, z, MPFR_RNDN);
    mpfr_mul_d(z, z, softcap, MPFR_RNDN);
}

/* Rows from there on have their logits rounded to T first: scale x, and then the sum. */
static double large(oracle_type type) { return type == ORACLE_F32 ? 0x1p16 : 0x1p45; }

static void round_to_type(oracle_type type, mpfr_t z) {
    if (type == ORACLE_F32)
        mpfr_set_flt(z, mpfr_get_flt(z, MPFR_RNDN), MPFR_RNDN);
    else
        mpfr_set_d(z, mpfr_get_d(z, MPFR_RNDN), MPFR_RNDN);
}

static bool is_large(oracle_type type, mpfr_t z) {
    return mpfr_cmp_d(z, large(type)) >= 0 || mpfr_cmp_d(z, -large(type)) <= 0;
}

static double distance(const oracle_row *row, size_t i) { return fabs((double)(row->position - (int64_t)i)); }

/* An infinite logit stays that under a softcap, with a slope of 0; so does one that is beyond the type's range. */
static void logit(const oracle_row *row, size_t i, mpfr_t z, mpfr_t slope) {
    mpfr_set_d(z, row->x[i], MPFR_RNDN);
    mpfr_mul_d(z, z, row->scale, MPFR_RNDN);
    if (row->softcap != 0 && row->caps_first && mpfr_number_p(z)) {
        if (is_large(row->type, z))
            round_to_type(row->type, z);
        mpfr_set_ui(slope, 0, MPFR_RNDN);
        if (mpfr_number_p(z))
            cap(row->softcap, z, slope);
    } else {
        mpfr_set_ui(slope, row->softcap == 0, MPFR_RNDN);
    }
    if (row->add)
        mpfr_add_d(z, z, row->add[i], MPFR_RNDN);
    if (row->alibi != 0 && mpfr_number_p(z)) {
        mpfr_t bias;
        mpfr_init2(bias, 53 + 53);
        mpfr_set_d(bias, row->alibi, MPFR_RNDN);
        mpfr_mul_d(bias, bias, distance(row, i), MPFR_RNDN);
        mpfr_sub(z, z, bias, MPFR_RNDN);
        mpfr_clear(bias);
    }
    if (mpfr_number_p(z) && oracle_overflows(row->type, z))
        mpfr_set_inf(z, mpfr_sgn(z));
    if (row->softcap != 0 && !row->caps_first && mpfr_number_p(z))
        cap(row->softcap, z, slope);
}

/* Sets kind and top. */
static void classify(oracle_logits *z, mpfr_t *value) {
    bool nan = false;
    z->top = z->count;
    for (size_t i = 0; i < z->count; i++) {
        if (!z->kept[i])
            continue;
        nan = nan || mpfr_nan_p(value[i]);
        if (z->top == z->count || mpfr_greater_p(value[i], value[z->top]))
            z->top = i;
    }
    if (z->top == z->count)
        z->kind = ORACLE_KIND_EMPTY;
    else if (nan)
        z->kind = ORACLE_KIND_NAN;
    else if (mpfr_inf_p(value[z->top]))
        z->kind = mpfr_sgn(value[z->top]) > 0 ? ORACLE_KIND_PLUS_INF : ORACLE_KIND_MINUS_INF;
    else
        z->kind = ORACLE_KIND_FINITE;
    z->undefined = z->kind == ORACLE_KIND_NAN ||
                   (z->kind == ORACLE_KIND_PLUS_INF && z->row->plus_inf == SMX_PLUS_INF_NAN) ||
                   (z->kind == ORACLE_KIND_MINUS_INF && z->row->minus_inf_row == SMX_MINUS_INF_ROW_NAN);
}

static void round_large(oracle_logits *z, mpfr_t *value) {
    if (z->kind != ORACLE_KIND_FINITE)
        return;
    mpfr_set(z->max, value[z->top], MPFR_RNDN);
    round_to_type(z->row->type, z->max);
    if (!is_large(z->row->type, z->max))
        return;
    for (size_t i = 0; i < z->row->n; i++) {
        if (!z->kept[i] || z->row->softcap != 0)
            continue;
        mpfr_set_d(value[i], z->row->x[i], MPFR_RNDN);
        mpfr_mul_d(value[i], value[i], z->row->scale, MPFR_RNDN);
        round_to_type(z->row->type, value[i]);
        if (z->row->add)
            mpfr_add_d(value[i], value[i], z->row->add[i], MPFR_RNDN);
        round_to_type(z->row->type, value[i]);
        if (z->row->alibi != 0 && mpfr_number_p(value[i])) {
            mpfr_set_d(z->max, z->row->alibi, MPFR_RNDN);
            mpfr_mul_d(z->max, z->max, distance(z->row, i), MPFR_RNDN);
            round_to_type(z->row->type, z->max);
            mpfr_sub(value[i], value[i], z->max, MPFR_RNDN);
            round_to_type(z->row->type, value[i]);
        }
    }
    classify(z, value);
}

/* below and term of entry i; those of the entry before it serve again where the logits are equal. */
static void set_term(oracle_logits *z, mpfr_t *value, size_t i) {
    bool one = z->kind == ORACLE_KIND_PLUS_INF && mpfr_inf_p(value[i]) && mpfr_sgn(value[i]) > 0;
    if (!z->kept[i] || (z->kind != ORACLE_KIND_FINITE && !one)) {
        mpfr_set_inf(z->below[i], -1);
        mpfr_set_zero(z->term[i], 1);
    } else if (one) {
        mpfr_set_zero(z->below[i], 1);
        mpfr_set_ui(z->term[i], 1, MPFR_RNDN);
    } else if (i > 0 && z->kept[i - 1] && mpfr_equal_p(value[i], value[i - 1])) {
        mpfr_set(z->below[i], z->below[i - 1], MPFR_RNDN);
        mpfr_set(z->term[i], z->term[i - 1], MPFR_RNDN);
    } else {
        mpfr_sub(z->below[i], value[i], value[z->top], MPFR_RNDN);
        mpfr_exp(z->term[i], z->below[i], MPFR_RNDN);
    }
}

void oracle_logits_init(oracle_logits *z, const oracle_row *row) {
    size_t n = row->n, count = n + (row->sink != NULL);
    *z = (oracle_logits){.row = row, .count = count, .kept = malloc(count + !count)};
    if (!z->kept)
        abort();
    mpfr_t *value = numbers(count, logit_precision(row));
    z->below = numbers(count, ORACLE_LOGITS_PRECISION);
    z->term = numbers(count, ORACLE_LOGITS_PRECISION);
    z->slope = numbers(count, ORACLE_LOGITS_PRECISION);
    mpfr_inits2(ORACLE_LOGITS_PRECISION, z->rest, z->sum, z->log_sum, (mpfr_ptr)0);
    mpfr_init2(z->max, logit_precision(row));
    for (size_t i = 0; i < n; i++) {
        z->kept[i] = oracle_row_keeps(row, i);
        if (z->kept[i])
            logit(row, i, value[i], z->slope[i]);
    }
    if (row->sink) {
        z->kept[n] = *row->sink != (double)-INFINITY;
        mpfr_set_d(value[n], *row->sink, MPFR_RNDN);
    }
    classify(z, value);
    round_large(z, value);
    mpfr_set_zero(z->rest, 1);
    for (size_t i = 0; i < count; i++) {
        set_term(z, value, i);
        if (i != z->top)
            mpfr_add(z->rest, z->rest, z->term[i], MPFR_RNDN);
    }
    if (z->top < count)
        mpfr_set(z->max, value[z->top], MPFR_RNDN);
    mpfr_add_ui(z->sum, z->rest, 1, MPFR_RNDN);
    mpfr_log1p(z->log_sum, z->rest, MPFR_RNDN);
    numbers_free(value, count);
}

void oracle_logits_clear(oracle_logits *z) {
    numbers_free(z->below, z->count);
    numbers_free(z->term, z->count);
    numbers_free(z->slope, z->count);
    mpfr_clears(z->max, z->rest, z->sum, z->log_sum, (mpfr_ptr)0);
    free(z->kept);
}

void oracle_probability(const oracle_logits *z, size_t i, mpfr_t p) {
    if (!z->kept[i])
        mpfr_set_zero(p, 1);
    else if (z->undefined)
        mpfr_set_nan(p);
    else
        mpfr_div(p, z->term[i], z->sum, MPFR_RNDN);
}

/* For all but the largest, p <= 1/2 and 1 - p loses nothing. */
void oracle_complement(const oracle_logits *z, size_t i, mpfr_t q) {
    oracle_probability(z, i, q);
    if (i == z->top && !z->undefined)
        mpfr_div(q, z->rest, z->sum, MPFR_RNDN);
    else
        mpfr_ui_sub(q, 1, q, MPFR_RNDN);
}

void oracle_log_probability(const oracle_logits *z, size_t i, mpfr_t l) {
    if (z->kept[i] && z->undefined)
        mpfr_set_nan(l);
    else
        mpfr_sub(l, z->below[i], z->log_sum, MPFR_RNDN);
}

void oracle_logsumexp(const oracle_logits *z, mpfr_t lse) {
    if (z->kind == ORACLE_KIND_NAN)
        mpfr_set_nan(lse);
    else if (z->kind != ORACLE_KIND_FINITE)
        mpfr_set_inf(lse, z->kind == ORACLE_KIND_PLUS_INF ? 1 : -1);
    else
        mpfr_add(lse, z->max, z->log_sum, MPFR_RNDN);
}
