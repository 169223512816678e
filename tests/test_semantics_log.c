/* The special cases of logarithms and of their gradients, as smx/log.h defines them, on every instruction set. */
#include "common/apply.h"
#include "common/check.h"
#include "common/isas.h"

#include <math.h>

static const double not_finite[] = {NAN, INFINITY, -INFINITY};

static row log_softmax(const row *x, const smx_options *opt) { return apply("log_softmax", opt, 0, x, NULL, NULL); }

static row logsumexp(const row *x, const smx_options *opt) { return apply("logsumexp", opt, 0, x, NULL, NULL); }

static void expect(const row *r, size_t i, double value) {
    assert_element_bits(r->t, r->storage, i, bits_of(r->t, value));
}

static void test_nan(void **state) {
    const dtype *t = *state;
    static const double beside[] = {0, 1, -INFINITY, INFINITY, 1e30};
    smx_options both = policy(SMX_PLUS_INF_LIMIT, SMX_MINUS_INF_ROW_ZEROS);
    for (size_t n = 1; n <= 40; n++) {
        for (size_t i = 0; i < n; i++) {
            row x = row_filled(t, n, beside[i % 5]), one = row_filled(t, 1, 1), b = row_filled(t, n, 1);
            t->store_bits(x.storage, i, canonical_nan(t) + 1 + i);
            label("logarithms: NaN at %zu of %zu beside %g", i, n, beside[i % 5]);
            row y = log_softmax(&x, i % 2 ? &both : NULL);
            assert_row_bits(&y, canonical_nan(t));
            y = logsumexp(&x, i % 2 ? &both : NULL);
            assert_row_bits(&y, canonical_nan(t));
            y = apply("logsumexp_backward", i % 2 ? &both : NULL, 0, &x, &one, NULL);
            assert_row_bits(&y, canonical_nan(t));
            for (int output = 0; output < 2; output++) {
                y = apply("logsumexp_weighted", NULL, output, &x, &b, NULL);
                assert_row_bits(&y, canonical_nan(t));
            }
        }
    }
}

/* By default NaN; with the limit, the logarithm of even shares. logsumexp is +inf either way. */
static void test_plus_inf(void **state) {
    const dtype *t = *state;
    smx_options limit = policy(SMX_PLUS_INF_LIMIT, SMX_MINUS_INF_ROW_NAN);
    for (size_t n = 1; n <= 20; n++) {
        for (size_t count = 1; count <= n; count *= 2) {
            row x = row_filled(t, n, n % 2 ? -INFINITY : 3e38), one = row_filled(t, 1, 1);
            for (size_t i = 0; i < count; i++) {
                t->store(x.storage, n - 1 - i, INFINITY);
            }
            label("logarithms: %zu of %zu are +inf", count, n);
            row y = log_softmax(&x, NULL), lse = logsumexp(&x, NULL), lse_limit = logsumexp(&x, &limit);
            assert_row_bits(&y, canonical_nan(t));
            expect(&lse, 0, INFINITY);
            expect(&lse_limit, 0, INFINITY);
            row even = row_filled(t, count, 0), share = log_softmax(&even, NULL);
            y = log_softmax(&x, &limit);
            for (size_t i = 0; i < n; i++) {
                assert_element_bits(t, y.storage, i, i < n - count ? bits_of(t, -INFINITY) : t->bits(share.storage, 0));
            }
            y = apply("logsumexp_backward", &limit, 0, &x, &one, NULL);
            expect(&y, n - 1, 1.0 / (double)count);
            expect(&y, 0, n == count ? 1.0 / (double)count : 0);
            y = apply("logsumexp_backward", NULL, 0, &x, &one, NULL);
            assert_row_bits(&y, canonical_nan(t));
        }
    }
}

