/* Every instruction set gives the bits of the scalar one: forward, backward and Jacobian, every row length, many kinds
 * of input. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/sizes.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_SHORT = 3, ROWS_LONG = 1, LONGEST_JACOBIAN = 257 };

static const smx_options one_thread = {.size = sizeof one_thread, .threads = 1};

static size_t rows_for(size_t n) { return n < long_size(0) ? ROWS_SHORT : ROWS_LONG; }

/* Two rows of the kind and one of the next kind, so that neighbours differ. */
static void fill_rows(const dtype *t, void *x, size_t n, size_t kind, uint64_t seed) {
    rng r = rng_seed(seed);
    for (size_t k = 0; k < rows_for(n); k++) {
        fill_x(t, at(t, x, k * n), n, (kind + k / 2) % FILL_X_KINDS, &r);
    }
}

static void fill_backward_rows(const dtype *t, void *y, void *dy, size_t n, size_t kind, uint64_t seed) {
    rng r = rng_seed(seed);
    for (size_t k = 0; k < rows_for(n); k++) {
        fill_backward(t, at(t, y, k * n), at(t, dy, k * n), n, (kind + k / 2) % FILL_BACKWARD_KINDS, &r);
    }
}

static void label_case(const char *op, const char *isa, size_t n, const char *kind, uint64_t seed) {
    label("%s on %s, n = %zu, %s, seed %#llx", op, isa, n, kind, (unsigned long long)seed);
}

static void forward_on_all(const dtype *t, size_t n, size_t kind, uint64_t seed) {
    size_t rows = rows_for(n);
    void *x = elements(t, rows * n), *expected = elements(t, rows * n), *y = elements(t, rows * n);
    fill_rows(t, x, n, kind, seed);
    use_isa("scalar");
    assert_ok(t->softmax(rows, n, x, n, expected, n, &one_thread));
    for (size_t i = 0; strcmp(smx_isa_available(i), "scalar") != 0; i++) { /* scalar is the last */
        use_isa(smx_isa_available(i));
        label_case("softmax", smx_isa(), n, fill_x_name(kind), seed);
        fill_canary(y, rows * n * t->size);
        assert_ok(t->softmax(rows, n, x, n, y, n, &one_thread));
        assert_same_bits(t, expected, y, rows * n);
    }
    free(x), free(expected), free(y);
}

static void backward_on_all(const dtype *t, size_t n, size_t kind, uint64_t seed) {
    size_t rows = rows_for(n);
    void *y = elements(t, rows * n), *dy = elements(t, rows * n);
    void *expected = elements(t, rows * n), *dx = elements(t, rows * n);
    fill_backward_rows(t, y, dy, n, kind, seed);
    use_isa("scalar");
    assert_ok(t->backward(rows, n, y, n, dy, n, expected, n, &one_thread));
    for (size_t i = 0; strcmp(smx_isa_available(i), "scalar") != 0; i++) { /* scalar is the last */
        use_isa(smx_isa_available(i));
        label_case("backward", smx_isa(), n, fill_backward_name(kind), seed);
        fill_canary(dx, rows * n * t->size);
        assert_ok(t->backward(rows, n, y, n, dy, n, dx, n, &one_thread));
        assert_same_bits(t, expected, dx, rows * n);
    }
    free(y), free(dy), free(expected), free(dx);
}

static void jacobian_on_all(const dtype *t, size_t n, size_t kind, uint64_t seed) {
    size_t rows = rows_for(n);
    void *y = elements(t, rows * n), *unused = elements(t, rows * n);
    void *expected = elements(t, rows * n * n), *jac = elements(t, rows * n * n);
    fill_backward_rows(t, y, unused, n, kind, seed);
    use_isa("scalar");
    assert_ok(t->jacobian(rows, n, y, n, expected, n, n * n, &one_thread));
    for (size_t i = 0; strcmp(smx_isa_available(i), "scalar") != 0; i++) { /* scalar is the last */
        use_isa(smx_isa_available(i));
        label_case("jacobian", smx_isa(), n, fill_backward_name(kind), seed);
        fill_canary(jac, rows * n * n * t->size);
        assert_ok(t->jacobian(rows, n, y, n, jac, n, n * n, &one_thread));
        assert_same_bits(t, expected, jac, rows * n * n);
    }
    free(y), free(unused), free(expected), free(jac);
}

static void test_short_forward(void **state) {
    for (size_t i = 0; i < short_sizes_count(); i++) {
        for (size_t kind = 0; kind < FILL_X_KINDS; kind++) {
            forward_on_all(*state, short_size(i), kind, 0x100000 + 100 * i + kind);
        }
    }
}

static void test_short_backward(void **state) {
    for (size_t i = 0; i < short_sizes_count(); i++) {
        for (size_t kind = 0; kind < FILL_BACKWARD_KINDS; kind++) {
            backward_on_all(*state, short_size(i), kind, 0x200000 + 100 * i + kind);
        }
    }
}

static void test_jacobian(void **state) {
    for (size_t i = 0; i < short_sizes_count() && short_size(i) <= LONGEST_JACOBIAN; i++) {
        for (size_t kind = 0; kind < FILL_BACKWARD_KINDS; kind++) {
            jacobian_on_all(*state, short_size(i), kind, 0x300000 + 100 * i + kind);
        }
    }
}

/* A long row takes a while, so each length sees a few of the kinds, and together they see all. */
static void test_long_forward(void **state) {
    for (size_t i = 0; i < long_sizes_count(); i++) {
        for (size_t kind = i % 2; kind < FILL_X_KINDS; kind += 2) {
            forward_on_all(*state, long_size(i), kind, 0x400000 + 100 * i + kind);
        }
    }
}

static void test_long_backward(void **state) {
    for (size_t i = 0; i < long_sizes_count(); i++) {
        for (size_t kind = i; kind < FILL_BACKWARD_KINDS; kind += long_sizes_count()) {
            backward_on_all(*state, long_size(i), kind, 0x500000 + 100 * i + kind);
        }
    }
}

/* Rare roundings need many rows: a flat sweep of short rows of every kind. */
static void test_many_rows(void **state) {
    for (uint64_t seed = 0x600000; seed < 0x600000 + 3000; seed++) {
        rng r = rng_seed(seed);
        size_t n = 1 + rng_below(&r, 200);
        forward_on_all(*state, n, rng_below(&r, FILL_X_KINDS), seed);
        backward_on_all(*state, n, rng_below(&r, FILL_BACKWARD_KINDS), seed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_short_forward), TEST_BOTH(test_short_backward), TEST_BOTH(test_jacobian),
        TEST_BOTH(test_long_forward),  TEST_BOTH(test_long_backward),  TEST_BOTH(test_many_rows),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
