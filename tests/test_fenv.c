/* The caller's rounding mode, flushing of subnormal numbers, exception flags, traps and errno change no bit, and are
 * left exactly as found: in the calling thread, and in threads that the library borrows. */
#include "common/check.h"
#include "common/fill.h"
#include "common/float_state.h"
#include "common/isas.h"
#include "common/pools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERRNO_CANARY = 4711 };

/* Everything the library computes, on a few rows: inputs, and room for all results one after the other. */
typedef struct work {
    const dtype *t;
    size_t rows, n, results;
    void *y, *dy;
} work;

static work work_new(const dtype *t, size_t rows, size_t n, size_t kind, uint64_t seed) {
    work w = {t, rows, n, rows * n * 2 + n * 2 + (n < 100 ? rows * n * n : 0), NULL, NULL};
    w.y = elements(t, rows * n), w.dy = elements(t, rows * n);
    rng r = rng_seed(seed);
    for (size_t k = 0; k < rows; k++) {
        fill_backward(t, at(t, w.y, k * n), at(t, w.dy, k * n), n, (kind + k) % FILL_BACKWARD_KINDS, &r);
    }
    return w;
}

static void work_free(work *w) { free(w->y), free(w->dy); }

/* The forward pass in two parts; the first bad status, if any. */
static smx_status forward_parts(const work *w, void *out) {
    const dtype *t = w->t;
    size_t cut = w->n / 3, rest = w->n - cut;
    const void *x = w->dy;
    softmax_stats a, b;
    smx_status s = t->part_max(cut, x, &a);
    s = s ? s : t->part_max(rest, at_const(t, x, cut), &b);
    s = s ? s : t->stats_merge(&a, &b);
    b = a;
    s = s ? s : t->part_sum(cut, x, w->n, &a, NULL);
    s = s ? s : t->part_sum(rest, at_const(t, x, cut), w->n, &b, NULL);
    s = s ? s : t->stats_merge(&a, &b);
    s = s ? s : t->part_finish(cut, x, &a, out, NULL);
    return s ? s : t->part_finish(rest, at_const(t, x, cut), &a, at(t, out, cut), NULL);
}

static smx_status backward_parts(const work *w, void *out) {
    const dtype *t = w->t;
    size_t cut = w->n / 3, rest = w->n - cut;
    const void *y2 = at_const(t, w->y, cut), *dy2 = at_const(t, w->dy, cut);
    smx_softmax_backward_stats a, b;
    smx_status s = t->backward_part_max(cut, w->y, w->dy, &a);
    s = s ? s : t->backward_part_max(rest, y2, dy2, &b);
    s = s ? s : smx_softmax_backward_stats_merge(&a, &b);
    b = a;
    s = s ? s : t->backward_part_sum(cut, w->y, w->dy, w->n, &a);
    s = s ? s : t->backward_part_sum(rest, y2, dy2, w->n, &b);
    s = s ? s : smx_softmax_backward_stats_merge(&a, &b);
    s = s ? s : t->backward_part_finish(cut, w->y, w->dy, &a, out);
    return s ? s : t->backward_part_finish(rest, y2, dy2, &a, at(t, out, cut));
}

/* No arithmetic on reals and no assertion in here: the state may be anything. */
static smx_status work_run(const work *w, const smx_options *opt, void *out) {
    const dtype *t = w->t;
    size_t total = w->rows * w->n;
    smx_status s = t->softmax(w->rows, w->n, w->dy, w->n, out, w->n, opt);
    s = s ? s : t->backward(w->rows, w->n, w->y, w->n, w->dy, w->n, at(t, out, total), w->n, opt);
    s = s ? s : forward_parts(w, at(t, out, 2 * total));
    s = s ? s : backward_parts(w, at(t, out, 2 * total + w->n));
    if (w->results > 2 * total + 2 * w->n) {
        void *jac = at(t, out, 2 * total + 2 * w->n);
        s = s ? s : t->jacobian(w->rows, w->n, w->y, w->n, jac, w->n, w->n * w->n, opt);
    }
    return s;
}

static void check_same_state(float_state expected, float_state got) {
    if (memcmp(&expected, &got, sizeof got) != 0) {
        char before[100];
        snprintf(before, sizeof before, "%s", float_state_text(expected));
        fail_msg("%s: the state was %s, and is %s", label_text(), before, float_state_text(got));
    }
}

/* The work under a state: same bits as `expected`, and the state and errno as before. */
static void check_work(const work *w, const smx_options *opt, float_state state, const void *expected, void *out) {
    fill_canary(out, w->results * w->t->size);
    float_state start = float_state_current();
    errno = ERRNO_CANARY;
    float_state_apply(state);
    float_state before = float_state_current();
    smx_status status = work_run(w, opt, out);
    float_state after = float_state_current();
    float_state_apply(start);
    int errno_after = errno;
    assert_ok(status);
    assert_int_equal(errno_after, ERRNO_CANARY);
    check_same_state(before, after);
    assert_same_bits(w->t, expected, out, w->results);
}

