/* What the functions on parts of a row refuse, with which status, and that a refused call writes nothing. */
#include "common/arena.h"
#include "common/check.h"

#include <string.h>

enum { N = 8 };

/* Statistics of the N elements at the arena's start, and of N pairs with those from 100 on. */
static softmax_stats stats_of(arena *m) {
    softmax_stats stats;
    assert_ok(m->t->part_max(N, arena_at(m, 0), &stats));
    assert_ok(m->t->part_sum(N, arena_at(m, 0), N, &stats, NULL));
    return stats;
}

static smx_softmax_backward_stats backward_stats_of(arena *m) {
    smx_softmax_backward_stats stats;
    assert_ok(m->t->backward_part_max(N, arena_at(m, 0), arena_at(m, 100), &stats));
    assert_ok(m->t->backward_part_sum(N, arena_at(m, 0), arena_at(m, 100), N, &stats));
    return stats;
}

static void test_null(void **state) {
    arena m;
    arena_init(&m, *state);
    const dtype *t = m.t;
    softmax_stats stats = stats_of(&m), before = stats;
    void *x = arena_at(&m, 0), *y = arena_at(&m, 100);
    label("null pointers to a part");
    arena_expect(&m, SMX_ERROR_NULL, t->part_max(N, NULL, &stats));
    arena_expect(&m, SMX_ERROR_NULL, t->part_max(N, x, NULL));
    arena_expect(&m, SMX_ERROR_NULL, t->part_max(0, x, NULL));
    arena_expect(&m, SMX_ERROR_NULL, t->part_sum(N, NULL, N, &stats, NULL));
    arena_expect(&m, SMX_ERROR_NULL, t->part_sum(N, x, N, NULL, NULL));
    arena_expect(&m, SMX_ERROR_NULL, t->part_finish(N, NULL, &stats, y, NULL));
    arena_expect(&m, SMX_ERROR_NULL, t->part_finish(N, x, NULL, y, NULL));
    arena_expect(&m, SMX_ERROR_NULL, t->part_finish(N, x, &stats, NULL, NULL));
    arena_expect(&m, SMX_ERROR_NULL, t->stats_merge(NULL, &stats));
    arena_expect(&m, SMX_ERROR_NULL, t->stats_merge(&stats, NULL));
    assert_memory_equal(&stats, &before, sizeof stats);
    arena_expect(&m, SMX_OK, t->part_finish(0, NULL, &stats, NULL, NULL));
    arena_expect(&m, SMX_OK, t->part_sum(0, NULL, N, &stats, NULL));
    arena_expect(&m, SMX_OK, t->part_max(0, NULL, &stats));
}

static void test_backward_null(void **state) {
    arena m;
    arena_init(&m, *state);
    const dtype *t = m.t;
    smx_softmax_backward_stats stats = backward_stats_of(&m), before = stats;
    void *y = arena_at(&m, 0), *dy = arena_at(&m, 100), *dx = arena_at(&m, 200);
    label("null pointers to a part, backward");
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_max(N, NULL, dy, &stats));
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_max(N, y, NULL, &stats));
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_max(N, y, dy, NULL));
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_sum(N, NULL, dy, N, &stats));
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_sum(N, y, NULL, N, &stats));
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_sum(N, y, dy, N, NULL));
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_finish(N, NULL, dy, &stats, dx));
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_finish(N, y, NULL, &stats, dx));
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_finish(N, y, dy, NULL, dx));
    arena_expect(&m, SMX_ERROR_NULL, t->backward_part_finish(N, y, dy, &stats, NULL));
    arena_expect(&m, SMX_ERROR_NULL, smx_softmax_backward_stats_merge(NULL, &stats));
    arena_expect(&m, SMX_ERROR_NULL, smx_softmax_backward_stats_merge(&stats, NULL));
    assert_memory_equal(&stats, &before, sizeof stats);
    arena_expect(&m, SMX_OK, t->backward_part_finish(0, NULL, NULL, &stats, NULL));
    arena_expect(&m, SMX_OK, t->backward_part_sum(0, NULL, NULL, N, &stats));
    arena_expect(&m, SMX_OK, t->backward_part_max(0, NULL, NULL, &stats));
}

