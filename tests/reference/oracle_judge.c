#include "oracle_judge.h"

#include <math.h>
#include <stdlib.h>

double oracle_unit(oracle_type type, int bits) { return ldexp(1, bits - (type == ORACLE_F32 ? 24 : 53)); }

static int least_exponent(oracle_type type) { return type == ORACLE_F32 ? -149 : -1074; }

static double option(const oracle_judge *j, golden_array a, double otherwise) {
    return j->array[a] ? j->array[a][0] : otherwise;
}

bool oracle_logits_are_pairs(const golden_case *c) {
    return c->array[GOLDEN_SCALE] || c->array[GOLDEN_ADD] || c->array[GOLDEN_ALIBI];
}

/* Causality and windows come to what oracle_row has of them. */
static void find_window(oracle_judge *j) {
    oracle_row *row = &j->row;
    double n = (double)row->n, first = 0, end = (double)row->length, p;
    p = option(j, GOLDEN_CAUSAL, 0) == SMX_CAUSAL_BOTTOM_RIGHT ? n - option(j, GOLDEN_QUERIES, 1) : 0;
    double left = option(j, GOLDEN_WINDOW_LEFT, -1), right = option(j, GOLDEN_WINDOW_RIGHT, -1);
    end = option(j, GOLDEN_CAUSAL, 0) != SMX_CAUSAL_NONE ? fmin(end, p + 1) : end;
    end = right >= 0 ? fmin(end, p + right + 1) : end;
    first = left >= 0 ? fmax(first, p - left) : first;
    row->length = end > 0 ? (size_t)end : 0;
    row->first = (size_t)first;
    row->position = (int64_t)p;
}

void oracle_judge_init(oracle_judge *j, const golden_case *c) {
    *j = (oracle_judge){.c = c, .type = c->f64 ? ORACLE_F64 : ORACLE_F32};
    for (size_t a = 0; a < GOLDEN_ARRAYS; a++) {
        if (!c->array[a])
            continue;
        size_t count = golden_count(c, golden_arrays[a].size);
        j->array[a] = malloc((count + !count) * sizeof *j->array[a]);
        if (!j->array[a])
            abort();
        for (size_t i = 0; i < count; i++)
            j->array[a][i] = golden_get(c, (golden_array)a, i);
    }
    j->row =
        (oracle_row){.type = j->type,
                     .n = c->n,
                     .x = j->array[GOLDEN_X],
                     .add = j->array[GOLDEN_ADD],
                     .keep = j->array[GOLDEN_KEEP],
                     .length = (size_t)option(j, GOLDEN_LENGTH, (double)c->n),
                     .scale = option(j, GOLDEN_SCALE, 1),
                     .softcap = option(j, GOLDEN_SOFTCAP, 0),
                     .caps_first = c->function != GOLDEN_CROSS_ENTROPY && c->function != GOLDEN_CROSS_ENTROPY_DENSE,
                     .alibi = option(j, GOLDEN_ALIBI, 0),
                     .sink = j->array[GOLDEN_SINK],
                     .plus_inf = c->options.plus_inf,
                     .minus_inf_row = c->options.minus_inf_row};
    find_window(j);
    mpfr_inits2(ORACLE_LOGITS_PRECISION, j->exact, j->bound, j->a, j->b, (mpfr_ptr)0);
}

void oracle_judge_clear(oracle_judge *j) {
    for (size_t a = 0; a < GOLDEN_ARRAYS; a++)
        free(j->array[a]);
    mpfr_clears(j->exact, j->bound, j->a, j->b, (mpfr_ptr)0);
}

void oracle_judge_part(oracle_judge *j, const void *result, size_t k, double ulps, oracle_verdict *verdict) {
    size_t size = j->type == ORACLE_F32 ? sizeof(float) : sizeof(double);
    j->result = (const char *)result + golden_result_offset(j->c, k) * size;
    j->verdict = verdict;
    j->slack = 0;
    *verdict = (oracle_verdict){.error = 0, .bound = ulps > 0 ? ulps : 1, .unit = ulps > 0 ? "ULP" : "of the bound"};
}

