/* The special cases of the forward pass, as smx.h defines them, on every instruction set. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/rows.h"

#include <math.h>
#include <string.h>

/* Quiet and signalling, either sign, other payloads than the canonical one. */
static const uint64_t nans_f32[] = {0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fc12345};
static const uint64_t nans_f64[] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001, 0xfff0000000000001,
                                    0x7fffffffffffffff, 0xffffffffffffffff, 0x7ff8123456789abc};
enum { NANS = sizeof nans_f32 / sizeof *nans_f32 };

static uint64_t some_nan(const dtype *t, size_t i) { return t->size == sizeof(float) ? nans_f32[i] : nans_f64[i]; }

/* A NaN of any payload at any place makes the whole row the canonical NaN, whatever stands beside it and whatever the
 * policies. */
static void test_nan(void **state) {
    const dtype *t = *state;
    static const double beside[] = {0, 1, -INFINITY, INFINITY, 1e30};
    const smx_options policies[] = {policy(SMX_PLUS_INF_NAN, SMX_MINUS_INF_ROW_NAN),
                                    policy(SMX_PLUS_INF_LIMIT, SMX_MINUS_INF_ROW_ZEROS)};
    for (size_t n = 1; n <= 40; n++) {
        for (size_t i = 0; i < n * NANS; i++) {
            row x = row_filled(t, n, beside[i % 5]);
            t->store_bits(x.storage, i / NANS, some_nan(t, i % NANS));
            label("softmax: NaN number %zu at %zu of %zu beside %g", i % NANS, i / NANS, n, beside[i % 5]);
            row y = softmax_row(&x, &policies[i % 2]);
            assert_row_bits(&y, canonical_nan(t));
        }
    }
}

static void test_nan_leaves_other_rows(void **state) {
    const dtype *t = *state;
    enum { ROWS = 9, N = 13 };
    double x[ROWS * N], y[ROWS * N];
    row sound = row_of(t, N, 1., 2., 3., -4., .5, -1., 0., 7., 1., 1., -20., 3., 2.);
    label("softmax: a row of NaN among others");
    row expected = softmax_row(&sound, NULL);
    for (size_t bad = 0; bad < ROWS; bad++) {
        for (size_t k = 0; k < ROWS; k++) {
            memcpy(at(t, x, k * N), sound.storage, N * t->size);
        }
        t->store(x, bad * N + bad, NAN);
        assert_ok(t->softmax(ROWS, N, x, N, y, N, NULL));
        for (size_t k = 0; k < ROWS; k++) {
            row got = {.t = t, .n = N};
            memcpy(got.storage, at(t, y, k * N), N * t->size);
            if (k == bad) {
                assert_row_bits(&got, canonical_nan(t));
            } else {
                assert_rows_equal(&expected, &got);
            }
        }
    }
}

/* By default +inf makes the row NaN; with the limit, the +inf entries share all mass. */
static void check_plus_inf(const dtype *t, size_t n, size_t count, double beside) {
    label("softmax: %zu of %zu are +inf beside %g", count, n, beside);
    rng r = rng_seed(100 * n + count);
    size_t perm[ROW_MAX];
    rng_permutation(&r, n, perm);
    row x = row_filled(t, n, beside), expected = row_filled(t, n, 0);
    for (size_t k = 0; k < count; k++) {
        t->store(x.storage, perm[k], INFINITY);
        t->store(expected.storage, perm[k], 1 / (double)count); /* rounding it twice makes no difference here */
    }
    smx_options nan = policy(SMX_PLUS_INF_NAN, SMX_MINUS_INF_ROW_ZEROS);
    smx_options limit = policy(SMX_PLUS_INF_LIMIT, SMX_MINUS_INF_ROW_NAN);
    row y = softmax_row(&x, &limit);
    assert_rows_equal(&expected, &y);
    y = softmax_row(&x, &nan);
    assert_row_bits(&y, canonical_nan(t));
    y = softmax_row(&x, NULL);
    assert_row_bits(&y, canonical_nan(t));
}

static void test_plus_inf(void **state) {
    static const double beside[] = {0, -1e30, -INFINITY, 3e38};
    for (size_t n = 1; n <= ROW_MAX; n++) {
        for (size_t count = 1; count <= n; count++) {
            check_plus_inf(*state, n, count, beside[n % 4]);
        }
    }
}

static void test_row_of_minus_inf(void **state) {
    const dtype *t = *state;
    smx_options nan = policy(SMX_PLUS_INF_LIMIT, SMX_MINUS_INF_ROW_NAN);
    smx_options zeros = policy(SMX_PLUS_INF_NAN, SMX_MINUS_INF_ROW_ZEROS);
    for (size_t n = 1; n <= ROW_MAX; n++) {
        label("softmax: all of %zu entries are -inf", n);
        row x = row_filled(t, n, -INFINITY);
        row y = softmax_row(&x, &zeros);
        assert_row_bits(&y, 0);
        y = softmax_row(&x, &nan);
        assert_row_bits(&y, canonical_nan(t));
        y = softmax_row(&x, NULL);
        assert_row_bits(&y, canonical_nan(t));
    }
}