static void test_row_of_minus_inf(void **state) {
    const dtype *t = *state;
    smx_options zeros = policy(SMX_PLUS_INF_NAN, SMX_MINUS_INF_ROW_ZEROS);
    for (size_t n = 1; n <= ROW_MAX; n++) {
        row x = row_filled(t, n, -INFINITY), one = row_filled(t, 1, 1), b = row_filled(t, n, -2);
        label("logarithms: all of %zu entries are -inf", n);
        row y = log_softmax(&x, NULL), lse = logsumexp(&x, NULL), lse_zeros = logsumexp(&x, &zeros);
        assert_row_bits(&y, canonical_nan(t));
        expect(&lse, 0, -INFINITY);
        expect(&lse_zeros, 0, -INFINITY);
        y = log_softmax(&x, &zeros);
        assert_row_bits(&y, bits_of(t, -INFINITY));
        y = apply("logsumexp_backward", NULL, 0, &x, &one, NULL);
        assert_row_bits(&y, canonical_nan(t));
        y = apply("logsumexp_backward", &zeros, 0, &x, &one, NULL);
        assert_row_bits(&y, 0);
        y = apply("logsumexp_weighted", NULL, 0, &x, &b, NULL);
        expect(&y, 0, -INFINITY);
        y = apply("logsumexp_weighted", NULL, 1, &x, &b, NULL);
        expect(&y, 0, 0);
    }
}

/* Near certainty every digit stays; one entry has probability 1; -inf beside a finite entry is -inf; nothing is -0. */
static void test_values(void **state) {
    const dtype *t = *state;
    label("log-softmax: near certainty");
    row x = row_of(t, 2, 0.0, -60.0), y = log_softmax(&x, NULL);
    double exact = -8.7565107626965203e-27; /* -log1p(exp(-60)) */
    assert_true(fabs(t->load(y.storage, 0) - exact) <= -2 * t->epsilon * exact);
    expect(&y, 1, -60);
    static const double entries[] = {0.0, -0.0, 3, -1e30, 1e-40, 700};
    for (size_t i = 0; i < 6; i++) {
        label("logarithms: one entry, %g", entries[i]);
        x = row_of(t, 1, entries[i]);
        y = log_softmax(&x, NULL);
        assert_row_bits(&y, 0);
        row lse = logsumexp(&x, NULL);
        expect(&lse, 0, t->load(x.storage, 0) + 0.0);
        x = row_of(t, 3, -INFINITY, entries[i], -INFINITY);
        y = log_softmax(&x, NULL);
        expect(&y, 0, -INFINITY);
        expect(&y, 1, 0);
        expect(&y, 2, -INFINITY);
    }
    label("log-softmax: beyond underflow");
    x = row_of(t, 3, 0.0, -2000.0, -3000.0);
    y = log_softmax(&x, NULL);
    expect(&y, 0, 0);
    expect(&y, 1, -2000);
    expect(&y, 2, -3000);
}

/* A softmin's logarithm, and an lse of exactly 0 that could be a -0. */
static void test_scale(void **state) {
    const dtype *t = *state;
    double minus_one;
    t->store(&minus_one, 0, -1);
    smx_options softmin = scaled_by(&minus_one);
    row x = row_of(t, 4, 1.0, -2.0, 0.0, INFINITY), negative = row_of(t, 4, -1.0, 2.0, -0.0, -INFINITY);
    label("softmin and the softmax of the negative");
    row y = log_softmax(&x, &softmin), expected = log_softmax(&negative, NULL);
    assert_rows_equal(&expected, &y);
    y = softmax_row(&x, &softmin), expected = softmax_row(&negative, NULL);
    assert_rows_equal(&expected, &y);
    label("logsumexp of a zero under a negative scale");
    x = row_of(t, 1, 0.0);
    y = logsumexp(&x, &softmin);
    expect(&y, 0, 0);
}

