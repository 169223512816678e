/* Sums of numbers without error: correctly rounded, by MPFR, and the same for any order, split and merge. */
#include "common/check.h"
#include "common/rng.h"

#include <math.h>
#include <mpfr.h>
#include <string.h>

enum { MOST = 200, EXACT_BITS = 2400 };

/* Numbers of all magnitudes, of like magnitudes, or such that they cancel. */
static size_t fill(double *a, size_t kind, rng *r) {
    size_t n = rng_below(r, MOST);
    for (size_t i = 0; i < n; i++) {
        int spread = kind == 0 ? 2000 : kind == 1 ? 60 : 4;
        a[i] = ldexp(rng_normal(r), (int)rng_below(r, (uint64_t)spread) - (kind == 0 ? 1060 : 30));
        if (kind == 2 && i % 2 == 1) {
            a[i] = -a[i - 1] * (rng_below(r, 2) ? 1 : 1 + 0x1p-52);
        }
    }
    return n;
}

static void exact(mpfr_t sum, const double *a, size_t n) {
    mpfr_set_zero(sum, 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(mpfr_add_d(sum, sum, a[i], MPFR_RNDN), 0);
    }
}

static void test_rounding(void **state) {
    (void)state;
    rng r = rng_seed(1);
    mpfr_t sum;
    mpfr_init2(sum, EXACT_BITS);
    for (size_t trial = 0; trial < 3000; trial++) {
        double a[MOST], value;
        float b[MOST], small;
        smx_exact_sum s = {.nans = 0}, t = {.nans = 0};
        size_t n = fill(a, trial % 3, &r);
        assert_ok(smx_exact_sum_add_f64(&s, n, a));
        assert_ok(smx_exact_sum_value_f64(&s, &value));
        exact(sum, a, n);
        assert_true(mpfr_get_d(sum, MPFR_RNDN) == value);
        for (size_t i = 0; i < n; i++) {
            a[i] = b[i] = (float)a[i];
            a[i] = b[i] = isfinite(b[i]) ? b[i] : 1;
        }
        assert_ok(smx_exact_sum_add_f32(&t, n, b));
        assert_ok(smx_exact_sum_value_f32(&t, &small));
        exact(sum, a, n);
        assert_true(mpfr_get_flt(sum, MPFR_RNDN) == small);
    }
    mpfr_clear(sum);
}

/* A sum just beside the middle of two floats, which two roundings would take to the wrong one. */
static void test_one_rounding(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign++) {
        const double a[3] = {1, 0x1p-24, sign * 0x1p-90};
        smx_exact_sum s = {.nans = 0};
        float value;
        assert_ok(smx_exact_sum_add_f64(&s, 3, a));
        assert_ok(smx_exact_sum_value_f32(&s, &value));
        assert_true(value == (sign > 0 ? 1 + 0x1p-23f : 1));
    }
}

static void test_order_and_split(void **state) {
    (void)state;
    rng r = rng_seed(2);
    for (size_t trial = 0; trial < 500; trial++) {
        double a[MOST];
        size_t n = fill(a, trial % 3, &r), cut = rng_below(&r, n + 1);
        smx_exact_sum whole = {.nans = 0}, parts[2] = {{.nans = 0}};
        assert_ok(smx_exact_sum_add_f64(&whole, n, a));
        for (size_t i = n; i-- > 0;) {
            assert_ok(smx_exact_sum_add_f64(&parts[i < cut], 1, &a[i]));
        }
        assert_ok(smx_exact_sum_merge(&parts[0], &parts[1]));
        assert_memory_equal(&whole, &parts[0], sizeof whole);
    }
}

static void expect_sum(const double *a, size_t n, uint64_t bits) {
    smx_exact_sum s = {.nans = 0};
    double value;
    uint64_t got;
    assert_ok(smx_exact_sum_add_f64(&s, n, a));
    assert_ok(smx_exact_sum_value_f64(&s, &value));
    memcpy(&got, &value, sizeof got);
    assert_int_equal(got, bits);
}

static void test_special(void **state) {
    (void)state;
    const double inf = (double)INFINITY;
    expect_sum(NULL, 0, 0);
    expect_sum((const double[]){-0.0}, 1, 0);
    expect_sum((const double[]){3, -3}, 2, 0);
    expect_sum((const double[]){1, inf}, 2, 0x7ff0000000000000);
    expect_sum((const double[]){1, -inf}, 2, 0xfff0000000000000);
    expect_sum((const double[]){inf, -inf}, 2, 0x7ff8000000000000);
    expect_sum((const double[]){-(double)NAN, 1}, 2, 0x7ff8000000000000);
    expect_sum((const double[]){0x1p-1074, 0x1p-1074}, 2, 2);
    expect_sum((const double[]){0x1.fffffffffffffp1023, 0x1p970}, 2, 0x7ff0000000000000);
    expect_sum((const double[]){0x1.fffffffffffffp1023, 0x1p1023, -0x1p1023}, 3, 0x7fefffffffffffff);
}

static void test_ratio(void **state) {
    (void)state;
    const double a[2] = {1, 0x1p-80}, three = 3;
    smx_exact_sum sum = {.nans = 0}, divisor = {.nans = 0};
    double value;
    float small;
    assert_ok(smx_exact_sum_add_f64(&sum, 2, a));
    assert_ok(smx_exact_sum_ratio_f64(&sum, &divisor, &value));
    assert_true(isnan(value));
    assert_ok(smx_exact_sum_add_f64(&divisor, 1, &three));
    assert_ok(smx_exact_sum_ratio_f64(&sum, &divisor, &value));
    assert_true(value == 1.0 / 3);
    assert_ok(smx_exact_sum_ratio_f32(&sum, &divisor, &small));
    assert_true(small == 1.0f / 3);
}

static void test_refusals(void **state) {
    (void)state;
    smx_exact_sum s = {.nans = 0};
    double value = 7;
    float small = 7;
    assert_status(SMX_ERROR_NULL, smx_exact_sum_add_f64(NULL, 0, &value));
    assert_status(SMX_ERROR_NULL, smx_exact_sum_add_f64(&s, 1, NULL));
    assert_status(SMX_ERROR_NULL, smx_exact_sum_add_f32(&s, 1, NULL));
    assert_status(SMX_ERROR_SIZE, smx_exact_sum_add_f64(&s, SIZE_MAX / 8, &value));
    assert_status(SMX_ERROR_SIZE, smx_exact_sum_add_f32(&s, SIZE_MAX / 4, &small));
    assert_status(SMX_ERROR_NULL, smx_exact_sum_merge(&s, NULL));
    assert_status(SMX_ERROR_NULL, smx_exact_sum_merge(NULL, &s));
    assert_status(SMX_ERROR_NULL, smx_exact_sum_value_f64(NULL, &value));
    assert_status(SMX_ERROR_NULL, smx_exact_sum_value_f32(&s, NULL));
    assert_status(SMX_ERROR_NULL, smx_exact_sum_ratio_f64(&s, NULL, &value));
    assert_status(SMX_ERROR_NULL, smx_exact_sum_ratio_f32(&s, &s, NULL));
    assert_true(value == 7 && small == 7);
    const smx_exact_sum zero = {.nans = 0};
    assert_memory_equal(&s, &zero, sizeof s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rounding),        cmocka_unit_test(test_one_rounding),
                                       cmocka_unit_test(test_order_and_split), cmocka_unit_test(test_special),
                                       cmocka_unit_test(test_ratio),           cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