/* -inf beside a finite entry gives +0, and the finite ones get what they get without it. */
static void test_minus_inf_entries(void **state) {
    const dtype *t = *state;
    for (size_t n = 1; n <= ROW_MAX / 2; n++) {
        rng r = rng_seed(0xc10000 + n);
        row dense = {.t = t, .n = n}, sparse = row_filled(t, 2 * n, -INFINITY);
        fill_x(t, dense.storage, n, n % 3, &r);
        for (size_t i = 0; i < n; i++) {
            t->store_bits(sparse.storage, 2 * i + i % 2, t->bits(dense.storage, i));
        }
        label("softmax: %zu finite entries among as many -inf", n);
        row y = softmax_row(&dense, NULL), y_sparse = softmax_row(&sparse, NULL);
        for (size_t i = 0; i < n; i++) {
            assert_element_bits(t, y_sparse.storage, 2 * i + i % 2, t->bits(y.storage, i));
            assert_element_bits(t, y_sparse.storage, 2 * i + 1 - i % 2, 0);
        }
    }
}

/* The policies say nothing about rows that have neither. */
static void test_policies_leave_finite_rows(void **state) {
    const dtype *t = *state;
    smx_options opt = policy(SMX_PLUS_INF_LIMIT, SMX_MINUS_INF_ROW_ZEROS);
    for (size_t kind = 0; kind < FILL_X_FINITE_KINDS; kind++) {
        rng r = rng_seed(0xc20000 + kind);
        row x = {.t = t, .n = 33};
        fill_x(t, x.storage, x.n, kind, &r);
        t->store(x.storage, 5, 0.0);
        label("softmax: policies and %s", fill_x_name(kind));
        row plain = softmax_row(&x, NULL), with_policies = softmax_row(&x, &opt);
        assert_rows_equal(&plain, &with_policies);
    }
}

/* -0 and +0 are equal inputs: the maximum, beside the maximum, all of them. */
static void test_signed_zeros(void **state) {
    const dtype *t = *state;
    for (size_t n = 1; n <= 40; n++) {
        for (size_t i = 0; i < n; i++) {
            static const double beside[] = {-1, 0.0, 2, -INFINITY};
            row plus = row_filled(t, n, beside[(n + i) % 4]), minus = plus;
            t->store(plus.storage, i, 0.0);
            t->store(minus.storage, i, -0.0);
            label("softmax: -0 for +0 at %zu of %zu beside %g", i, n, beside[(n + i) % 4]);
            row y_plus = softmax_row(&plus, NULL), y_minus = softmax_row(&minus, NULL);
            assert_rows_equal(&y_plus, &y_minus);
        }
    }
}

/* One entry is certain. Equal entries share evenly, exactly so if their number is a power of two. */
static void test_even_rows(void **state) {
    const dtype *t = *state;
    static const double values[] = {0, 1, -1, 255.9, 256, 257, -256, -1000.5, 3e38, -3e38};
    for (size_t n = 1; n <= ROW_MAX; n *= 2) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            label("softmax: %zu times %g", n, values[k]);
            row x = row_filled(t, n, values[k]);
            row y = softmax_row(&x, NULL);
            assert_row_bits(&y, bits_of(t, 1.0 / (double)n));
        }
    }
}

/* Down to the smallest number, results are within 3 ULP (which is that number), never flushed to 0. The second term
 * allows for the libm's exp; test_accuracy has the exact bound. */
static void test_gradual_underflow(void **state) {
    const dtype *t = *state;
    double begin = -log(t->min_normal), end = -log(4 * t->min_subnormal);
    for (double depth = begin; depth < end; depth += 0.0625) {
        row x = row_of(t, 2, 0.0, -depth);
        label("softmax of {0, %a}", -depth);
        row y = softmax_row(&x, NULL);
        double exact = exp(t->load(x.storage, 1) - log(t->min_subnormal)); /* in units of the smallest number */
        double got = t->load(y.storage, 1) / t->min_subnormal;
        assert_true(got > 0 && fabs(got - exact) < 3 + exact * 0x1p-40);
        assert_element_bits(t, y.storage, 0, bits_of(t, 1));
    }
    row beyond = row_of(t, 2, 0.0, -t->underflow - 1);
    label("softmax beyond underflow");
    row y = softmax_row(&beyond, NULL);
    assert_element_bits(t, y.storage, 1, 0);
}

/* Nothing to do is done. Null pointers are allowed where nothing would be read or written. */
static void test_empty(void **state) {
    const dtype *t = *state;
    double x[4] = {0}, y[4];
    label("softmax of nothing");
    fill_canary(y, sizeof y);
    assert_ok(t->softmax(3, 0, x, 1, y, 1, NULL));
    assert_ok(t->softmax(0, 3, x, 3, y, 3, NULL));
    assert_ok(t->softmax(0, 0, x, 0, y, 0, NULL));
    assert_ok(t->softmax(3, 0, NULL, 0, NULL, 0, NULL));
    assert_ok(t->softmax(0, 3, NULL, 3, NULL, 3, NULL));
    assert_canary(y, sizeof y);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_nan),
        TEST_BOTH(test_nan_leaves_other_rows),
        TEST_BOTH(test_plus_inf),
        TEST_BOTH(test_row_of_minus_inf),
        TEST_BOTH(test_minus_inf_entries),
        TEST_BOTH(test_policies_leave_finite_rows),
        TEST_BOTH(test_signed_zeros),
        TEST_BOTH(test_even_rows),
        TEST_BOTH(test_gradual_underflow),
        TEST_BOTH(test_empty),
    };
    print_isas();
    int failures = 0;
    for (size_t i = 0; smx_isa_available(i); i++) {
        failures += smx_isa_set(smx_isa_available(i)) != SMX_OK;
        failures += cmocka_run_group_tests_name(smx_isa_available(i), tests, NULL, NULL);
    }
    return failures;
}