/* y must be that of a log-softmax; a gradient must be finite. y = -inf has probability 0. */
static void check_backward(const dtype *t, const char *name, size_t n, size_t place) {
    row dy = row_filled(t, n, 2), y = row_filled(t, n, -log((double)n) - 0.25);
    static const double bad_y[] = {NAN, INFINITY, 0.5, 7};
    for (size_t k = 0; k < 4; k++) {
        row bad = y, bad_dy = dy;
        label("%s: y = %g at %zu of %zu", name, bad_y[k], place, n);
        t->store(bad.storage, place, bad_y[k]);
        row dx = apply(name, NULL, 0, &bad, &dy, NULL);
        assert_row_bits(&dx, canonical_nan(t));
        label("%s: dy = %g at %zu of %zu", name, not_finite[k % 3], place, n);
        t->store(bad_dy.storage, place, not_finite[k % 3]);
        t->store(bad.storage, place, -INFINITY);
        dx = apply(name, NULL, 0, &bad, &bad_dy, NULL);
        assert_row_bits(&dx, canonical_nan(t));
    }
    label("%s: y = -inf at %zu of %zu", name, place, n);
    t->store(y.storage, place, -INFINITY);
    row dx = apply(name, NULL, 0, &y, &dy, NULL);
    if (name[11] == '_' && name[12] == 'b') {
        expect(&dx, place, 2);
    }
    for (size_t i = 0; i < n; i++) {
        assert_true(isfinite(t->load(dx.storage, i)));
    }
}

static void test_backward(void **state) {
    for (size_t n = 1; n <= 40; n++) {
        for (size_t i = 0; i < n; i += 1 + n / 7) {
            check_backward(*state, "log_softmax_backward", n, i);
            check_backward(*state, "log_softmax_jvp", n, i);
        }
    }
}

static void test_logsumexp_backward(void **state) {
    const dtype *t = *state;
    row x = row_of(t, 3, 1.0, -INFINITY, 2.0);
    for (size_t k = 0; k < 3; k++) {
        row dlse = row_filled(t, 1, not_finite[k]);
        label("logsumexp backward: dlse = %g", not_finite[k]);
        row dx = apply("logsumexp_backward", NULL, 0, &x, &dlse, NULL);
        assert_row_bits(&dx, canonical_nan(t));
    }
    static const double zeros[] = {0.0, -0.0};
    for (size_t k = 0; k < 2; k++) {
        row dlse = row_filled(t, 1, zeros[k]);
        label("logsumexp backward: dlse = %g", zeros[k]);
        row dx = apply("logsumexp_backward", NULL, 0, &x, &dlse, NULL);
        assert_row_bits(&dx, 0);
    }
    row dlse = row_filled(t, 1, -1), dx = apply("logsumexp_backward", NULL, 0, &x, &dlse, NULL);
    expect(&dx, 1, 0);
}

/* Weights whose sum no double holds give the canonical NaN. */
static void test_large_weights(void **state) {
    const dtype *t = *state;
    row x = row_filled(t, 2, 0), b = row_filled(t, 2, t->max);
    row lse = apply("logsumexp_weighted", NULL, 0, &x, &b, NULL);
    label("logsumexp_weighted: two weights of %g", t->max);
    if (t->size == sizeof(double)) {
        assert_element_bits(t, lse.storage, 0, canonical_nan(t));
    } else {
        assert_true(fabs(t->load(lse.storage, 0) - 89.415986) < 1e-5); /* log(2^129) */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_nan),
        TEST_BOTH(test_plus_inf),
        TEST_BOTH(test_row_of_minus_inf),
        TEST_BOTH(test_values),
        TEST_BOTH(test_scale),
        TEST_BOTH(test_backward),
        TEST_BOTH(test_logsumexp_backward),
        TEST_BOTH(test_large_weights),
    };
    print_isas();
    int failures = 0;
    for (size_t i = 0; smx_isa_available(i); i++) {
        failures += smx_isa_set(smx_isa_available(i)) != SMX_OK;
        failures += cmocka_run_group_tests_name(smx_isa_available(i), tests, NULL, NULL);
    }
    return failures;
}
