/* The special cases of the backward pass and the Jacobian, as smx.h defines them, on every instruction set. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/rows.h"

#include <math.h>
#include <string.h>

enum { ROWS = 7, N = 21 };

static const double not_finite[] = {NAN, INFINITY, -INFINITY};

/* The Jacobian of a row, as one row of n * n elements would not fit a `row`. */
typedef struct square {
    double storage[ROW_MAX * ROW_MAX];
} square;

static square jacobian_of(const row *y) {
    square jac;
    assert_ok(y->t->jacobian(1, y->n, y->storage, y->n, jac.storage, y->n, y->n * y->n, NULL));
    return jac;
}

static void assert_square_bits(const row *y, const square *jac, uint64_t bits) {
    for (size_t i = 0; i < y->n * y->n; i++) {
        assert_element_bits(y->t, jac->storage, i, bits);
    }
}

/* NaN or infinity anywhere in y or dy makes dx the canonical NaN, also beside a zero that would hide it. */
static void test_backward_not_finite(void **state) {
    const dtype *t = *state;
    for (size_t n = 1; n <= 40; n++) {
        for (size_t i = 0; i < n * 6; i++) {
            size_t place = i / 6;
            row y = row_filled(t, n, i % 2 ? 0.0 : 1 / (double)n), dy = row_filled(t, n, i % 4 ? 0.0 : 2);
            t->store((i % 2 ? &dy : &y)->storage, place, not_finite[i % 3]);
            label("backward: %g in %s at %zu of %zu", not_finite[i % 3], i % 2 ? "dy" : "y", place, n);
            row dx = backward_row(&y, &dy);
            assert_row_bits(&dx, canonical_nan(t));
        }
    }
}

/* An entry of y of magnitude 2 or more is as bad as an infinite one; anything less is not. */
static void test_backward_large_y(void **state) {
    const dtype *t = *state;
    const double large[] = {2, -2, 1e30, -t->max}, small[] = {2 - 2 * t->epsilon, -2 + 2 * t->epsilon, 1.5};
    for (size_t n = 1; n <= 40; n++) {
        for (size_t i = 0; i < 4 * n; i++) {
            row y = row_filled(t, n, 0.25), dy = row_filled(t, n, i % 3 ? 1.5 : 0);
            t->store(y.storage, i / 4, large[i % 4]);
            label("backward: y = %g at %zu of %zu", large[i % 4], i / 4, n);
            row dx = backward_row(&y, &dy);
            assert_row_bits(&dx, canonical_nan(t));
            t->store(y.storage, i / 4, small[i % 3]);
            label("backward: y = %a at %zu of %zu", small[i % 3], i / 4, n);
            dx = backward_row(&y, &dy);
            for (size_t k = 0; k < n; k++) {
                assert_true(isfinite(t->load(dx.storage, k)));
            }
        }
    }
}

static void test_backward_leaves_other_rows(void **state) {
    const dtype *t = *state;
    double y[ROWS * N], dy[ROWS * N], dx[ROWS * N], expected[ROWS * N];
    rng r = rng_seed(0xd10000);
    for (size_t k = 0; k < ROWS; k++) {
        fill_backward(t, at(t, y, k * N), at(t, dy, k * N), N, k, &r);
    }
    label("backward: a row of NaN among others");
    assert_ok(t->backward(ROWS, N, y, N, dy, N, expected, N, NULL));
    for (size_t bad = 0; bad < ROWS; bad++) {
        double *spoilt = bad % 2 ? y : dy;
        uint64_t before = t->bits(spoilt, bad * N + 2 * bad);
        t->store(spoilt, bad * N + 2 * bad, not_finite[bad % 3]);
        assert_ok(t->backward(ROWS, N, y, N, dy, N, dx, N, NULL));
        t->store_bits(spoilt, bad * N + 2 * bad, before);
        for (size_t i = 0; i < ROWS * N; i++) {
            assert_element_bits(t, dx, i, i / N == bad ? canonical_nan(t) : t->bits(expected, i));
        }
    }
}

