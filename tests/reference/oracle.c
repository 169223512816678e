#include "oracle.h"

#include "kernel_bounds.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static int precision_of(oracle_type type) { return type == ORACLE_F32 ? 24 : 53; }

/* Exponent of the smallest normal number. */
static int min_exponent_of(oracle_type type) { return type == ORACLE_F32 ? -126 : -1022; }

static int max_exponent_of(oracle_type type) { return type == ORACLE_F32 ? 127 : 1023; }

double oracle_get(oracle_type type, const void *array, size_t i) {
    return type == ORACLE_F32 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

bool oracle_is_canonical_nan(oracle_type type, const void *array, size_t i) {
    if (type == ORACLE_F32) {
        uint32_t bits;
        memcpy(&bits, (const float *)array + i, sizeof bits);
        return bits == UINT32_C(0x7fc00000);
    }
    uint64_t bits;
    memcpy(&bits, (const double *)array + i, sizeof bits);
    return bits == UINT64_C(0x7ff8000000000000);
}

long oracle_ulp_exponent(oracle_type type, const mpfr_t exact) {
    long least = min_exponent_of(type);
    if (mpfr_regular_p(exact) && mpfr_get_exp(exact) - 1 > least) /* MPFR's mantissa is in [1/2, 1) */
        least = (long)mpfr_get_exp(exact) - 1;
    return least - precision_of(type) + 1;
}

/* From the midpoint between the largest number and the next power of two. */
bool oracle_overflows(oracle_type type, const mpfr_t exact) {
    mpfr_t midpoint;
    mpfr_init2(midpoint, 64);
    mpfr_set_ui_2exp(midpoint, (UINT64_C(1) << (precision_of(type) + 1)) - 1,
                     max_exponent_of(type) - precision_of(type), MPFR_RNDN);
    bool result = mpfr_cmpabs(exact, midpoint) >= 0;
    mpfr_clear(midpoint);
    return result;
}

/* error = result - exact, with an infinite result taken as oracle_ulp_error says. False if there is no such number. */
static bool difference(oracle_type type, double result, const mpfr_t exact, mpfr_t error) {
    if (isnan(result) || mpfr_nan_p(exact) || (result == 0 && signbit(result) && mpfr_sgn(exact) >= 0))
        return false;
    if (isinf(result)) {
        if (oracle_overflows(type, exact) && signbit(result) == (mpfr_sgn(exact) < 0)) {
            mpfr_set_zero(error, 1);
            return true;
        }
        mpfr_set_si_2exp(error, result < 0 ? -1 : 1, max_exponent_of(type) + 1, MPFR_RNDN);
    } else {
        mpfr_set_d(error, result, MPFR_RNDN);
    }
    mpfr_sub(error, error, exact, MPFR_RNDN);
    return true;
}

double oracle_ulp_error(oracle_type type, double result, const mpfr_t exact) {
    mpfr_t error;
    mpfr_init2(error, ORACLE_PRECISION);
    double ulps = INFINITY;
    if (difference(type, result, exact, error)) {
        mpfr_mul_2si(error, error, -oracle_ulp_exponent(type, exact), MPFR_RNDN);
        ulps = mpfr_get_d(error, MPFR_RNDN);
    }
    mpfr_clear(error);
    return ulps;
}

double oracle_ratio(oracle_type type, double result, const mpfr_t exact, const mpfr_t bound) {
    mpfr_t error;
    mpfr_init2(error, ORACLE_PRECISION);
    double ratio = INFINITY;
    if (difference(type, result, exact, error)) {
        if (!mpfr_zero_p(error))
            mpfr_div(error, error, bound, MPFR_RNDN);
        ratio = fabs(mpfr_get_d(error, MPFR_RNDN));
    }
    mpfr_clear(error);
    return ratio;
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

/* What the whole row is, and its maximum over the finite entries and -inf. */
static void classify(oracle_softmax *row, size_t n, const double *x, const smx_options *opt) {
    bool nan = false;
    bool plus_inf = false;
    double max = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        nan = nan || isnan(x[i]);
        plus_inf = plus_inf || x[i] == (double)INFINITY;
        max = x[i] > max ? x[i] : max;
    }
    mpfr_set_d(row->max, max, MPFR_RNDN);
    row->kind = ORACLE_ROW_FINITE;
    if (nan)
        row->kind = ORACLE_ROW_NAN;
    else if (plus_inf)
        row->kind = opt && opt->plus_inf == SMX_PLUS_INF_LIMIT ? ORACLE_ROW_PLUS_INF : ORACLE_ROW_NAN;
    else if (isinf(max))
        row->kind = opt && opt->minus_inf_row == SMX_MINUS_INF_ROW_ZEROS ? ORACLE_ROW_ZEROS : ORACLE_ROW_NAN;
}

/* term = exp(x - max), or whether x is +inf in a row that holds one. */
static void term(const oracle_softmax *row, double x, mpfr_t t) {
    if (row->kind == ORACLE_ROW_PLUS_INF) {
        mpfr_set_ui(t, x == (double)INFINITY, MPFR_RNDN);
        return;
    }
    mpfr_set_d(t, x, MPFR_RNDN);
    mpfr_sub(t, t, row->max, MPFR_RNDN);
    mpfr_exp(t, t, MPFR_RNDN);
}

void oracle_softmax_init(oracle_softmax *row, size_t n, const double *x, const size_t *count, const smx_options *opt) {
    mpfr_init2(row->max, ORACLE_PRECISION);
    mpfr_init2(row->sum, ORACLE_PRECISION);
    mpfr_set_zero(row->sum, 1);
    classify(row, n, x, opt);
    if (row->kind == ORACLE_ROW_NAN || row->kind == ORACLE_ROW_ZEROS)
        return;
    mpfr_t t;
    mpfr_init2(t, ORACLE_PRECISION);
    for (size_t i = 0; i < n;) {
        size_t copies = 0;
        size_t first = i;
        for (; i < n && x[i] == x[first]; i++)
            copies += count ? count[i] : 1;
        term(row, x[first], t);
        mpfr_mul_ui(t, t, (unsigned long)copies, MPFR_RNDN);
        mpfr_add(row->sum, row->sum, t, MPFR_RNDN);
    }
    mpfr_clear(t);
}

void oracle_softmax_clear(oracle_softmax *row) { mpfr_clears(row->max, row->sum, (mpfr_ptr)0); }

void oracle_softmax_entry(const oracle_softmax *row, double x, mpfr_t y) {
    if (row->kind == ORACLE_ROW_NAN) {
        mpfr_set_nan(y);
    } else if (row->kind == ORACLE_ROW_ZEROS) {
        mpfr_set_zero(y, 1);
    } else {
        term(row, x, y);
        mpfr_div(y, y, row->sum, MPFR_RNDN);
    }
}

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

void oracle_backward_init(oracle_backward *row, oracle_type type, size_t n, const double *y, const double *dy,
                          const size_t *count) {
    row->type = type;
    row->nan = false;
    mpfr_inits2(ORACLE_PRECISION, row->sum, row->absolute, (mpfr_ptr)0);
    mpfr_set_zero(row->sum, 1);
    mpfr_set_zero(row->absolute, 1);
    mpfr_t *product = malloc((n + !n) * sizeof *product);
    mpfr_ptr *pointer = malloc((n + !n) * sizeof *pointer);
    if (!product || !pointer)
        abort();
    for (size_t i = 0; i < n; i++) {
        row->nan = row->nan || !isfinite(y[i]) || !isfinite(dy[i]);
        mpfr_init2(product[i], 53 + 53 + 64); /* exact, multiplied by the count as well */
        mpfr_set_d(product[i], y[i], MPFR_RNDN);
        mpfr_mul_d(product[i], product[i], dy[i], MPFR_RNDN);
        mpfr_mul_ui(product[i], product[i], count ? (unsigned long)count[i] : 1, MPFR_RNDN);
        pointer[i] = product[i];
    }
    if (!row->nan) {
        mpfr_sum(row->sum, pointer, n, MPFR_RNDN);
        for (size_t i = 0; i < n; i++)
            mpfr_abs(product[i], product[i], MPFR_RNDN);
        mpfr_sum(row->absolute, pointer, n, MPFR_RNDN);
    }
    for (size_t i = 0; i < n; i++)
        mpfr_clear(product[i]);
    free(pointer);
    free(product);
}

void oracle_backward_clear(oracle_backward *row) { mpfr_clears(row->sum, row->absolute, (mpfr_ptr)0); }

double oracle_backward_ratio(const oracle_backward *row, double y, double dy, double result) {
    mpfr_t exact, bound, unit;
    /* dy - sum loses nothing that the bound would show: sum carries 2^-192 of itself, and |sum| <= absolute. */
    mpfr_inits2(ORACLE_PRECISION, exact, bound, unit, (mpfr_ptr)0);
    mpfr_d_sub(exact, dy, row->sum, MPFR_RNDN);
    mpfr_mul_d(exact, exact, y, MPFR_RNDN);
    if (mpfr_zero_p(exact))
        mpfr_set_zero(exact, 1);

    mpfr_add_d(bound, row->absolute, fabs(dy), MPFR_RNDN);
    mpfr_mul_d(bound, bound, fabs(y), MPFR_RNDN);
    mpfr_mul_2si(bound, bound, BOUND_BACKWARD - precision_of(row->type), MPFR_RNDN);
    mpfr_set_ui_2exp(unit, 1, min_exponent_of(row->type) - precision_of(row->type) + 1, MPFR_RNDN);
    mpfr_add(bound, bound, unit, MPFR_RNDN);

    double ratio = oracle_ratio(row->type, result, exact, bound);
    mpfr_clears(exact, bound, unit, (mpfr_ptr)0);
    return ratio;
}

/* ---- Jacobian ---------------------------------------------------------------------------------------------------- */

void oracle_jacobian_entry(double y_i, double y_j, bool diagonal, mpfr_t exact) {
    mpfr_set_d(exact, y_j, MPFR_RNDN);
    if (diagonal)
        mpfr_ui_sub(exact, 1, exact, MPFR_RNDN);
    else
        mpfr_neg(exact, exact, MPFR_RNDN);
    mpfr_mul_d(exact, exact, y_i, MPFR_RNDN);
    if (mpfr_zero_p(exact))
        mpfr_set_zero(exact, 1);
}
