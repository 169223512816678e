/* Every instruction set gives the bits of docs/bits.md, as tests/reference/bits_*.c read that page. */
#include "common/check.h"
#include "common/edges.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/sampled.h"
#include "reference/bits.h"

#include <math.h>
#include <stdlib.h>

static const size_t special_sizes[] = {63, 64, 65, 100, 1000, 4097};
enum { ALL_UP_TO = 40, SHORT_SIZES = ALL_UP_TO + sizeof special_sizes / sizeof *special_sizes };
enum { LONGEST_JACOBIAN = 100 };

static size_t short_size(size_t i) { return i < ALL_UP_TO ? i + 1 : special_sizes[i - ALL_UP_TO]; }

/* Short rows in numbers, since kernels may give each lane a row: 17 fill 16 lanes and leave one over. */
static size_t rows_for(size_t n) { return n <= ALL_UP_TO ? 17 : 3; }

/* A long row takes a while, so each kind of row has one length: on either side of where f32 changes its sum. */
static size_t long_size(size_t kind) { return ((size_t)1 << 18) + (kind % 3 != 0); }

/* In f64, n = 2^18 is a length like any other. */
static size_t long_step(const dtype *t) { return t == &dtype_f32 ? 1 : 3; }

/* ---- The reference by dtype -------------------------------------------------------------------------------------- */

static void reference_softmax(const dtype *t, size_t n, const void *x, void *y, smx_options opt) {
    if (t == &dtype_f32) {
        reference_softmax_f32(n, x, y, opt.plus_inf, opt.minus_inf_row);
    } else {
        reference_softmax_f64(n, x, y, opt.plus_inf, opt.minus_inf_row);
    }
}

static void reference_backward(const dtype *t, size_t n, const void *y, const void *dy, void *dx) {
    if (t == &dtype_f32) {
        reference_backward_f32(n, y, dy, dx);
    } else {
        reference_backward_f64(n, y, dy, dx);
    }
}

static void reference_jacobian(const dtype *t, size_t n, const void *y, void *jac) {
    if (t == &dtype_f32) {
        reference_jacobian_f32(n, y, jac);
    } else {
        reference_jacobian_f64(n, y, jac);
    }
}

/* ---- Comparisons, on every instruction set ----------------------------------------------------------------------- */

/* What is being compared: for the message. */
typedef struct test_case {
    const char *kind;
    size_t rows, n;
    uint64_t seed;
    int number; /* exponent or policies */
} test_case;

static void on_isa(size_t i, const char *op, test_case c) {
    use_isa(smx_isa_available(i));
    label("%s on %s, %zu x %zu, %s, %d, seed %#llx", op, smx_isa(), c.rows, c.n, c.kind, c.number,
          (unsigned long long)c.seed);
}

static void compare_forward(const dtype *t, const void *x, test_case c) {
    size_t rows = c.rows, n = c.n;
    void *expected = elements(t, rows * n), *y = elements(t, rows * n);
    smx_options opt = {.size = sizeof opt, .threads = 1};
    opt.plus_inf = c.number & 1 ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
    opt.minus_inf_row = c.number & 2 ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
    for (size_t k = 0; k < rows; k++) {
        reference_softmax(t, n, at_const(t, x, k * n), at(t, expected, k * n), opt);
    }
    for (size_t i = 0; smx_isa_available(i); i++) {
        on_isa(i, "softmax", c);
        fill_canary(y, rows * n * t->size);
        assert_ok(t->softmax(rows, n, x, n, y, n, &opt));
        assert_same_bits(t, expected, y, rows * n);
    }
    free(expected), free(y);
}

static void compare_backward(const dtype *t, const void *y, const void *dy, test_case c) {
    size_t rows = c.rows, n = c.n;
    void *expected = elements(t, rows * n), *dx = elements(t, rows * n);
    smx_options opt = {.size = sizeof opt, .threads = 1};
    for (size_t k = 0; k < rows; k++) {
        reference_backward(t, n, at_const(t, y, k * n), at_const(t, dy, k * n), at(t, expected, k * n));
    }
    for (size_t i = 0; smx_isa_available(i); i++) {
        on_isa(i, "backward", c);
        fill_canary(dx, rows * n * t->size);
        assert_ok(t->backward(rows, n, y, n, dy, n, dx, n, &opt));
        assert_same_bits(t, expected, dx, rows * n);
    }
    free(expected), free(dx);
}

