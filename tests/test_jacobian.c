/* The Jacobian beside the other functions: backward is dy . J, J is symmetric, and its rows sum to what the formula
 * implies. Its entries against differences of softmax: test_gradient.c. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"

#include <math.h>
#include <oracle.h>
#include <stdlib.h>

enum { N_MAX = 24 };

/* sum_i dy_i J_ij, and sum_i |dy_i J_ij|, rounded only by MPFR's precision. */
static void product_with_jacobian(const dtype *t, size_t n, const void *dy, const void *jac, size_t j, mpfr_t sum,
                                  mpfr_t absolute) {
    mpfr_t term;
    mpfr_init2(term, ORACLE_PRECISION);
    mpfr_set_zero(sum, 1);
    mpfr_set_zero(absolute, 1);
    for (size_t i = 0; i < n; i++) {
        mpfr_set_d(term, t->load(dy, i), MPFR_RNDN);
        mpfr_mul_d(term, term, t->load(jac, i * n + j), MPFR_RNDN);
        mpfr_add(sum, sum, term, MPFR_RNDN);
        mpfr_abs(term, term, MPFR_RNDN);
        mpfr_add(absolute, absolute, term, MPFR_RNDN);
    }
    mpfr_clear(term);
}

/* The bound of backward in smx.h, in MPFR's range: u y_j (|dy_j| + sum |y_i dy_i|) with u = epsilon, and the smallest
 * number. */
static double backward_bound(const dtype *t, size_t n, const void *y, const void *dy, size_t j) {
    double sum = fabs(t->load(dy, j));
    for (size_t i = 0; i < n; i++) {
        sum += fabs(t->load(y, i) * t->load(dy, i));
    }
    return t->epsilon * fabs(t->load(y, j)) * sum * (1 + 0x1p-40) + t->min_subnormal;
}

/* dx_j is within its bound of the exact sum_i dy_i J_ij, whose entries as computed are wrong by half an ULP each: at
 * most epsilon / 2 of the entry, or half the smallest number. */
static void check_product(const dtype *t, size_t n, const void *y, const void *dy, const void *dx, const void *jac,
                          size_t j) {
    mpfr_t sum, absolute;
    mpfr_init2(sum, ORACLE_PRECISION);
    mpfr_init2(absolute, ORACLE_PRECISION);
    product_with_jacobian(t, n, dy, jac, j, sum, absolute);
    double underflow = 0;
    for (size_t i = 0; i < n; i++) {
        underflow += (fabs(t->load(dy, i)) / 2 + 1) * t->min_subnormal;
    }
    double tolerance =
        backward_bound(t, n, y, dy, j) + t->epsilon / 2 * mpfr_get_d(absolute, MPFR_RNDU) * (1 + 0x1p-40) + underflow;
    mpfr_sub_d(sum, sum, t->load(dx, j), MPFR_RNDN);
    double error = fabs(mpfr_get_d(sum, MPFR_RNDA));
    mpfr_clear(sum);
    mpfr_clear(absolute);
    if (!(error <= tolerance)) {
        fail_msg("%s: element %zu: backward and dy . J differ by %g, %g allowed", label_text(), j, error, tolerance);
    }
}

static void test_backward_is_product_with_jacobian(void **state) {
    const dtype *t = *state;
    static const size_t kinds[] = {0, 2, 4, 7, 8}; /* those whose products stay in range of a double */
    for (uint64_t seed = 0x1220000; seed < 0x1220000 + 500; seed++) {
        rng r = rng_seed(seed);
        size_t n = 1 + rng_below(&r, N_MAX), kind = kinds[seed % 5];
        double y[N_MAX], dy[N_MAX], dx[N_MAX], jac[N_MAX * N_MAX];
        label("backward as a product, n = %zu, %s, seed %#llx", n, fill_backward_name(kind), (unsigned long long)seed);
        fill_backward(t, y, dy, n, kind, &r);
        assert_ok(t->backward(1, n, y, n, dy, n, dx, n, NULL));
        assert_ok(t->jacobian(1, n, y, n, jac, n, n * n, NULL));
        for (size_t j = 0; j < n; j++) {
            check_product(t, n, y, dy, dx, jac, j);
        }
    }
}

/* J_ij and J_ji are the same product, so they have the same bits. */
static void test_symmetric(void **state) {
    const dtype *t = *state;
    for (size_t kind = 0; kind < FILL_BACKWARD_KINDS; kind++) {
        rng r = rng_seed(0x1230000 + kind);
        double y[N_MAX], unused[N_MAX], jac[N_MAX * N_MAX];
        label("symmetry, %s", fill_backward_name(kind));
        fill_backward(t, y, unused, N_MAX, kind, &r);
        assert_ok(t->jacobian(1, N_MAX, y, N_MAX, jac, N_MAX, N_MAX * N_MAX, NULL));
        for (size_t i = 0; i < N_MAX; i++) {
            for (size_t j = 0; j < i; j++) {
                assert_element_bits(t, jac, i * N_MAX + j, t->bits(jac, j * N_MAX + i));
            }
        }
    }
}

/* Row i of J sums to y_i (1 - sum_j y_j). Each y_j is within 3.75 ULP, at most 3.75 epsilon y_j, of numbers that sum to
 * 1, and as errors have either sign this stays below 3 epsilon y_i. Each entry is rounded by epsilon / 2 of itself, and
 * all of them are at most 2 y_i in sum; the additions here, in double, add n 2^-53 of that. */
static void test_rows_sum_to_nothing(void **state) {
    const dtype *t = *state;
    for (size_t n = 1; n <= N_MAX; n++) {
        rng r = rng_seed(0x1240000 + n);
        double x[N_MAX], y[N_MAX], jac[N_MAX * N_MAX];
        fill_x(t, x, n, n % 2, &r);
        assert_ok(t->softmax(1, n, x, n, y, n, NULL));
        assert_ok(t->jacobian(1, n, y, n, jac, n, n * n, NULL));
        for (size_t i = 0; i < n; i++) {
            double sum = 0, y_i = t->load(y, i);
            for (size_t j = 0; j < n; j++) {
                sum += t->load(jac, i * n + j);
            }
            double tolerance =
                y_i * (3 * t->epsilon + t->epsilon + 2 * (double)n * 0x1p-53) + (double)n * t->min_subnormal;
            if (!(fabs(sum) <= tolerance)) {
                fail_msg("n = %zu: row %zu of J sums to %g, %g allowed", n, i, sum, tolerance);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_backward_is_product_with_jacobian),
        TEST_BOTH(test_symmetric),
        TEST_BOTH(test_rows_sum_to_nothing),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
