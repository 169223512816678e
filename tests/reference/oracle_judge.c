#include "oracle_judge.h"

#include <math.h>
#include <stdlib.h>

double oracle_unit(oracle_type type, int bits) { return ldexp(1, bits - (type == ORACLE_F32 ? 24 : 53)); }

static int least_exponent(oracle_type type) { return type == ORACLE_F32 ? -149 : -1074; }

static double option(const oracle_judge *j, golden_array a, double otherwise) {
    return j->array[a] ? j->array[a][0] : otherwise;
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
    j->row = (oracle_row){.type = j->type,
                          .n = c->n,
                          .x = j->array[GOLDEN_X],
                          .add = j->array[GOLDEN_ADD],
                          .keep = j->array[GOLDEN_KEEP],
                          .length = (size_t)option(j, GOLDEN_LENGTH, (double)c->n),
                          .scale = option(j, GOLDEN_SCALE, 1),
                          .softcap = option(j, GOLDEN_SOFTCAP, 0),
                          .plus_inf = c->options.plus_inf,
                          .minus_inf_row = c->options.minus_inf_row};
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