/* y_i = 0 gives +0, however large and of whatever sign the rest; a constant dy gives +0 where the y sum to 1. */
static void test_backward_zeros(void **state) {
    const dtype *t = *state;
    static const double gradients[] = {1, -1, 0.0, -0.0, 1e30, -1e30, 0x1p-149, -0x1p-149};
    for (size_t n = 1; n <= 32; n *= 2) {
        for (size_t k = 0; k < 8; k++) {
            label("backward: zeros, n = %zu, dy = %g", n, gradients[k]);
            row zeros = row_filled(t, n, k % 2 ? 0.0 : -0.0), dy = row_filled(t, n, gradients[k]);
            row dx = backward_row(&zeros, &dy);
            assert_row_bits(&dx, 0);
            row uniform = row_filled(t, n, 1 / (double)n);
            dx = backward_row(&uniform, &dy);
            assert_row_bits(&dx, 0);
        }
    }
    label("backward: certain");
    row one_hot = row_of(t, 4, 0.0, 1.0, 0.0, -0.0), dy = row_of(t, 4, 5.0, -3.0, -7.0, 11.0);
    row dx = backward_row(&one_hot, &dy);
    assert_row_bits(&dx, 0);
}

/* Results below the smallest number are +0 whatever their sign; those above it are not flushed. */
static void test_backward_underflow(void **state) {
    const dtype *t = *state;
    double tiny = t->min_subnormal;
    label("backward: underflow");
    row y = row_of(t, 3, tiny, tiny, 1.0), dy = row_of(t, 3, 0.25, -0.25, 0.0);
    row dx = backward_row(&y, &dy);
    assert_row_bits(&dx, 0);
    dy = row_of(t, 3, 2.0, -3.0, 0.0); /* exact but for a term of 2^-100 or so of the result */
    dx = backward_row(&y, &dy);
    assert_element_bits(t, dx.storage, 0, bits_of(t, 2 * tiny));
    assert_element_bits(t, dx.storage, 1, bits_of(t, -3 * tiny));
    assert_element_bits(t, dx.storage, 2, bits_of(t, tiny));
}

static void test_backward_signed_zeros(void **state) {
    const dtype *t = *state;
    for (size_t i = 0; i < N; i++) {
        rng r = rng_seed(0xd20000 + i);
        row y = {.t = t, .n = N}, dy = y;
        fill_backward(t, y.storage, dy.storage, N, i % 2, &r);
        t->store((i % 3 ? &dy : &y)->storage, i, 0.0);
        label("backward: -0 for +0 in %s at %zu", i % 3 ? "dy" : "y", i);
        row plus = backward_row(&y, &dy);
        t->store((i % 3 ? &dy : &y)->storage, i, -0.0);
        row minus = backward_row(&y, &dy);
        assert_rows_equal(&plus, &minus);
    }
}

/* Whatever the finite inputs, a NaN that comes of them is the canonical one, not the one that this processor makes by
 * itself. */
static void test_backward_overflow(void **state) {
    const dtype *t = *state;
    for (size_t kind = FILL_BACKWARD_PLAIN_KINDS; kind < FILL_BACKWARD_KINDS; kind++) {
        for (uint64_t seed = 0xd40000 + 1000 * kind, end = seed + 300; seed < end; seed++) {
            rng r = rng_seed(seed);
            row y = {.t = t, .n = 1 + rng_below(&r, N)}, dy = y;
            fill_backward(t, y.storage, dy.storage, y.n, kind, &r);
            label("backward: overflow, n = %zu, %s, seed %#llx", y.n, fill_backward_name(kind),
                  (unsigned long long)seed);
            row dx = backward_row(&y, &dy);
            for (size_t i = 0; i < dx.n; i++) {
                if (isnan(t->load(dx.storage, i))) {
                    assert_element_bits(t, dx.storage, i, canonical_nan(t));
                }
            }
        }
    }
}

/* The row of zeros that a policy of the forward pass can give has gradient +0, not NaN. */
static void test_backward_of_row_of_minus_inf(void **state) {
    const dtype *t = *state;
    smx_options opt = policy(SMX_PLUS_INF_NAN, SMX_MINUS_INF_ROW_ZEROS);
    label("backward of a row of -inf");
    row x = row_filled(t, N, -INFINITY), dy = row_filled(t, N, -3.0);
    row y = softmax_row(&x, &opt);
    row dx = backward_row(&y, &dy);
    assert_row_bits(&dx, 0);
}

