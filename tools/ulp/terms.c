#include "terms.h"

#include <float.h>
#include <math.h>

#include "problem.h"

double term_range(oracle_type type) { return type == ORACLE_F32 ? 87 : 708; }

double term_max_for(oracle_type type, double x) {
    double end = row_step(type, type == ORACLE_F32 ? 256 : 2048, -1);
    if (x > end || x < -end - term_range(type))
        return (double)NAN;
    return x < -end ? -end : x;
}

void term_values(oracle_type type, size_t n, const void *x, double max, void *e) {
    if (type == ORACLE_F32) {
        static const smx_softmax_stats_f32 one = {.sum = {0, 0, INT64_C(1) << 3, 0}}; /* 2^67 units */
        smx_softmax_stats_f32 stats = one;
        stats.max = (float)max;
        require(smx_softmax_part_finish_f32(n, x, &stats, e, NULL), "smx_softmax_part_finish_f32");
    } else {
        static const smx_softmax_stats_f64 one = {.sum = {0, 0, INT64_C(1) << 23, 0}}; /* 2^87 units */
        smx_softmax_stats_f64 stats = one;
        stats.max = max;
        require(smx_softmax_part_finish_f64(n, x, &stats, e, NULL), "smx_softmax_part_finish_f64");
    }
}

/* e / exp(x) is close to a power of two, 2^-N; only how close matters. The factor 1.5 keeps ratios just below a power
 * away from the binade's edge. */
double term_error(oracle_type type, double x, double e) {
    mpfr_t ratio, t;
    mpfr_inits2(ORACLE_PRECISION, ratio, t, (mpfr_ptr)0);
    mpfr_set_d(t, x, MPFR_RNDN);
    mpfr_exp(t, t, MPFR_RNDN);
    mpfr_d_div(ratio, e, t, MPFR_RNDN);
    mpfr_mul_d(t, ratio, 1.5, MPFR_RNDN);
    mpfr_mul_2si(ratio, ratio, 1 - (long)mpfr_get_exp(t), MPFR_RNDN);
    mpfr_sub_ui(ratio, ratio, 1, MPFR_RNDN);
    double error = ldexp(mpfr_get_d(ratio, MPFR_RNDN), type == ORACLE_F32 ? 24 : 53);
    mpfr_clears(ratio, t, (mpfr_ptr)0);
    return error;
}

double term_error_quickly(oracle_type type, double x, double e) {
    if (LDBL_MANT_DIG < 64 && type == ORACLE_F64)
        return term_error(type, x, e);
    long double ratio = (long double)e / (type == ORACLE_F32 ? (long double)exp(x) : expl((long double)x));
    return (double)ldexpl(ldexpl(ratio, -ilogbl(ratio * 1.5L)) - 1, type == ORACLE_F32 ? 24 : 53);
}

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

void term_errors_sample(oracle_type type, random_state *rng) {
    term_errors *errors = term_errors_of(type);
    double end = type == ORACLE_F32 ? 256 : 2048;
    long samples = type == ORACLE_F32 ? 2000000 : 500000;
    for (long i = 0; i < samples; i++) {
        double x = random_uniform(rng, -end, end) * (i % 2 ? 1 : random_log(rng, 1e-6, 1));
        x = row_round(type, x);
        if (isnan(term_max_for(type, x)))
            continue;
        float x_f32 = (float)x;
        float e_f32 = 0;
        double e = 0;
        if (type == ORACLE_F32) {
            term_values(type, 1, &x_f32, x, &e_f32);
            term_errors_note(errors, x, term_error_quickly(type, x, (double)e_f32));
        } else {
            term_values(type, 1, &x, x, &e);
            term_errors_note(errors, x, term_error_quickly(type, x, e));
        }
    }
}

size_t term_list_worst(const term_list *list) {
    size_t worst = 0;
    for (size_t i = 1; i < list->count; i++)
        if (list->error[i] > list->error[worst])
            worst = i;
    return worst;
}
