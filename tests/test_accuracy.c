/* The error bounds of smx.h against MPFR: forward below 3 ULP, backward within its bound, Jacobian correctly rounded.
 * The search for the worst cases is tools/ulp; this is a sample of every kind of input, quick enough to run each
 * time. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"

#include <math.h>
#include <oracle.h>
#include <stdio.h>
#include <stdlib.h>

static const double FORWARD_BOUND = 3;    /* ULP; less than this */
static const double BACKWARD_BOUND = 1;   /* of the bound in smx.h; at most this */
static const double JACOBIAN_BOUND = 0.5; /* ULP; at most this, ties to even */

static const size_t lengths[] = {1, 2, 3, 5, 8, 17, 64, 100, 333, 1000};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* Short rows are quick, and their worst cases no rarer. */
static uint64_t repeats(size_t n) { return n > 100 ? 1 : n > 20 ? 5 : 60; }

static oracle_type type_of(const dtype *t) { return t->size == sizeof(float) ? ORACLE_F32 : ORACLE_F64; }

/* The largest error met so far in a test, for the record. */
static double largest;

static void note(double error) { largest = error > largest ? error : largest; }

static void print_largest(const char *what, const dtype *t) {
    printf("%s %s: largest error %.4f\n", what, t->name, largest);
    largest = 0;
}

static void check_forward(const dtype *t, size_t n, const void *x) {
    void *y = elements(t, n);
    size_t worst = 0;
    assert_ok(t->softmax(1, n, x, n, y, n, NULL));
    double error = oracle_softmax_error(type_of(t), n, x, y, NULL, &worst);
    if (!(error < FORWARD_BOUND)) {
        fail_msg("%s: error of %g ULP at %zu: x = %a, y = %a", label_text(), error, worst, t->load(x, worst),
                 t->load(y, worst));
    }
    note(error);
    free(y);
}

static void test_forward(void **state) {
    const dtype *t = *state;
    for (size_t i = 0; i < LENGTHS; i++) {
        void *x = elements(t, lengths[i]);
        for (size_t kind = 0; kind < FILL_X_KINDS; kind++) {
            for (uint64_t seed = 0x1110000 + 1000 * i + 80 * kind, end = seed + repeats(lengths[i]); seed < end;
                 seed++) {
                rng r = rng_seed(seed);
                label("softmax, n = %zu, %s, seed %#llx", lengths[i], fill_x_name(kind), (unsigned long long)seed);
                fill_x(t, x, lengths[i], kind, &r);
                check_forward(t, lengths[i], x);
            }
        }
        free(x);
    }
    print_largest("softmax", t);
}

/* Equal entries make the largest sums; the values between powers of two make the largest terms (up to sqrt(2)), at
 * every length where partial sums are put aside. */
static void test_forward_largest_sums(void **state) {
    const dtype *t = *state;
    static const size_t long_lengths[] = {511,  512,   1023,  1024,   2048,   4096,   8191,
                                          8192, 16384, 65536, 131072, 262144, 262145, 1048577};
    static const double values[] = {0x1.62e42ep-2, 0x1.62e43p-2, -0x1.62e42ep-2, 0, 1, 255.99, 256, -2048.5, 2048};
    for (size_t i = 0; i < sizeof long_lengths / sizeof *long_lengths; i++) {
        size_t n = long_lengths[i];
        void *x = elements(t, n);
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            if (n > 10000 && k > 1) {
                continue; /* the longest rows only with the largest terms */
            }
            label("softmax of %zu times %a", n, values[k]);
            for (size_t j = 0; j < n; j++) {
                t->store(x, j, values[k]);
            }
            check_forward(t, n, x);
        }
        free(x);
    }
    print_largest("softmax of equal entries", t);
}

static void check_backward(const dtype *t, size_t n, const void *y, const void *dy) {
    void *dx = elements(t, n);
    size_t worst = 0;
    assert_ok(t->backward(1, n, y, n, dy, n, dx, n, NULL));
    double error = oracle_backward_error(type_of(t), n, y, dy, dx, &worst);
    if (!(error <= BACKWARD_BOUND)) {
        fail_msg("%s: error of %g times the bound at %zu: y = %a, dy = %a, dx = %a", label_text(), error, worst,
                 t->load(y, worst), t->load(dy, worst), t->load(dx, worst));
    }
    note(error);
    free(dx);
}

