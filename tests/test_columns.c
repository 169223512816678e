/* Softmax and log-softmax down columns have the bits of the rows of the transposed matrix, for any number of columns,
 * stride, instruction set and number of threads, in place too; nothing between the rows is written; and refusals. */
#include "common/block.h"
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/pools.h"
#include "common/sampled.h"
#include "common/thresholds.h"

#include <stdlib.h>

enum { ROUNDS = 200, LONGEST = (1 << 18) + 2 };

typedef struct direction {
    const char *name;
    smx_status (*columns_f32)(size_t, size_t, const float *, size_t, float *, size_t, const smx_options *);
    smx_status (*columns_f64)(size_t, size_t, const double *, size_t, double *, size_t, const smx_options *);
    smx_status (*rows_f32)(size_t, size_t, const float *, size_t, float *, size_t, const smx_options *);
    smx_status (*rows_f64)(size_t, size_t, const double *, size_t, double *, size_t, const smx_options *);
} direction;

static const direction directions[] = {
    {"softmax", smx_softmax_columns_f32, smx_softmax_columns_f64, smx_softmax_f32, smx_softmax_f64},
    {"log-softmax", smx_log_softmax_columns_f32, smx_log_softmax_columns_f64, smx_log_softmax_f32, smx_log_softmax_f64},
};

static smx_status run(const direction *d, const dtype *t, size_t columns, size_t n, const void *x, size_t ldx, void *y,
                      size_t ldy, const smx_options *opt) {
    return t == &dtype_f32 ? d->columns_f32(columns, n, x, ldx, y, ldy, opt)
                           : d->columns_f64(columns, n, x, ldx, y, ldy, opt);
}

static smx_status by_columns(const direction *d, const dtype *t, const block *x, block *y, const smx_options *opt) {
    return run(d, t, x->n, x->rows, x->a, x->ld, y->a, y->ld, opt);
}

/* Column by column, each as a row. */
static void expected_of(const direction *d, const dtype *t, const block *x, void *expected, const smx_options *opt) {
    size_t n = x->rows, columns = x->n;
    void *row = elements(t, n);
    for (size_t c = 0; c < columns; c++) {
        for (size_t i = 0; i < n; i++) {
            t->store_bits(row, i, t->bits(block_element(x, i, c), 0));
        }
        assert_ok(t == &dtype_f32 ? d->rows_f32(1, n, row, n, row, n, opt) : d->rows_f64(1, n, row, n, row, n, opt));
        for (size_t i = 0; i < n; i++) {
            t->store_bits(expected, i * columns + c, t->bits(row, i));
        }
    }
    free(row);
}

static void expect(const dtype *t, const void *expected, const block *y) {
    for (size_t i = 0; i < y->rows; i++) {
        assert_same_bits(t, at_const(t, expected, i * y->n), block_element(y, i, 0), y->n);
    }
    block_check_gaps(y, "y");
}

static void check(const dtype *t, const direction *d, size_t n, size_t columns, uint64_t seed) {
    rng r = rng_seed(seed);
    smx_options opt = {.size = sizeof opt, .threads = 1};
    opt.plus_inf = rng_below(&r, 2) ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
    opt.minus_inf_row = rng_below(&r, 2) ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
    block x = block_new(t->size, n, columns, columns + rng_below(&r, 9), rng_below(&r, 9));
    block y = block_new(t->size, n, columns, columns + rng_below(&r, 9), rng_below(&r, 9));
    void *column = elements(t, n), *expected = elements(t, n * columns);
    for (size_t c = 0; c < columns; c++) {
        fill_x(t, column, n, (seed + c / 3) % FILL_X_KINDS, &r);
        for (size_t i = 0; i < n; i++) {
            t->store_bits(block_element(&x, i, c), 0, t->bits(column, i));
        }
    }
    label("%s down columns on %s, %zu columns of %zu, seed %#llx", d->name, smx_isa(), columns, n,
          (unsigned long long)seed);
    expected_of(d, t, &x, expected, &opt);
    assert_ok(by_columns(d, t, &x, &y, &opt));
    expect(t, expected, &y);
    pool workers = {.threads = 3};
    opt.threads = 5;
    opt.parallel_for = rng_below(&r, 2) ? pool_threads : NULL;
    opt.pool = &workers;
    assert_ok(by_columns(d, t, &x, &x, &opt));
    expect(t, expected, &x);
    block_free(&x), block_free(&y), free(column), free(expected);
}

