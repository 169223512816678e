/* What the row functions refuse, with which status, and that a refused call writes nothing. */
#include "common/arena.h"
#include "common/check.h"

#include <string.h>

/* A call of any of the three functions. Matrix 0 is the input (y for the gradients), 1 is dy, 2 the output; the
 * Jacobian has no dy. */
typedef struct call {
    size_t rows, n;
    void *a[3];
    size_t ld[3];
    size_t matrix_stride;
} call;

typedef struct function {
    const char *name;
    smx_status (*run)(const dtype *t, const call *c, const smx_options *opt);
    size_t matrices; /* which ones it has: bit k stands for matrix k */
} function;

static smx_status run_softmax(const dtype *t, const call *c, const smx_options *opt) {
    return t->softmax(c->rows, c->n, c->a[0], c->ld[0], c->a[2], c->ld[2], opt);
}

static smx_status run_backward(const dtype *t, const call *c, const smx_options *opt) {
    return t->backward(c->rows, c->n, c->a[0], c->ld[0], c->a[1], c->ld[1], c->a[2], c->ld[2], opt);
}

static smx_status run_jacobian(const dtype *t, const call *c, const smx_options *opt) {
    return t->jacobian(c->rows, c->n, c->a[0], c->ld[0], c->a[2], c->ld[2], c->matrix_stride, opt);
}

static const function functions[] = {
    {"softmax", run_softmax, 1 | 4},
    {"backward", run_backward, 1 | 2 | 4},
    {"jacobian", run_jacobian, 1 | 4},
};
enum { FUNCTIONS = 3, ROWS = 3, N = 5, LD = 7 };

/* A call that is fine: three matrices apart from each other. */
static call sound(arena *m) {
    call c = {ROWS, N, {arena_at(m, 10), arena_at(m, 110), arena_at(m, 210)}, {LD, LD, LD}, N * LD};
    return c;
}

static void expect(arena *m, const function *f, const call *c, smx_status wanted, const char *what) {
    label("%s %s: %s", f->name, m->t->name, what);
    arena_expect(m, wanted, f->run(m->t, c, NULL));
}

static int has(const function *f, size_t matrix) { return f->matrices >> matrix & 1; }

static void test_sound(void **state) {
    arena m;
    arena_init(&m, *state);
    for (size_t i = 0; i < FUNCTIONS; i++) {
        call c = sound(&m);
        label("%s", functions[i].name);
        assert_ok(functions[i].run(m.t, &c, NULL));
        assert_memory_not_equal(m.memory, m.copy, sizeof m.copy);
        arena_expect(&m, SMX_OK, SMX_OK);
    }
}

static void test_null(void **state) {
    arena m;
    arena_init(&m, *state);
    for (size_t i = 0; i < FUNCTIONS; i++) {
        for (size_t k = 0; k < 3; k++) {
            if (has(&functions[i], k)) {
                call c = sound(&m);
                c.a[k] = NULL;
                expect(&m, &functions[i], &c, SMX_ERROR_NULL, "one null pointer");
                c.rows = 0;
                expect(&m, &functions[i], &c, SMX_OK, "one null pointer, no rows");
                c.rows = ROWS;
                c.n = 0;
                expect(&m, &functions[i], &c, SMX_OK, "one null pointer, rows of nothing");
            }
        }
    }
}

static void test_stride(void **state) {
    static const size_t all_rows[] = {1, 2, ROWS};
    arena m;
    arena_init(&m, *state);
    for (size_t i = 0; i < FUNCTIONS; i++) {
        for (size_t k = 0; k < 9; k++) {
            if (has(&functions[i], k % 3)) {
                call c = sound(&m);
                c.rows = all_rows[k / 3];
                c.ld[k % 3] = N - 1;
                expect(&m, &functions[i], &c, SMX_ERROR_STRIDE, "a stride of n - 1");
                c.ld[k % 3] = 0;
                expect(&m, &functions[i], &c, SMX_ERROR_STRIDE, "a stride of 0");
                c.ld[k % 3] = N;
                expect(&m, &functions[i], &c, SMX_OK, "a stride of n");
            }
        }
    }
}