static void test_size(void **state) {
    arena m;
    arena_init(&m, *state);
    const dtype *t = m.t;
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX / t->size + 1, SIZE_MAX / t->size + 2};
    void *x = arena_at(&m, 0), *y = arena_at(&m, 100), *dx = arena_at(&m, 200);
    softmax_stats stats = stats_of(&m), before = stats;
    smx_softmax_backward_stats back = backward_stats_of(&m), back_before = back;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        label("a part of %#zx elements", sizes[i]);
        arena_expect(&m, SMX_ERROR_SIZE, t->part_max(sizes[i], x, &stats));
        arena_expect(&m, SMX_ERROR_SIZE, t->part_sum(sizes[i], x, SIZE_MAX, &stats, NULL));
        arena_expect(&m, SMX_ERROR_SIZE, t->part_finish(sizes[i], x, &stats, y, NULL));
        arena_expect(&m, SMX_ERROR_SIZE, t->backward_part_max(sizes[i], x, y, &back));
        arena_expect(&m, SMX_ERROR_SIZE, t->backward_part_sum(sizes[i], x, y, SIZE_MAX, &back));
        arena_expect(&m, SMX_ERROR_SIZE, t->backward_part_finish(sizes[i], x, y, &back, dx));
    }
    label("a part longer than its row");
    const size_t longest = (size_t)1 << 36; /* row that is summed */
    softmax_stats none;
    assert_ok(t->part_max(0, NULL, &none));
    assert_ok(t->part_sum(0, NULL, longest, &none, NULL));
    arena_expect(&m, SMX_ERROR_SIZE, t->part_sum(0, x, longest + 1, &stats, NULL));
    arena_expect(&m, SMX_ERROR_SIZE, t->backward_part_sum(0, x, y, longest + 1, &back));
    arena_expect(&m, SMX_ERROR_SIZE, t->part_sum(N, x, N - 1, &stats, NULL));
    arena_expect(&m, SMX_ERROR_SIZE, t->part_sum(N, x, 0, &stats, NULL));
    arena_expect(&m, SMX_ERROR_SIZE, t->backward_part_sum(N, x, y, N - 1, &back));
    assert_memory_equal(&stats, &before, sizeof stats);
    assert_memory_equal(&back, &back_before, sizeof back);
}

static void test_overlap(void **state) {
    arena m;
    arena_init(&m, *state);
    const dtype *t = m.t;
    softmax_stats stats = stats_of(&m);
    smx_softmax_backward_stats back = backward_stats_of(&m);
    for (ptrdiff_t ahead = -2 * N; ahead <= 2 * N; ahead++) {
        label("the output %td elements from the input", ahead);
        smx_status wanted = ahead > -N && ahead < N && ahead != 0 ? SMX_ERROR_OVERLAP : SMX_OK;
        void *in = arena_at(&m, 300), *out = arena_at(&m, (size_t)(300 + ahead)), *other = arena_at(&m, 500);
        arena_expect(&m, wanted, t->part_finish(N, in, &stats, out, NULL));
        arena_expect(&m, wanted, t->backward_part_finish(N, in, other, &back, out));
        arena_expect(&m, wanted, t->backward_part_finish(N, other, in, &back, out));
        arena_expect(&m, wanted, t->backward_part_finish(N, in, out, &back, out));
        arena_expect(&m, SMX_OK, t->backward_part_finish(N, in, out, &back, other));
    }
}

