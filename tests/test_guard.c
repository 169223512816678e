/* No function reads or writes a byte outside its arrays: each lies between two guard pages, once flush with the lower
 * and once with the upper one. Rows are the last elements of their matrices, so a stride's gap after them is out of
 * bounds too. */
#include "common/check.h"
#include "common/fill.h"
#include "common/guard.h"
#include "common/isas.h"
#include "common/sampled.h"
#include "common/sizes.h"

#include <string.h>

enum { LONGEST_JACOBIAN = 70 };

/* Elements from the first to the last of a matrix. */
static size_t extent(size_t rows, size_t n, size_t ld) { return rows && n ? (rows - 1) * ld + n : 0; }

static void fill_rows(const dtype *t, void *y, void *dy, size_t rows, size_t n, size_t ld, uint64_t seed) {
    rng r = rng_seed(seed);
    for (size_t k = 0; k < rows && n; k++) {
        fill_backward(t, at(t, y, k * ld), at(t, dy, k * ld), n, rng_below(&r, FILL_BACKWARD_KINDS), &r);
    }
}

static void guard_rows(const dtype *t, size_t rows, size_t n, size_t ld, flush side, uint64_t seed) {
    label("%s: %zu rows, n = %zu, stride %zu, flush with the %s", smx_isa(), rows, n, ld,
          side == FLUSH_START ? "start" : "end");
    size_t total = extent(rows, n, ld);
    guarded y = guarded_new(t, total, side), dy = guarded_new(t, total, side), out = guarded_new(t, total, side);
    fill_rows(t, y.a, dy.a, rows, n, ld, seed);
    assert_ok(t->softmax(rows, n, dy.a, ld, out.a, ld, NULL));
    assert_ok(t->backward(rows, n, y.a, ld, dy.a, ld, out.a, ld, NULL));
    if (n <= LONGEST_JACOBIAN) {
        guarded jac = guarded_new(t, rows ? extent(rows, n * ld, n * ld) - (n ? ld - n : 0) : 0, side);
        assert_ok(t->jacobian(rows, n, y.a, ld, jac.a, ld, n * ld, NULL));
        guarded_free(&jac);
    }
    assert_ok(t->backward(rows, n, y.a, ld, dy.a, ld, dy.a, ld, NULL));
    assert_ok(t->softmax(rows, n, y.a, ld, y.a, ld, NULL));
    guarded_free(&y), guarded_free(&dy), guarded_free(&out);
}

static void guard_parts(const dtype *t, size_t n, flush side, uint64_t seed) {
    label("%s: a part of %zu, flush with the %s", smx_isa(), n, side == FLUSH_START ? "start" : "end");
    guarded y = guarded_new(t, n, side), dy = guarded_new(t, n, side), out = guarded_new(t, n, side);
    fill_rows(t, y.a, dy.a, 1, n, n, seed);
    softmax_stats stats;
    assert_ok(t->part_max(n, y.a, &stats));
    assert_ok(t->part_sum(n, y.a, n, &stats, NULL));
    if (n) {
        assert_ok(t->part_finish(n, y.a, &stats, out.a, NULL));
    }
    smx_softmax_backward_stats back;
    assert_ok(t->backward_part_max(n, y.a, dy.a, &back));
    assert_ok(t->backward_part_sum(n, y.a, dy.a, n, &back));
    assert_ok(t->backward_part_finish(n, y.a, dy.a, &back, out.a));
    assert_ok(t->backward_part_finish(n, y.a, dy.a, &back, dy.a));
    guarded_free(&y), guarded_free(&dy), guarded_free(&out);
}

static void test_rows(void **state) {
    size_t step = sample_step(4);
    for (size_t i = 0; i < short_sizes_count(); i++) {
        size_t n = short_size(i);
        for (size_t rows = i % step; rows <= 3; rows += step) {
            for (flush side = FLUSH_START; side <= FLUSH_END; side++) {
                guard_rows(*state, rows, n, n, side, 0xf10000 + i);
                guard_rows(*state, rows, n, n + 1 + i % 9, side, 0xf20000 + i);
            }
        }
    }
}

/* More rows of few elements than a vector has lanes, in case several go through one. */
static void test_many_short_rows(void **state) {
    size_t step = sample_step(8);
    for (size_t n = 1; n <= 20; n++) {
        for (size_t rows = 4 + n % step; rows <= 40; rows += step) {
            guard_rows(*state, rows, n, n, rows % 2 ? FLUSH_END : FLUSH_START, 0xf30000 + 100 * n + rows);
            guard_rows(*state, rows, n, n + 3, rows % 2 ? FLUSH_START : FLUSH_END, 0xf40000 + 100 * n + rows);
        }
    }
}

static void test_parts(void **state) {
    for (size_t i = 0; i < short_sizes_count(); i++) {
        guard_parts(*state, short_size(i), FLUSH_START, 0xf50000 + i);
        guard_parts(*state, short_size(i), FLUSH_END, 0xf60000 + i);
    }
}

/* Long rows, cut over threads where there are any. */
static void test_long_rows(void **state) {
    for (size_t i = 0; i < long_sizes_count(); i += sample_step(4)) {
        guard_rows(*state, 1, long_size(i), long_size(i), i % 2 ? FLUSH_END : FLUSH_START, 0xf70000 + i);
        guard_rows(*state, 2, long_size(i), long_size(i) + 1, i % 2 ? FLUSH_START : FLUSH_END, 0xf80000 + i);
        guard_parts(*state, long_size(i), i % 2 ? FLUSH_END : FLUSH_START, 0xf90000 + i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_rows),
        TEST_BOTH(test_many_short_rows),
        TEST_BOTH(test_parts),
        TEST_BOTH(test_long_rows),
    };
    print_isas();
    guarded_report_faults();
    int failures = 0;
    for (size_t i = 0; smx_isa_available(i); i++) {
        failures += smx_isa_set(smx_isa_available(i)) != SMX_OK;
        failures += cmocka_run_group_tests_name(smx_isa_available(i), tests, NULL, NULL);
    }
    return failures;
}
