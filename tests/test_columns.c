/* Down columns: the bits of the rows of the transposed matrix, on every instruction set, for any strides and threads,
 * in place too; and refusals. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/rng.h"

#include <stdlib.h>
#include <string.h>

typedef smx_status (*function_f32)(size_t, size_t, const float *, size_t, float *, size_t, const smx_options *);
typedef smx_status (*function_f64)(size_t, size_t, const double *, size_t, double *, size_t, const smx_options *);

typedef struct operation {
    const char *name;
    function_f32 rows_f32, columns_f32;
    function_f64 rows_f64, columns_f64;
} operation;

static const operation operations[] = {
    {"softmax", smx_softmax_f32, smx_softmax_columns_f32, smx_softmax_f64, smx_softmax_columns_f64},
    {"log_softmax", smx_log_softmax_f32, smx_log_softmax_columns_f32, smx_log_softmax_f64, smx_log_softmax_columns_f64},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

static smx_status run_rows(const operation *o, const dtype *t, size_t rows, size_t n, const void *x, void *y,
                           const smx_options *opt) {
    return t == &dtype_f32 ? o->rows_f32(rows, n, x, n, y, n, opt) : o->rows_f64(rows, n, x, n, y, n, opt);
}

static smx_status run_columns(const operation *o, const dtype *t, size_t columns, size_t n, const void *x, size_t ldx,
                              void *y, size_t ldy, const smx_options *opt) {
    return t == &dtype_f32 ? o->columns_f32(columns, n, x, ldx, y, ldy, opt)
                           : o->columns_f64(columns, n, x, ldx, y, ldy, opt);
}

/* The columns of a matrix become rows, or back. */
static void transpose(const dtype *t, size_t rows, size_t n, const void *a, size_t lda, void *b, size_t ldb) {
    for (size_t k = 0; k < rows; k++) {
        for (size_t i = 0; i < n; i++) {
            memcpy(at(t, b, i * ldb + k), at_const(t, a, k * lda + i), t->size);
        }
    }
}

static void check_columns(const operation *o, const dtype *t, size_t columns, size_t n, size_t gap,
                          const smx_options *opt, rng *r) {
    size_t ld = columns + gap;
    void *rows = elements(t, columns * n), *expected = elements(t, columns * n), *x = elements(t, ld * n),
         *y = elements(t, ld * n);
    label("%s %s on %s: %zu columns of %zu, gap %zu", o->name, t->name, smx_isa(), columns, n, gap);
    for (size_t k = 0; k < columns; k++) {
        fill_x(t, at(t, rows, k * n), n, rng_below(r, FILL_X_KINDS), r);
    }
    assert_ok(run_rows(o, t, columns, n, rows, expected, opt));
    fill_canary(x, ld * n * t->size);
    fill_canary(y, ld * n * t->size);
    transpose(t, columns, n, rows, n, x, ld);
    assert_ok(run_columns(o, t, columns, n, x, ld, y, ld, opt));
    assert_ok(run_columns(o, t, columns, n, x, ld, x, ld, opt));
    assert_same_bits(t, y, x, ld * n); /* gaps too */
    for (size_t i = 0; i < n; i++) {
        assert_canary(at(t, y, i * ld + columns), gap * t->size);
    }
    transpose(t, n, columns, y, ld, rows, n);
    assert_same_bits(t, expected, rows, columns * n);
    free(rows), free(expected), free(x), free(y);
}

static void test_bits(void **state) {
    static const size_t shapes[][2] = {{1, 1},  {1, 700}, {3, 5},     {7, 2},     {8, 33},   {9, 300},   {17, 64},
                                       {31, 1}, {64, 10}, {196, 100}, {37, 1100}, {2, 5000}, {150, 2300}};
    const dtype *t = *state;
    rng r = rng_seed(3);
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; i < OPERATIONS * (sizeof shapes / sizeof shapes[0]); i++) {
            const size_t *shape = shapes[i / OPERATIONS];
            for (unsigned threads = 1; threads <= 3; threads += 2) {
                smx_options opt = {.size = sizeof opt, .threads = threads};
                opt.plus_inf = rng_below(&r, 2) ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
                opt.minus_inf_row = rng_below(&r, 2) ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
                check_columns(&operations[i % OPERATIONS], t, shape[0], shape[1], rng_below(&r, 3), &opt, &r);
            }
        }
    }
    assert_ok(smx_isa_set(NULL));
}

static void test_refusals(void **state) {
    const dtype *t = *state;
    void *x = elements(t, 64), *y = elements(t, 64);
    const smx_options causal = {.size = sizeof causal, .causal = SMX_CAUSAL_TOP_LEFT, .queries = 4};
    fill_canary(y, 64 * t->size);
    for (size_t i = 0; i < OPERATIONS; i++) {
        const operation *o = &operations[i];
        assert_status(SMX_ERROR_NULL, run_columns(o, t, 4, 4, NULL, 4, y, 4, NULL));
        assert_status(SMX_ERROR_NULL, run_columns(o, t, 4, 4, x, 4, NULL, 4, NULL));
        assert_status(SMX_ERROR_STRIDE, run_columns(o, t, 4, 4, x, 3, y, 4, NULL));
        assert_status(SMX_ERROR_STRIDE, run_columns(o, t, 4, 4, x, 4, y, 3, NULL));
        assert_status(SMX_ERROR_SIZE, run_columns(o, t, 4, SIZE_MAX / 8, x, 4, y, 4, NULL));
        assert_status(SMX_ERROR_OVERLAP, run_columns(o, t, 4, 4, y, 4, at(t, y, 1), 4, NULL));
        assert_status(SMX_ERROR_OPTION, run_columns(o, t, 4, 4, x, 4, y, 4, &causal));
        assert_ok(run_columns(o, t, 0, 4, NULL, 0, NULL, 0, NULL));
        assert_ok(run_columns(o, t, 4, 0, NULL, 4, NULL, 4, NULL));
    }
    assert_canary(y, 64 * t->size);
    free(x), free(y);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_bits), TEST_BOTH(test_refusals)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