static void test_backward(void **state) {
    const dtype *t = *state;
    for (size_t i = 0; i < LENGTHS; i++) {
        void *y = elements(t, lengths[i]), *dy = elements(t, lengths[i]);
        for (size_t kind = 0; kind < FILL_BACKWARD_PLAIN_KINDS; kind++) {
            for (uint64_t seed = 0x1120000 + 1000 * i + 80 * kind, end = seed + repeats(lengths[i]); seed < end;
                 seed++) {
                rng r = rng_seed(seed);
                label("backward, n = %zu, %s, seed %#llx", lengths[i], fill_backward_name(kind),
                      (unsigned long long)seed);
                fill_backward(t, y, dy, lengths[i], kind, &r);
                check_backward(t, lengths[i], y, dy);
            }
        }
        free(y), free(dy);
    }
    print_largest("backward (of its bound)", t);
}

/* All products near the largest one, so that the partial sums are as large as they can be. */
static void test_backward_largest_sums(void **state) {
    const dtype *t = *state;
    static const size_t long_lengths[] = {511, 512, 1024, 2048, 4096, 8192, 65536, 262144, 262145, 524289};
    for (size_t i = 0; i < sizeof long_lengths / sizeof *long_lengths; i++) {
        size_t n = long_lengths[i];
        void *y = elements(t, n), *dy = elements(t, n);
        for (size_t j = 0; j < n; j++) {
            t->store(y, j, 1 - t->epsilon);
            t->store(dy, j, j % 1024 ? 2 - 2 * t->epsilon : -1.25);
        }
        label("backward, %zu products near 2", n);
        check_backward(t, n, y, dy);
        free(y), free(dy);
    }
    print_largest("backward of equal products (of its bound)", t);
}

static void test_jacobian(void **state) {
    const dtype *t = *state;
    for (size_t kind = 0; kind < FILL_BACKWARD_KINDS; kind++) {
        for (uint64_t seed = 0x1130000 + 10 * kind, end = seed + 10; seed < end; seed++) {
            rng r = rng_seed(seed);
            size_t n = 1 + rng_below(&r, 12), worst = 0;
            void *y = elements(t, n), *unused = elements(t, n), *jac = elements(t, n * n);
            label("jacobian, n = %zu, %s, seed %#llx", n, fill_backward_name(kind), (unsigned long long)seed);
            fill_backward(t, y, unused, n, kind, &r);
            assert_ok(t->jacobian(1, n, y, n, jac, n, n * n, NULL));
            double error = oracle_jacobian_error(type_of(t), n, y, jac, n, &worst);
            if (!(error <= JACOBIAN_BOUND)) {
                fail_msg("%s: error of %g ULP at row %zu, column %zu: y = %a, %a; J = %a", label_text(), error,
                         worst / n, worst % n, t->load(y, worst / n), t->load(y, worst % n), t->load(jac, worst));
            }
            note(error);
            free(y), free(unused), free(jac);
        }
    }
    print_largest("jacobian", t);
}

/* With the other policies, special rows are what the oracle says too. */
static void test_policies(void **state) {
    const dtype *t = *state;
    smx_options opt = {.size = sizeof opt};
    opt.plus_inf = SMX_PLUS_INF_LIMIT;
    opt.minus_inf_row = SMX_MINUS_INF_ROW_ZEROS;
    for (uint64_t seed = 0x1140000; seed < 0x1140000 + 200; seed++) {
        rng r = rng_seed(seed);
        size_t n = 1 + rng_below(&r, 6), worst = 0;
        size_t kind = seed % 2 ? FILL_X_KINDS - 1 : 3; /* some +inf, or masked by -inf */
        void *x = elements(t, n), *y = elements(t, n);
        fill_x(t, x, n, kind, &r);
        label("softmax with policies, n = %zu, %s, seed %#llx", n, fill_x_name(kind), (unsigned long long)seed);
        assert_ok(t->softmax(1, n, x, n, y, n, &opt));
        double error = oracle_softmax_error(type_of(t), n, x, y, &opt, &worst);
        assert_true(error < FORWARD_BOUND);
        free(x), free(y);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_forward),  TEST_BOTH(test_forward_largest_sums),
        TEST_BOTH(test_backward), TEST_BOTH(test_backward_largest_sums),
        TEST_BOTH(test_jacobian), TEST_BOTH(test_policies),
    };
    print_isas();
    printf("accuracy is tested on %s alone: the bits are the same on all (test_bits_isa)\n", smx_isa());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
