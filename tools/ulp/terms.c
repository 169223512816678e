#include "terms.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "problem.h"

static double units(oracle_type type) { return type == ORACLE_F32 ? 0x1p24 : 0x1p53; }

/* ---- Rows and terms ---------------------------------------------------------------------------------------------- */

static long double value_of_limbs(const int64_t sum[4]) {
    long double value = 0;
    for (int k = 3; k >= 0; k--)
        value = value * 0x1p32L + (long double)sum[k];
    return value;
}

/* A row of 2^19 entries, so that f32 has its finest unit. */
static long double value_in_row(oracle_type type, double x, double max) {
    enum { ROW = 1 << 19 };
    if (type == ORACLE_F32) {
        float entry = (float)x;
        smx_softmax_stats_f32 stats = {.max = (float)max};
        require(smx_softmax_part_sum_f32(1, &entry, ROW, &stats, NULL), "smx_softmax_part_sum_f32");
        return value_of_limbs(stats.sum);
    }
    smx_softmax_stats_f64 stats = {.max = max};
    require(smx_softmax_part_sum_f64(1, &x, ROW, &stats, NULL), "smx_softmax_part_sum_f64");
    return value_of_limbs(stats.sum);
}

bool term_row_for(oracle_type type, double x, term_row *in) {
    const double ln2 = 0x1.62e42fefa39efp-1;
    double far = type == ORACLE_F32 ? 256 : 2048;
    double k = ceil(x / ln2);
    double least = ceil(-far / ln2) + 1;
    double max = row_round(type, (k > least ? k : least) * ln2);
    if (max < x) /* rounded down */
        max = row_round(type, (k + 1) * ln2);
    if (!(max < far && x > max - TERM_REACH))
        return false;
    *in = (term_row){type, max, value_in_row(type, max, max)};
    return true;
}

long double term_value(const term_row *in, double x) { return value_in_row(in->type, x, in->max); }

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

double term_error(const term_row *in, double x, long double value) {
    mpfr_t exact, ratio;
    mpfr_inits2(ORACLE_PRECISION, exact, ratio, (mpfr_ptr)0);
    mpfr_set_d(exact, x, MPFR_RNDN);
    mpfr_sub_d(exact, exact, in->max, MPFR_RNDN);
    mpfr_exp(exact, exact, MPFR_RNDN);
    mpfr_set_ld(ratio, value, MPFR_RNDN);
    mpfr_div(ratio, ratio, exact, MPFR_RNDN);
    mpfr_set_ld(exact, in->unit, MPFR_RNDN);
    mpfr_div(ratio, ratio, exact, MPFR_RNDN);
    mpfr_sub_ui(ratio, ratio, 1, MPFR_RNDN);
    double error = mpfr_get_d(ratio, MPFR_RNDN) * units(in->type);
    mpfr_clears(exact, ratio, (mpfr_ptr)0);
    return error;
}

double term_error_quickly(const term_row *in, double x, long double value) {
    if (in->type == ORACLE_F32) /* max - x is exact, or x so small that it does not matter */
        return (double)(value / in->unit) * exp(in->max - x) * 0x1p24 - 0x1p24;
    if (LDBL_MANT_DIG < 64)
        return term_error(in, x, value);
    double difference = in->max - x; /* Dekker: exact with what it lacks */
    double lacking = (in->max - difference) - x;
    long double ratio = value / in->unit * expl((long double)difference);
    return (double)((ratio - 1 + ratio * (long double)lacking) * 0x1p53L);
}

double term_error_when_rounded(double error, long double value) {
    int exponent;
    double mantissa = 2 * (double)frexpl(value, &exponent); /* in [1, 2) */
    return fabs(error) + 1 / mantissa;
}

/* The term as it is multiplied by 1 / sum: smx_softmax_part_finish, told that the sum is 1, returns it. */
static double rounded_term(oracle_type type, double x, double max) {
    double y = 0;
    if (type == ORACLE_F32) {
        float entry = (float)x;
        float result = 0;
        smx_softmax_stats_f32 stats = {.max = (float)max, .sum = {0, 0, INT64_C(1) << 3, 0}}; /* 2^67 units */
        require(smx_softmax_part_finish_f32(1, &entry, &stats, &result, NULL), "smx_softmax_part_finish_f32");
        y = (double)result;
    } else {
        smx_softmax_stats_f64 stats = {.max = max, .sum = {0, 0, INT64_C(1) << 23, 0}}; /* 2^87 units */
        require(smx_softmax_part_finish_f64(1, &x, &stats, &y, NULL), "smx_softmax_part_finish_f64");
    }
    return y;
}

double term_rounding(oracle_type type, double x, double max) {
    long double before = value_in_row(type, x, max) * (type == ORACLE_F32 ? 0x1p-67L : 0x1p-87L);
    return (double)(((long double)rounded_term(type, x, max) - before) / before) * units(type);
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

static void enter(term_list *list, double x, double error) {
    size_t at = list->count < TERM_LIST ? list->count++ : list->smallest;
    list->x[at] = x;
    list->error[at] = error;
    if (list->count == TERM_LIST)
        for (size_t i = 0; i < TERM_LIST; i++)
            if (list->error[i] < list->error[list->smallest])
                list->smallest = i;
}

void term_errors_note(term_errors *errors, double x, double error) {
    term_list *list = error > 0 ? &errors->positive : &errors->negative;
    if (list->count < TERM_LIST || fabs(error) > list->error[list->smallest])
        enter(list, x, fabs(error));
}

term_errors *term_errors_of(oracle_type type) {
    static term_errors lists[2];
    return &lists[type];
}

term_errors *term_errors_rounded_of(oracle_type type) {
    static term_errors lists[2];
    return &lists[type];
}

double term_enter(const term_row *in, double x) {
    long double value = term_value(in, x);
    double error = term_error_quickly(in, x, value);
    term_errors_note(term_errors_of(in->type), x, error);
    double rounded = term_error_when_rounded(error, value);
    term_errors_note(term_errors_rounded_of(in->type), x, error > 0 ? rounded : -rounded);
    return error;
}

void term_errors_sample(oracle_type type, rng *random) {
    double far = type == ORACLE_F32 ? 256 : 2048;
    term_row in;
    for (long i = 0; i < 300000; i++) {
        double x = row_round(type, rng_uniform(random, -far, far) * (i % 2 ? 1 : rng_log(random, 1e-6, 1)));
        if (term_row_for(type, x, &in))
            term_enter(&in, x);
    }
}

size_t term_list_worst(const term_list *list) {
    size_t worst = 0;
    for (size_t i = 1; i < list->count; i++)
        if (list->error[i] > list->error[worst])
            worst = i;
    return worst;
}
