#include "terms.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "problem.h"

double term_end(oracle_type type) { return type == ORACLE_F32 ? 256 : 2048; }

double term_least(oracle_type type) { return type == ORACLE_F32 ? -256 - 87 : -2048 - 708; }

/* ---- Terms ------------------------------------------------------------------------------------------------------- */

enum { BLOCK = 1 << 14 };

static void values_f32(size_t count, const double *x, double max, double *values) {
    static float entries[BLOCK], results[BLOCK];
    smx_softmax_stats_f32 one = {.max = (float)max, .sum = {0, 0, INT64_C(1) << 3, 0}}; /* 2^67 units */
    for (size_t i = 0; i < count; i++)
        entries[i] = (float)x[i];
    require(smx_softmax_part_finish_f32(count, entries, &one, results, NULL), "smx_softmax_part_finish_f32");
    for (size_t i = 0; i < count; i++)
        values[i] = (double)results[i];
}

void term_values(oracle_type type, size_t count, const double *x, double *values) {
    for (; count > BLOCK; count -= BLOCK, x += BLOCK, values += BLOCK)
        term_values(type, BLOCK, x, values);
    double max = row_step(type, -term_end(type), 2);
    for (size_t i = 0; i < count; i++)
        max = x[i] > max ? x[i] : max;
    if (type == ORACLE_F32) {
        values_f32(count, x, max, values);
        return;
    }
    smx_softmax_stats_f64 one = {.max = max, .sum = {0, 0, INT64_C(1) << 23, 0}}; /* 2^87 units */
    require(smx_softmax_part_finish_f64(count, x, &one, values, NULL), "smx_softmax_part_finish_f64");
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

double term_error(oracle_type type, double x, double value) {
    mpfr_t ratio;
    mpfr_init2(ratio, ORACLE_PRECISION);
    mpfr_set_d(ratio, x, MPFR_RNDN);
    mpfr_exp(ratio, ratio, MPFR_RNDN);
    mpfr_d_div(ratio, value, ratio, MPFR_RNDN);
    mpfr_set_exp(ratio, 0); /* a power of two taken off: in [1/2, 1) */
    if (mpfr_cmp_d(ratio, 0.75) < 0)
        mpfr_mul_2ui(ratio, ratio, 1, MPFR_RNDN);
    mpfr_sub_ui(ratio, ratio, 1, MPFR_RNDN);
    mpfr_mul_2ui(ratio, ratio, type == ORACLE_F32 ? 24 : 53, MPFR_RNDN);
    double error = mpfr_get_d(ratio, MPFR_RNDN);
    mpfr_clear(ratio);
    return error;
}

double term_error_quickly(oracle_type type, double x, double value) {
    int exponent;
    if (type == ORACLE_F32) {
        double ratio = frexp(value / exp(x), &exponent);
        return ((ratio < 0.75 ? 2 * ratio : ratio) - 1) * 0x1p24;
    }
    if (LDBL_MANT_DIG < 64)
        return term_error(type, x, value);
    long double ratio = frexpl(value / expl((long double)x), &exponent);
    return (double)(((ratio < 0.75L ? 2 * ratio : ratio) - 1) * 0x1p53L);
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

static void enter(term_list *list, double x, double error) {
    for (size_t i = 0; i < list->count; i++)
        if (list->x[i] == x)
            return;
    size_t at = list->count < TERM_LIST ? list->count++ : list->smallest;
    list->x[at] = x;
    list->error[at] = error;
    if (list->count == TERM_LIST)
        for (size_t i = 0; i < TERM_LIST; i++)
            if (list->error[i] < list->error[list->smallest])
                list->smallest = i;
}

term_errors *term_errors_of(oracle_type type) {
    static term_errors lists[2];
    return &lists[type];
}

void term_enter(oracle_type type, double x, double value) {
    double error = term_error_quickly(type, x, value);
    term_errors *errors = term_errors_of(type);
    term_list *list = error > 0 ? &errors->positive : &errors->negative;
    if (list->count < TERM_LIST || fabs(error) > list->error[list->smallest])
        enter(list, x, fabs(error));
}

void term_errors_sample(oracle_type type, rng *random) {
    for (long i = 0; i < 300000; i++) {
        double x = rng_uniform(random, term_least(type), term_end(type));
        x = row_round(type, x * (i % 2 ? 1 : rng_log(random, 1e-6, 1)));
        double value;
        term_values(type, 1, &x, &value);
        term_enter(type, x, value);
    }
}

size_t term_list_worst(const term_list *list) {
    size_t worst = 0;
    for (size_t i = 1; i < list->count; i++)
        if (list->error[i] > list->error[worst])
            worst = i;
    return worst;
}
