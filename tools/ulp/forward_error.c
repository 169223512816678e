/* Forward: the errors of the library's results. */
#include "forward.h"

#include <float.h>
#include <math.h>

static double result_of_group(const row *r, const workspace *w, size_t *at, size_t i) {
    double result = oracle_get(r->type, w->out, *at);
    *at += r->count[i];
    return result;
}

static void compute(const row *r, workspace *w) {
    workspace_reserve(w, r->n);
    row_expand(r, r->a, w->a);
    smx_status status = r->type == ORACLE_F32 ? smx_softmax_f32(1, r->n, w->a, r->n, w->out, r->n, NULL)
                                              : smx_softmax_f64(1, r->n, w->a, r->n, w->out, r->n, NULL);
    require(status, "smx_softmax");
}

static double evaluate_exactly(const row *r, const workspace *w, size_t *hot) {
    oracle_softmax sum;
    oracle_softmax_init(&sum, r->groups, r->a, r->count, NULL);
    mpfr_t exact;
    mpfr_init2(exact, ORACLE_PRECISION);
    double largest = -1;
    for (size_t i = 0, at = 0; i < r->groups; i++) {
        oracle_softmax_entry(&sum, r->a[i], exact);
        double error = fabs(oracle_ulp_error(r->type, result_of_group(r, w, &at, i), exact));
        if (error > largest) {
            largest = error;
            *hot = i;
        }
    }
    mpfr_clear(exact);
    oracle_softmax_clear(&sum);
    return largest;
}

static double max_of(const row *r) {
    double max = r->a[0];
    for (size_t i = 1; i < r->groups; i++)
        max = r->a[i] > max ? r->a[i] : max;
    return max;
}

/* f32: the C library's exp is within 1 ULP of a double, and what x - max loses is 2^-46 of a term at most. */
static double evaluate_in_double(const row *r, const workspace *w, size_t *hot) {
    static double term[ROW_GROUPS];
    double max = max_of(r);
    double sum = 0;
    for (size_t i = 0; i < r->groups; i++) {
        term[i] = exp(r->a[i] - max);
        sum += term[i] * (double)r->count[i];
    }
    double largest = -1;
    for (size_t i = 0, at = 0; i < r->groups; i++) {
        double error = fabs(ulp_error_f32(result_of_group(r, w, &at, i), term[i] / sum));
        if (error > largest) {
            largest = error;
            *hot = i;
        }
    }
    return largest;
}

/* exp(x - max), where x - max is kept as two doubles (Dekker), within 2 ULP of a long double. */
static long double term_in_long_double(double x, double max) {
    double high = x - max;
    double back = high - x;
    double low = (x - (high - back)) - (max + back);
    return isfinite(back) ? expl((long double)high) * (1 + (long double)low) : 0;
}

/* f64, where a long double has 64 bits or more: good to some 2^-9 of an ULP. */
static double evaluate_in_long_double(const row *r, const workspace *w, size_t *hot) {
    static long double term[ROW_GROUPS];
    double max = max_of(r);
    long double sum = 0;
    for (size_t i = 0; i < r->groups; i++) {
        term[i] = term_in_long_double(r->a[i], max);
        sum += term[i] * (long double)r->count[i];
    }
    double largest = -1;
    for (size_t i = 0, at = 0; i < r->groups; i++) {
        long double exact = term[i] / sum;
        int exponent = exact > DBL_MIN ? ilogbl(exact) : -1022;
        double error = (double)fabsl(ldexpl(result_of_group(r, w, &at, i) - exact, 52 - exponent));
        error = isnan(error) ? (double)INFINITY : error;
        if (error > largest) {
            largest = error;
            *hot = i;
        }
    }
    return largest;
}

double forward_evaluate(const problem *p, const row *r, bool exactly, size_t *hot) {
    (void)p;
    static workspace w;
    compute(r, &w);
    if (exactly || (r->type == ORACLE_F64 && LDBL_MANT_DIG < 64))
        return evaluate_exactly(r, &w, hot);
    return r->type == ORACLE_F32 ? evaluate_in_double(r, &w, hot) : evaluate_in_long_double(r, &w, hot);
}
