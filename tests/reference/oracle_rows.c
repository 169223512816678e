/* Errors of whole results, as tests need them. */
#include "oracle.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct keyed {
    double value;
    size_t index;
} keyed;

static int compare(const void *a, const void *b) {
    double x = ((const keyed *)a)->value;
    double y = ((const keyed *)b)->value;
    return (x > y) - (x < y);
}

static void *allocate(size_t n, size_t size) {
    void *memory = calloc(n + !n, size);
    if (!memory)
        abort();
    return memory;
}

static void note(double error, size_t i, double *largest, size_t *worst) {
    if (error > *largest || i == 0) {
        *largest = error;
        if (worst)
            *worst = i;
    }
}

/* Sorted, so that equal values stand side by side, unless a NaN leaves no order. */
static keyed *sorted(oracle_type type, size_t n, const void *x) {
    keyed *entries = allocate(n, sizeof *entries);
    bool nan = false;
    for (size_t i = 0; i < n; i++) {
        entries[i] = (keyed){oracle_get(type, x, i), i};
        nan = nan || isnan(entries[i].value);
    }
    if (!nan)
        qsort(entries, n, sizeof *entries, compare);
    return entries;
}

double oracle_softmax_error(oracle_type type, size_t n, const void *x, const void *y, const smx_options *opt,
                            size_t *worst) {
    keyed *entries = sorted(type, n, x);
    double *values = allocate(n, sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = entries[i].value;
    oracle_softmax row;
    oracle_softmax_init(&row, n, values, NULL, opt);
    mpfr_t exact;
    mpfr_init2(exact, ORACLE_PRECISION);
    double *errors = allocate(n, sizeof *errors);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || values[i] != values[i - 1])
            oracle_softmax_entry(&row, values[i], exact);
        size_t at = entries[i].index;
        if (mpfr_nan_p(exact))
            errors[at] = oracle_is_canonical_nan(type, y, at) ? 0 : (double)INFINITY;
        else
            errors[at] = fabs(oracle_ulp_error(type, oracle_get(type, y, at), exact));
    }
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        note(errors[i], i, &largest, worst);
    mpfr_clear(exact);
    oracle_softmax_clear(&row);
    free(errors);
    free(values);
    free(entries);
    return largest;
}

double oracle_backward_error(oracle_type type, size_t n, const void *y, const void *dy, const void *dx, size_t *worst) {
    double *a = allocate(n, sizeof *a);
    double *b = allocate(n, sizeof *b);
    for (size_t i = 0; i < n; i++) {
        a[i] = oracle_get(type, y, i);
        b[i] = oracle_get(type, dy, i);
    }
    oracle_backward row;
    oracle_backward_init(&row, type, n, a, b, NULL);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double error = row.nan ? (oracle_is_canonical_nan(type, dx, i) ? 0 : (double)INFINITY)
                               : oracle_backward_ratio(&row, a[i], b[i], oracle_get(type, dx, i));
        note(error, i, &largest, worst);
    }
    oracle_backward_clear(&row);
    free(b);
    free(a);
    return largest;
}

double oracle_jacobian_entry_error(oracle_type type, double result, const mpfr_t exact) {
    double error = fabs(oracle_ulp_error(type, result, exact));
    double rounded = type == ORACLE_F32 ? (double)mpfr_get_flt(exact, MPFR_RNDN) : mpfr_get_d(exact, MPFR_RNDN);
    bool correct = result == rounded && !signbit(result) == !signbit(rounded);
    return correct ? error : fmax(error, nextafter(0.5, 1));
}

double oracle_jacobian_error(oracle_type type, size_t n, const void *y, const void *jac, size_t ldj, size_t *worst) {
    bool nan = false;
    for (size_t i = 0; i < n; i++)
        nan = nan || !isfinite(oracle_get(type, y, i));
    mpfr_t exact;
    mpfr_init2(exact, ORACLE_JACOBIAN_PRECISION);
    double largest = 0;
    for (size_t k = 0; k < n * n; k++) {
        size_t i = k / n;
        size_t j = k % n;
        size_t at = i * ldj + j;
        double error;
        if (nan) {
            error = oracle_is_canonical_nan(type, jac, at) ? 0 : (double)INFINITY;
        } else {
            oracle_jacobian_entry(oracle_get(type, y, i), oracle_get(type, y, j), i == j, exact);
            error = oracle_jacobian_entry_error(type, oracle_get(type, jac, at), exact);
        }
        note(error, at, &largest, worst);
    }
    mpfr_clear(exact);
    return largest;
}
