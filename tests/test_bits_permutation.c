/* Softmax commutes with permutations, and so do the bits: softmax(x[perm]) is softmax(x)[perm]. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/sizes.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_JACOBIAN = 70 };

static const smx_options one_thread = {.size = sizeof one_thread, .threads = 1};

/* to[i] = from[perm[i]] */
static void *permuted(const dtype *t, size_t n, const void *from, const size_t *perm) {
    void *to = elements(t, n);
    for (size_t i = 0; i < n; i++) {
        t->store_bits(to, i, t->bits(from, perm[i]));
    }
    return to;
}

static size_t *permutation(size_t n, rng *r) {
    size_t *perm = malloc((n + 1) * sizeof *perm);
    assert_non_null(perm);
    rng_permutation(r, n, perm);
    return perm;
}

static void label_case(const char *op, size_t n, const char *kind, uint64_t seed) {
    label("%s on %s, permuted, n = %zu, %s, seed %#llx", op, smx_isa(), n, kind, (unsigned long long)seed);
}

static void check_forward(const dtype *t, size_t n, size_t kind, uint64_t seed) {
    label_case("softmax", n, fill_x_name(kind), seed);
    rng r = rng_seed(seed);
    void *x = elements(t, n), *y = elements(t, n), *y_of_permuted = elements(t, n);
    fill_x(t, x, n, kind, &r);
    size_t *perm = permutation(n, &r);
    void *x_permuted = permuted(t, n, x, perm);
    assert_ok(t->softmax(1, n, x, n, y, n, &one_thread));
    assert_ok(t->softmax(1, n, x_permuted, n, y_of_permuted, n, &one_thread));
    void *y_permuted = permuted(t, n, y, perm);
    assert_same_bits(t, y_permuted, y_of_permuted, n);
    free(x), free(y), free(y_of_permuted), free(perm), free(x_permuted), free(y_permuted);
}

static void check_backward(const dtype *t, size_t n, size_t kind, uint64_t seed) {
    label_case("backward", n, fill_backward_name(kind), seed);
    rng r = rng_seed(seed);
    void *y = elements(t, n), *dy = elements(t, n), *dx = elements(t, n), *dx_of_permuted = elements(t, n);
    fill_backward(t, y, dy, n, kind, &r);
    size_t *perm = permutation(n, &r);
    void *y_permuted = permuted(t, n, y, perm), *dy_permuted = permuted(t, n, dy, perm);
    assert_ok(t->backward(1, n, y, n, dy, n, dx, n, &one_thread));
    assert_ok(t->backward(1, n, y_permuted, n, dy_permuted, n, dx_of_permuted, n, &one_thread));
    void *dx_permuted = permuted(t, n, dx, perm);
    assert_same_bits(t, dx_permuted, dx_of_permuted, n);
    free(y), free(dy), free(dx), free(dx_of_permuted);
    free(perm), free(y_permuted), free(dy_permuted), free(dx_permuted);
}

static void check_jacobian(const dtype *t, size_t n, size_t kind, uint64_t seed) {
    label_case("jacobian", n, fill_backward_name(kind), seed);
    rng r = rng_seed(seed);
    void *y = elements(t, n), *unused = elements(t, n), *jac = elements(t, n * n), *jac_permuted = elements(t, n * n);
    fill_backward(t, y, unused, n, kind, &r);
    size_t *perm = permutation(n, &r);
    void *y_permuted = permuted(t, n, y, perm);
    assert_ok(t->jacobian(1, n, y, n, jac, n, n * n, &one_thread));
    assert_ok(t->jacobian(1, n, y_permuted, n, jac_permuted, n, n * n, &one_thread));
    for (size_t i = 0; i < n; i++) {
        void *expected = permuted(t, n, at(t, jac, perm[i] * n), perm);
        assert_same_bits(t, expected, at(t, jac_permuted, i * n), n);
        free(expected);
    }
    free(y), free(unused), free(jac), free(jac_permuted), free(perm), free(y_permuted);
}

static void test_short(void **state) {
    for (size_t i = 0; i < short_sizes_count(); i++) {
        size_t n = short_size(i);
        for (uint64_t kind = 0; kind < FILL_X_KINDS; kind++) {
            check_forward(*state, n, kind, 0xb10000 + 100 * i + kind);
            check_forward(*state, n, kind, 0xb20000 + 100 * i + kind);
        }
        for (uint64_t kind = 0; kind < FILL_BACKWARD_KINDS; kind++) {
            check_backward(*state, n, kind, 0xb30000 + 100 * i + kind);
            check_backward(*state, n, kind, 0xb40000 + 100 * i + kind);
            if (n <= LONGEST_JACOBIAN) {
                check_jacobian(*state, n, kind, 0xb50000 + 100 * i + kind);
            }
        }
    }
}

static void test_long(void **state) {
    for (size_t i = 0; i < long_sizes_count(); i++) {
        for (size_t kind = i; kind < FILL_X_KINDS; kind += long_sizes_count()) {
            check_forward(*state, long_size(i), kind, 0xb60000 + 100 * i + kind);
        }
        for (size_t kind = i; kind < FILL_BACKWARD_KINDS; kind += long_sizes_count()) {
            check_backward(*state, long_size(i), kind, 0xb70000 + 100 * i + kind);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_short), TEST_BOTH(test_long)};
    print_isas();
    int failures = 0;
    for (size_t i = 0; smx_isa_available(i); i++) {
        failures += smx_isa_set(smx_isa_available(i)) != SMX_OK;
        failures += cmocka_run_group_tests_name(smx_isa_available(i), tests, NULL, NULL);
    }
    return failures;
}