static void note(oracle_judge *j, size_t i, double error) {
    error = isnan(error) ? (double)INFINITY : error;
    if (error > j->verdict->error) {
        j->verdict->error = error;
        j->verdict->at = i;
    }
}

/* Whether exact is no number, or result is -0; then that is noted. */
static bool special(oracle_judge *j, size_t i) {
    double result = oracle_get(j->type, j->result, i);
    if (mpfr_nan_p(j->exact)) {
        note(j, i, oracle_is_canonical_nan(j->type, j->result, i) ? 0 : (double)INFINITY);
        return true;
    }
    if (mpfr_inf_p(j->exact)) {
        note(j, i, result == mpfr_get_d(j->exact, MPFR_RNDN) ? 0 : (double)INFINITY);
        return true;
    }
    if (result == 0 && signbit(result)) {
        note(j, i, (double)INFINITY);
        return true;
    }
    return false;
}

void oracle_judge_ulp(oracle_judge *j, size_t i) {
    if (mpfr_zero_p(j->exact))
        mpfr_set_zero(j->exact, 1);
    if (special(j, i))
        return;
    double error = fabs(oracle_ulp_error(j->type, oracle_get(j->type, j->result, i), j->exact));
    double slack = ldexp(j->slack, (int)(least_exponent(j->type) - oracle_ulp_exponent(j->type, j->exact)));
    note(j, i, error > slack ? error - slack : 0);
}

void oracle_judge_bound(oracle_judge *j, size_t i) {
    if (mpfr_zero_p(j->exact))
        mpfr_set_zero(j->exact, 1);
    if (!special(j, i))
        note(j, i, oracle_ratio(j->type, oracle_get(j->type, j->result, i), j->exact, j->bound));
}

void oracle_judge_capped(oracle_judge *j, size_t i, double ulps, double relative, double absolute) {
    if (j->row.softcap == 0) {
        oracle_judge_ulp(j, i);
        return;
    }
    mpfr_set_d(j->bound, absolute, MPFR_RNDN);
    if (mpfr_number_p(j->exact)) {
        mpfr_mul_d(j->a, j->exact, relative, MPFR_RNDN);
        mpfr_abs(j->a, j->a, MPFR_RNDN);
        mpfr_add(j->bound, j->bound, j->a, MPFR_RNDN);
        mpfr_set_d(j->a, ulps, MPFR_RNDN);
        mpfr_mul_2si(j->a, j->a, oracle_ulp_exponent(j->type, j->exact), MPFR_RNDN);
        mpfr_add(j->bound, j->bound, j->a, MPFR_RNDN);
    }
    oracle_judge_bound(j, i);
}

double oracle_judge_moved(const oracle_judge *j) {
    return j->row.softcap * (j->type == ORACLE_F32 ? 0x1p-45 : 0x1p-50);
}

void oracle_judge_add_least(oracle_judge *j, unsigned long factor) {
    mpfr_set_ui_2exp(j->a, factor, least_exponent(j->type), MPFR_RNDN);
    mpfr_add(j->bound, j->bound, j->a, MPFR_RNDN);
}

void oracle_dot(const oracle_row *row, const double *a, const double *b, bool magnitudes, mpfr_t sum) {
    mpfr_t product;
    mpfr_init2(product, 53 + 53);
    mpfr_set_zero(sum, 1);
    for (size_t i = 0; i < row->n; i++) {
        if (!oracle_row_keeps(row, i))
            continue;
        mpfr_set_d(product, a[i], MPFR_RNDN);
        mpfr_mul_d(product, product, b[i], MPFR_RNDN);
        if (magnitudes)
            mpfr_abs(product, product, MPFR_RNDN);
        mpfr_add(sum, sum, product, MPFR_RNDN);
    }
    mpfr_clear(product);
}
