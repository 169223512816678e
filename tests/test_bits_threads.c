/* The number of threads changes no bit, whether there are fewer rows than threads or more. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/shapes.h"

#include <stdio.h>
#include <stdlib.h>

static smx_options threads_of(unsigned threads) {
    smx_options opt = {.size = sizeof opt, .threads = threads};
    return opt;
}

static const unsigned counts[] = {1, 2, 3, 5, 8, 17, 0};
enum { COUNTS = sizeof counts / sizeof *counts };

static void label_case(const char *op, shape s, unsigned threads, uint64_t seed) {
    label("%s on %s, %zu rows, n = %zu, %u threads, seed %#llx", op, smx_isa(), s.rows, s.n, threads,
          (unsigned long long)seed);
}

static void check_forward(const dtype *t, shape s, uint64_t seed) {
    size_t total = s.rows * s.n;
    void *x = elements(t, total), *expected = elements(t, total), *y = elements(t, total);
    rng r = rng_seed(seed);
    for (size_t k = 0; k < s.rows; k++) {
        fill_x(t, at(t, x, k * s.n), s.n, rng_below(&r, FILL_X_KINDS), &r);
    }
    smx_options one = threads_of(1);
    assert_ok(t->softmax(s.rows, s.n, x, s.n, expected, s.n, &one));
    for (size_t i = 0; i < COUNTS; i++) {
        label_case("softmax", s, counts[i], seed);
        smx_options opt = threads_of(counts[i]);
        fill_canary(y, total * t->size);
        assert_ok(t->softmax(s.rows, s.n, x, s.n, y, s.n, &opt));
        assert_same_bits(t, expected, y, total);
    }
    label_case("softmax in place", s, 3, seed);
    smx_options three = threads_of(3);
    assert_ok(t->softmax(s.rows, s.n, x, s.n, x, s.n, &three));
    assert_same_bits(t, expected, x, total);
    free(x), free(expected), free(y);
}

static void check_backward(const dtype *t, shape s, uint64_t seed) {
    size_t total = s.rows * s.n;
    void *y = elements(t, total), *dy = elements(t, total), *expected = elements(t, total), *dx = elements(t, total);
    rng r = rng_seed(seed);
    for (size_t k = 0; k < s.rows; k++) {
        size_t kind = rng_below(&r, FILL_BACKWARD_KINDS);
        fill_backward(t, at(t, y, k * s.n), at(t, dy, k * s.n), s.n, kind, &r);
    }
    smx_options one = threads_of(1);
    assert_ok(t->backward(s.rows, s.n, y, s.n, dy, s.n, expected, s.n, &one));
    for (size_t i = 0; i < COUNTS; i++) {
        label_case("backward", s, counts[i], seed);
        smx_options opt = threads_of(counts[i]);
        fill_canary(dx, total * t->size);
        assert_ok(t->backward(s.rows, s.n, y, s.n, dy, s.n, dx, s.n, &opt));
        assert_same_bits(t, expected, dx, total);
    }
    label_case("backward in place", s, 3, seed);
    smx_options three = threads_of(3);
    assert_ok(t->backward(s.rows, s.n, y, s.n, dy, s.n, y, s.n, &three));
    assert_same_bits(t, expected, y, total);
    free(y), free(dy), free(expected), free(dx);
}

static void check_jacobian(const dtype *t, shape s, uint64_t seed) {
    size_t square = s.n * s.n, total = s.rows * square;
    void *y = elements(t, s.rows * s.n), *unused = elements(t, s.n);
    void *expected = elements(t, total), *jac = elements(t, total);
    rng r = rng_seed(seed);
    for (size_t k = 0; k < s.rows; k++) {
        fill_backward(t, at(t, y, k * s.n), unused, s.n, rng_below(&r, FILL_BACKWARD_KINDS), &r);
    }
    smx_options one = threads_of(1);
    assert_ok(t->jacobian(s.rows, s.n, y, s.n, expected, s.n, square, &one));
    for (size_t i = 0; i < COUNTS; i++) {
        label_case("jacobian", s, counts[i], seed);
        smx_options opt = threads_of(counts[i]);
        fill_canary(jac, total * t->size);
        assert_ok(t->jacobian(s.rows, s.n, y, s.n, jac, s.n, square, &opt));
        assert_same_bits(t, expected, jac, total);
    }
    free(y), free(unused), free(expected), free(jac);
}

static void on_every_isa(const dtype *t, const shape *list, size_t count, uint64_t seed,
                         void (*check)(const dtype *t, shape s, uint64_t seed)) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (size_t k = 0; k < count; k++) {
            check(t, list[k], seed + k);
        }
    }
}

static void test_forward(void **state) { on_every_isa(*state, shapes, SHAPES, 0x810000, check_forward); }

static void test_backward(void **state) { on_every_isa(*state, shapes, SHAPES, 0x820000, check_backward); }

static void test_jacobian(void **state) {
    on_every_isa(*state, jacobian_shapes, JACOBIAN_SHAPES, 0x830000, check_jacobian);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_forward), TEST_BOTH(test_backward), TEST_BOTH(test_jacobian)};
    print_isas();
    if (smx_threads() == 1) {
        printf("skip: more than one thread by default: there is one processor, or the environment says so\n");
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