/* Sums relative to different maxima cannot be added; maxima alone can be merged. */
static void test_merge(void **state) {
    const dtype *t = *state;
    double low[] = {0, 0, 0, 0}, high[] = {0, 0, 0, 0};
    for (size_t i = 0; i < 4; i++) {
        t->store(low, i, 1.0 + (double)i);
        t->store(high, i, 2.0 + (double)i);
    }
    softmax_stats a, b;
    label("merge");
    assert_ok(t->part_max(4, low, &a));
    assert_ok(t->part_max(4, high, &b));
    assert_ok(t->part_sum(4, low, 8, &a, NULL));
    assert_ok(t->part_sum(4, high, 8, &b, NULL));
    softmax_stats a_before = a, b_before = b;
    assert_status(SMX_ERROR_STATS, t->stats_merge(&a, &b));
    assert_memory_equal(&a, &a_before, sizeof a);
    assert_status(SMX_ERROR_STATS, t->stats_merge(&b, &a));
    assert_memory_equal(&b, &b_before, sizeof b);
    assert_ok(t->part_max(4, low, &a));
    assert_status(SMX_ERROR_STATS, t->stats_merge(&a, &b_before)); /* a maximum below a sum's, but not of its row */
    assert_ok(t->part_max(4, high, &b));
    assert_ok(t->stats_merge(&a, &b));
    assert_same_bits(t, &b, &a, 1);
}

static void test_backward_merge(void **state) {
    const dtype *t = *state;
    double y[4], low[4], high[4];
    for (size_t i = 0; i < 4; i++) {
        t->store(y, i, 0.25);
        t->store(low, i, 1.0);
        t->store(high, i, 1024.0);
    }
    smx_softmax_backward_stats a, b;
    label("backward merge");
    assert_ok(t->backward_part_max(4, y, low, &a));
    assert_ok(t->backward_part_max(4, y, high, &b));
    assert_int_not_equal(a.exponent, b.exponent);
    assert_ok(t->backward_part_sum(4, y, low, 8, &a));
    assert_ok(t->backward_part_sum(4, y, high, 8, &b));
    smx_softmax_backward_stats before = a;
    assert_status(SMX_ERROR_STATS, smx_softmax_backward_stats_merge(&a, &b));
    assert_memory_equal(&a, &before, sizeof a);
    assert_ok(t->backward_part_max(4, y, low, &a));
    assert_ok(t->backward_part_max(4, y, high, &b));
    assert_ok(smx_softmax_backward_stats_merge(&a, &b));
    assert_int_equal(a.exponent, b.exponent);
}

/* Statistics that no row has: a sum of no terms or of less, and exponents out of the range of products. */
static void test_stats_of_no_row(void **state) {
    arena m;
    arena_init(&m, *state);
    const dtype *t = m.t;
    void *x = arena_at(&m, 0), *y = arena_at(&m, 100), *dx = arena_at(&m, 200);
    softmax_stats stats;
    label("a finite maximum and a sum of 0");
    assert_ok(t->part_max(N, x, &stats));
    arena_expect(&m, SMX_ERROR_STATS, t->part_finish(N, x, &stats, y, NULL));
    stats = stats_of(&m);
    for (int k = 0; k < 4; k++) {
        t->stats_sum(&stats)[k] *= -1;
    }
    label("a negative sum");
    arena_expect(&m, SMX_ERROR_STATS, t->part_finish(N, x, &stats, y, NULL));
    static const int32_t exponents[] = {INT32_MIN + 1, -100000, 100000, INT32_MAX - 1};
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        smx_softmax_backward_stats back = backward_stats_of(&m), before;
        back.exponent = exponents[i];
        before = back;
        label("exponent %d", (int)exponents[i]);
        arena_expect(&m, SMX_ERROR_STATS, t->backward_part_sum(N, x, y, N, &back));
        arena_expect(&m, SMX_ERROR_STATS, t->backward_part_finish(N, x, y, &back, dx));
        assert_memory_equal(&back, &before, sizeof back);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_null),
        TEST_BOTH(test_backward_null),
        TEST_BOTH(test_size),
        TEST_BOTH(test_overlap),
        TEST_BOTH(test_merge),
        TEST_BOTH(test_backward_merge),
        TEST_BOTH(test_stats_of_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