static void test_matrix_stride(void **state) {
    arena m;
    arena_init(&m, *state);
    call c = sound(&m);
    c.matrix_stride = N * LD - 1;
    expect(&m, &functions[2], &c, SMX_ERROR_STRIDE, "a matrix stride of n ldj - 1");
    c.matrix_stride = 0;
    expect(&m, &functions[2], &c, SMX_ERROR_STRIDE, "a matrix stride of 0");
    c.matrix_stride = N * LD + 1;
    expect(&m, &functions[2], &c, SMX_OK, "a matrix stride of n ldj + 1");
}

/* Sizes whose bytes do not fit an address, in each way that a product of them can wrap. */
static void test_size(void **state) {
    arena m;
    arena_init(&m, *state);
    size_t size = m.t->size, most = SIZE_MAX / size;
    const size_t sizes[][3] = {
        /* rows, n, ld */
        {1, most + 1, most + 1}, /* n size wraps to 0 */
        {1, most + 2, most + 2}, /* n size wraps to a small number */
        {1, SIZE_MAX, SIZE_MAX},
        {2, 1, most + 1},
        {3, N, SIZE_MAX},
        {SIZE_MAX, 1, 1},
        {SIZE_MAX, N, N},
        {SIZE_MAX / size + 1, 1, 1},           /* rows ld size wraps to 0 */
        {(size_t)1 << 32, N, (size_t)1 << 32}, /* rows ld wraps to 0 */
        {((size_t)1 << 32) + 1, N, ((size_t)1 << 32) + 1},
        {(size_t)1 << 62, 2, 2},
    };
    for (size_t i = 0; i < FUNCTIONS; i++) {
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            for (size_t matrix = 0; matrix < 3; matrix++) {
                if (has(&functions[i], matrix)) {
                    call c = sound(&m);
                    c.rows = sizes[k][0], c.n = sizes[k][1];
                    c.ld[0] = c.ld[1] = c.ld[2] = c.n;
                    c.ld[matrix] = sizes[k][2];
                    c.matrix_stride = SIZE_MAX;
                    label("%s %s: rows = %#zx, n = %#zx, ld %zu = %#zx", functions[i].name, m.t->name, c.rows, c.n,
                          matrix, c.ld[matrix]);
                    arena_expect(&m, SMX_ERROR_SIZE, functions[i].run(m.t, &c, NULL));
                }
            }
        }
    }
}

/* Sizes of the Jacobian alone: n ldj or rows matrix_stride is what wraps. */
static void test_jacobian_size(void **state) {
    arena m;
    arena_init(&m, *state);
    static const size_t sizes[][4] = {
        /* rows, n, ldj, matrix_stride */
        {1, (size_t)1 << 32, (size_t)1 << 32, SIZE_MAX},
        {1, (size_t)1 << 31, (size_t)1 << 31, (size_t)1 << 62},
        {1, N, SIZE_MAX / 2, SIZE_MAX},
        {1, 3, SIZE_MAX / 3 + 2, 6},
        {2, N, N, SIZE_MAX / 4 + 1},
        {5, N, N, SIZE_MAX / 4 + 9},
        {(size_t)1 << 40, N, N, (size_t)1 << 24},
    };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        call c = sound(&m);
        c.rows = sizes[k][0], c.n = c.ld[0] = sizes[k][1];
        c.ld[2] = sizes[k][2], c.matrix_stride = sizes[k][3];
        label("jacobian %s: rows = %#zx, n = %#zx, ldj = %#zx, matrix stride %#zx", m.t->name, c.rows, c.n, c.ld[2],
              c.matrix_stride);
        arena_expect(&m, SMX_ERROR_SIZE, functions[2].run(m.t, &c, NULL));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_sound),         TEST_BOTH(test_null), TEST_BOTH(test_stride),
        TEST_BOTH(test_matrix_stride), TEST_BOTH(test_size), TEST_BOTH(test_jacobian_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