static void compare_jacobian(const dtype *t, const void *y, test_case c) {
    size_t n = c.n;
    void *expected = elements(t, n * n), *jac = elements(t, n * n);
    smx_options opt = {.size = sizeof opt, .threads = 1};
    reference_jacobian(t, n, y, expected);
    for (size_t i = 0; smx_isa_available(i); i++) {
        on_isa(i, "jacobian", c);
        fill_canary(jac, n * n * t->size);
        assert_ok(t->jacobian(1, n, y, n, jac, n, n * n, &opt));
        assert_same_bits(t, expected, jac, n * n);
    }
    free(expected), free(jac);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

enum { X_KINDS = FILL_X_KINDS + EDGE_X_KINDS, POLICIES = 4 };

static void forward(const dtype *t, size_t rows, size_t n, size_t kind, int policies, uint64_t seed) {
    rng r = rng_seed(seed);
    void *x = elements(t, rows * n);
    for (size_t k = 0; k < rows; k++) {
        if (kind < FILL_X_KINDS) {
            fill_x(t, at(t, x, k * n), n, kind, &r);
        } else {
            edge_x(t, at(t, x, k * n), n, kind - FILL_X_KINDS, &r);
        }
    }
    const char *name = kind < FILL_X_KINDS ? fill_x_name(kind) : edge_x_name(kind - FILL_X_KINDS);
    compare_forward(t, x, (test_case){name, rows, n, seed, policies});
    free(x);
}

static void backward(const dtype *t, size_t rows, size_t n, size_t kind, uint64_t seed) {
    rng r = rng_seed(seed);
    void *y = elements(t, rows * n), *dy = elements(t, rows * n);
    for (size_t k = 0; k < rows; k++) {
        fill_backward(t, at(t, y, k * n), at(t, dy, k * n), n, kind, &r);
    }
    compare_backward(t, y, dy, (test_case){fill_backward_name(kind), rows, n, seed, 0});
    free(y), free(dy);
}

/* Row k has exponent + k. */
static void backward_edge(const dtype *t, size_t rows, size_t n, int exponent, size_t kind, uint64_t seed) {
    rng r = rng_seed(seed);
    void *y = elements(t, rows * n), *dy = elements(t, rows * n);
    for (size_t k = 0; k < rows; k++) {
        edge_backward(t, at(t, y, k * n), at(t, dy, k * n), n, exponent + (int)k, kind, &r);
    }
    compare_backward(t, y, dy, (test_case){edge_backward_name(kind), rows, n, seed, exponent});
    free(y), free(dy);
}

static void jacobian(const dtype *t, size_t n, size_t kind, uint64_t seed) {
    rng r = rng_seed(seed);
    void *y = elements(t, n), *unused = elements(t, n);
    fill_backward(t, y, unused, n, kind, &r);
    compare_jacobian(t, y, (test_case){fill_backward_name(kind), 1, n, seed, 0});
    free(y), free(unused);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

static void test_forward(void **state) {
    uint64_t seed = 0x1000000;
    for (size_t i = 0; i < SHORT_SIZES; i++) {
        const size_t step = sample_step(4);
        for (size_t kind = i % step; kind < X_KINDS; kind += step) {
            for (int policies = 0; policies < POLICIES; policies++) {
                forward(*state, rows_for(short_size(i)), short_size(i), kind, policies, seed++);
            }
        }
    }
}

static void test_forward_long(void **state) {
    for (size_t kind = 0; kind < X_KINDS; kind += long_step(*state)) {
        forward(*state, 1, long_size(kind), kind, 1, 0x2000000 + kind);
    }
}

/* Rows that are all the same infinity, under every policy. */
static void test_forward_infinite(void **state) {
    const dtype *t = *state;
    for (size_t i = 0; i < SHORT_SIZES; i++) {
        size_t n = short_size(i);
        void *x = elements(t, n);
        for (int policies = 0; policies < POLICIES; policies++) {
            for (int s = -1; s <= 1; s += 2) {
                for (size_t j = 0; j < n; j++) {
                    t->store(x, j, s < 0 ? -INFINITY : INFINITY);
                }
                compare_forward(t, x, (test_case){s < 0 ? "all -inf" : "all +inf", 1, n, 0, policies});
            }
        }
        free(x);
    }
}

static void test_backward(void **state) {
    uint64_t seed = 0x3000000;
    for (size_t i = 0; i < SHORT_SIZES; i++) {
        const size_t step = sample_step(4);
        for (size_t kind = i % step; kind < FILL_BACKWARD_KINDS; kind += step) {
            backward(*state, rows_for(short_size(i)), short_size(i), kind, seed++);
        }
    }
}

static void test_backward_long(void **state) {
    for (size_t kind = 0; kind < FILL_BACKWARD_KINDS; kind += long_step(*state)) {
        backward(*state, 1, long_size(kind), kind, 0x4000000 + kind);
    }
}

/* Both sides of each edge. */
static void test_backward_edges(void **state) {
    const dtype *t = *state;
    uint64_t seed = 0x5000000;
    for (size_t i = 0; i < SHORT_SIZES; i++) {
        size_t rows = rows_for(short_size(i)), step = sample_step(4);
        for (size_t kind = i % step; kind < EDGE_BACKWARD_KINDS; kind += step) {
            for (size_t edge = 0; edge < EDGE_EXPONENTS; edge++) {
                backward_edge(t, rows, short_size(i), edge_exponent(t, edge) - (int)rows / 2, kind, seed++);
            }
        }
    }
}

static void test_backward_edges_long(void **state) {
    const dtype *t = *state;
    uint64_t seed = 0x6000000;
    for (size_t edge = 0; edge < EDGE_EXPONENTS; edge++) {
        for (size_t more = 0; more <= 1; more++) {
            size_t kind = (edge + 4 * more) % EDGE_BACKWARD_KINDS;
            backward_edge(t, 1, long_size(kind), edge_exponent(t, edge) + (int)more, kind, seed++);
        }
    }
}

static void test_jacobian(void **state) {
    uint64_t seed = 0x7000000;
    for (size_t i = 0; i < SHORT_SIZES && short_size(i) <= LONGEST_JACOBIAN; i++) {
        const size_t step = sample_step(4);
        for (size_t kind = i % step; kind < FILL_BACKWARD_KINDS; kind += step) {
            jacobian(*state, short_size(i), kind, seed++);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_forward),
        TEST_BOTH(test_forward_long),
        TEST_BOTH(test_forward_infinite),
        TEST_BOTH(test_backward),
        TEST_BOTH(test_backward_long),
        TEST_BOTH(test_backward_edges),
        TEST_BOTH(test_backward_edges_long),
        TEST_BOTH(test_jacobian),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