static void check_all_states(const dtype *t, size_t rows, size_t n, size_t kind, const smx_options *opt) {
    work w = work_new(t, rows, n, kind, 0x1010000 + 100 * n + kind);
    void *expected = elements(t, w.results), *out = elements(t, w.results);
    assert_ok(work_run(&w, NULL, expected));
    for (size_t i = 0; i < float_states(); i++) {
        label("%s on %s, n = %zu, %s, %s", t->name, smx_isa(), n, fill_backward_name(kind),
              float_state_text(float_state_number(i)));
        check_work(&w, opt, float_state_number(i), expected, out);
    }
    work_free(&w), free(expected), free(out);
}

static void test_one_thread(void **state) {
    static const size_t lengths[] = {1, 7, 37};
    smx_options one = {.size = sizeof one, .threads = 1};
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            for (size_t kind = 0; kind < FILL_BACKWARD_KINDS; kind++) {
                check_all_states(*state, 2, lengths[k], kind, &one);
            }
        }
    }
}

static void test_long_row(void **state) {
    smx_options one = {.size = sizeof one, .threads = 1};
    check_all_states(*state, 1, 5000, 1, &one);
    check_all_states(*state, 1, 5000, 9, &one);
}

/* Threads start with the state of the thread that starts them: more of them each time, so that new ones do. */
static void test_new_threads(void **state) {
    for (unsigned threads = 2; threads < 6; threads++) {
        smx_options opt = {.size = sizeof opt, .threads = threads};
        for (size_t kind = 0; kind < FILL_BACKWARD_KINDS; kind += 3) {
            work few = work_new(*state, 1, 70001, kind, 0x1020000 + kind);
            work many = work_new(*state, 700, 97, kind, 0x1030000 + kind);
            const work *const works[] = {&few, &many};
            for (size_t k = 0; k < 2; k++) {
                void *expected = elements(*state, works[k]->results), *out = elements(*state, works[k]->results);
                smx_options one = {.size = sizeof one, .threads = 1};
                assert_ok(work_run(works[k], &one, expected));
                float_state odd = float_state_number(float_states() - 1 - kind % 4);
                label("%u threads started with %s", threads, float_state_text(odd));
                check_work(works[k], &opt, odd, expected, out);
                free(expected), free(out);
            }
            work_free(&few), work_free(&many);
        }
    }
}

/* A caller's pool whose threads each have an odd state of their own. */
static float_state pool_state;
static _Atomic int pool_states_changed;

static void enter_pool_thread(void) { float_state_apply(pool_state); }

static void leave_pool_thread(void) {
    float_state now = float_state_current();
    if (memcmp(now.word, pool_state.word, sizeof now.word) != 0) {
        pool_states_changed++;
    }
}

static void test_pool_threads(void **state) {
    for (size_t i = 0; i < float_states(); i += 3) {
        work w = work_new(*state, i % 2 ? 1 : 1000, i % 2 ? 100003 : 101, i % FILL_BACKWARD_KINDS, 0x1040000 + i);
        void *expected = elements(*state, w.results), *out = elements(*state, w.results);
        smx_options one = {.size = sizeof one, .threads = 1};
        assert_ok(work_run(&w, &one, expected));
        pool p = {.threads = 4, .enter = enter_pool_thread, .leave = leave_pool_thread};
        smx_options opt = {.size = sizeof opt, .threads = 4, .parallel_for = pool_all_at_once, .pool = &p};
        pool_state = float_state_number(i);
        pool_states_changed = 0;
        label("a pool with %s", float_state_text(pool_state));
        check_work(&w, &opt, float_state_number(0), expected, out);
        assert_true(p.tasks > p.calls);
        assert_int_equal(pool_states_changed, 0);
        work_free(&w), free(expected), free(out);
    }
}

/* Refusals and questions leave them alone too. */
static void test_refusals(void **state) {
    const dtype *t = *state;
    double y[4] = {0};
    for (size_t i = 0; i < float_states(); i++) {
        label("refusals with %s", float_state_text(float_state_number(i)));
        float_state start = float_state_current();
        errno = ERRNO_CANARY;
        float_state_apply(float_state_number(i));
        float_state before = float_state_current();
        smx_status null = t->softmax(1, 4, NULL, 4, y, 4, NULL);
        smx_status stride = t->backward(1, 4, y, 3, y, 4, y, 4, NULL);
        smx_status isa = smx_isa_set("bogus");
        const char *text = smx_status_str(null), *name = smx_isa();
        float_state after = float_state_current();
        float_state_apply(start);
        int errno_after = errno;
        assert_int_equal(errno_after, ERRNO_CANARY);
        check_same_state(before, after);
        assert_true(null == SMX_ERROR_NULL && stride == SMX_ERROR_STRIDE && isa == SMX_ERROR_ISA && text && name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_new_threads),  TEST_BOTH(test_one_thread), TEST_BOTH(test_long_row),
        TEST_BOTH(test_pool_threads), TEST_BOTH(test_refusals),
    };
    print_isas();
    print_float_states();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