static void test_columns(void **state) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (uint64_t k = 0; k < sampled(ROUNDS); k++) {
            rng r = rng_seed(0x7000000 + k);
            check(*state, &directions[k % 2], 1 + rng_below(&r, 150), 1 + rng_below(&r, 70), 0x7000000 + k);
        }
    }
}

/* Every length at which the code changes its way: one column, which is a row too, and some as many as that holds of. */
static void test_thresholds(void **state) {
    uint64_t seed = 0x7200000;
    size_t most = 2 * sampled(LONGEST); /* elements */
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; threshold_length(i) != 0 && threshold_length(i) <= LONGEST; i++) {
            rng r = rng_seed(++seed);
            size_t n = threshold_length(i), columns, some = rng_below(&r, 5);
            for (size_t k = 0; (columns = threshold_rows(k)) != 0 && columns * n <= 2 * LONGEST; k++) {
                if (columns * n <= most && (columns == 1 || k % 5 == some)) {
                    check(*state, &directions[(i + k) % 2], n, columns, seed);
                }
            }
        }
    }
    assert_ok(smx_isa_set(NULL));
}

/* Enough for threads. */
static void test_large(void **state) {
    for (size_t k = 0; k < 2; k++) {
        check(*state, &directions[k], 300, 1500, 0x7100000 + k);
    }
}

/* Few and many, narrow and tall, on one thread and on more. */
static void test_shapes(void **state) {
    static const size_t shapes[][2] = {{1, 1},  {1, 700}, {3, 5},     {7, 2},     {8, 33},   {9, 300},   {17, 64},
                                       {31, 1}, {64, 10}, {196, 100}, {37, 1100}, {2, 5000}, {150, 2300}};
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; i < 2 * (sizeof shapes / sizeof shapes[0]); i++) {
            check(*state, &directions[i % 2], shapes[i / 2][1], shapes[i / 2][0], 0x7300000 + i);
        }
    }
    assert_ok(smx_isa_set(NULL));
}

static void test_refusals(void **state) {
    const dtype *t = *state;
    void *x = elements(t, 64), *y = elements(t, 64);
    const smx_options causal = {.size = sizeof causal, .causal = SMX_CAUSAL_TOP_LEFT, .queries = 4};
    fill_canary(y, 64 * t->size);
    for (size_t i = 0; i < 2; i++) {
        const direction *d = &directions[i];
        assert_status(SMX_ERROR_NULL, run(d, t, 4, 4, NULL, 4, y, 4, NULL));
        assert_status(SMX_ERROR_NULL, run(d, t, 4, 4, x, 4, NULL, 4, NULL));
        assert_status(SMX_ERROR_STRIDE, run(d, t, 4, 4, x, 3, y, 4, NULL));
        assert_status(SMX_ERROR_STRIDE, run(d, t, 4, 4, x, 4, y, 3, NULL));
        assert_status(SMX_ERROR_SIZE, run(d, t, 4, SIZE_MAX / 8, x, 4, y, 4, NULL));
        assert_status(SMX_ERROR_OVERLAP, run(d, t, 4, 4, y, 4, at(t, y, 1), 4, NULL));
        assert_status(SMX_ERROR_OPTION, run(d, t, 4, 4, x, 4, y, 4, &causal));
        assert_ok(run(d, t, 0, 4, NULL, 0, NULL, 0, NULL));
        assert_ok(run(d, t, 4, 0, NULL, 4, NULL, 4, NULL));
    }
    assert_canary(y, 64 * t->size);
    free(x), free(y);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_columns), TEST_BOTH(test_shapes), TEST_BOTH(test_thresholds),
                                       TEST_BOTH(test_large), TEST_BOTH(test_refusals)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