static void test_jacobian_not_finite(void **state) {
    const dtype *t = *state;
    for (size_t n = 1; n <= 20; n++) {
        for (size_t i = 0; i < 3 * n; i++) {
            row y = row_filled(t, n, i % 2 ? 0.0 : 1 / (double)n);
            t->store(y.storage, i / 3, not_finite[i % 3]);
            label("jacobian: %g at %zu of %zu", not_finite[i % 3], i / 3, n);
            square jac = jacobian_of(&y);
            assert_square_bits(&y, &jac, canonical_nan(t));
        }
    }
}

static void test_jacobian_leaves_other_rows(void **state) {
    const dtype *t = *state;
    double y[ROWS * N], jac[ROWS * N * N], expected[ROWS * N * N];
    rng r = rng_seed(0xd30000);
    for (size_t i = 0; i < ROWS * N; i++) {
        t->store(y, i, rng_uniform(&r, 0, 1));
    }
    label("jacobian: a row of NaN among others");
    assert_ok(t->jacobian(ROWS, N, y, N, expected, N, N * N, NULL));
    for (size_t bad = 0; bad < ROWS; bad++) {
        uint64_t before = t->bits(y, bad * N + 2 * bad);
        t->store(y, bad * N + 2 * bad, not_finite[bad % 3]);
        assert_ok(t->jacobian(ROWS, N, y, N, jac, N, N * N, NULL));
        t->store_bits(y, bad * N + 2 * bad, before);
        for (size_t i = 0; i < ROWS * N * N; i++) {
            assert_element_bits(t, jac, i, i / (N * N) == bad ? canonical_nan(t) : t->bits(expected, i));
        }
    }
}

/* A product that is exactly zero is +0; one that underflows is -0, as the correctly rounded -y_i y_j is. */
static void test_jacobian_zeros(void **state) {
    const dtype *t = *state;
    label("jacobian: zeros");
    row one_hot = row_of(t, 4, 1.0, 0.0, -0.0, 0.0);
    square jac = jacobian_of(&one_hot);
    assert_square_bits(&one_hot, &jac, 0);
    double half = sqrt(t->min_subnormal) / 4;
    row small = row_filled(t, 5, half);
    jac = jacobian_of(&small);
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++) {
            assert_element_bits(t, jac.storage, 5 * i + j, bits_of(t, i == j ? half : -0.0));
        }
    }
}

static void test_empty(void **state) {
    const dtype *t = *state;
    double in[4] = {0}, out[4];
    label("backward and jacobian of nothing");
    fill_canary(out, sizeof out);
    assert_ok(t->backward(3, 0, in, 1, in, 1, out, 1, NULL));
    assert_ok(t->backward(0, 3, in, 3, in, 3, out, 3, NULL));
    assert_ok(t->backward(3, 0, NULL, 0, NULL, 0, NULL, 0, NULL));
    assert_ok(t->backward(0, 3, NULL, 3, NULL, 3, NULL, 3, NULL));
    assert_ok(t->jacobian(3, 0, in, 1, out, 1, 1, NULL));
    assert_ok(t->jacobian(0, 3, in, 3, out, 3, 9, NULL));
    assert_ok(t->jacobian(3, 0, NULL, 0, NULL, 0, 0, NULL));
    assert_ok(t->jacobian(0, 3, NULL, 3, NULL, 3, 9, NULL));
    assert_canary(out, sizeof out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_backward_not_finite),
        TEST_BOTH(test_backward_large_y),
        TEST_BOTH(test_backward_leaves_other_rows),
        TEST_BOTH(test_backward_zeros),
        TEST_BOTH(test_backward_underflow),
        TEST_BOTH(test_backward_signed_zeros),
        TEST_BOTH(test_backward_overflow),
        TEST_BOTH(test_backward_of_row_of_minus_inf),
        TEST_BOTH(test_jacobian_not_finite),
        TEST_BOTH(test_jacobian_leaves_other_rows),
        TEST_BOTH(test_jacobian_zeros),
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
