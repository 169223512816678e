/* The caller's rounding mode, flushing of subnormal numbers, exception flags, traps and errno change no bit of any
 * function, and are left exactly as found: in the calling thread, and in threads that the library borrows. */
#include "common/check.h"
#include "common/fill.h"
#include "common/float_state.h"
#include "common/isas.h"
#include "common/pools.h"
#include "common/problem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERRNO_CANARY = 4711, ROUNDS = 15, THREAD_ROUNDS = 4 };

static void check_same_state(float_state expected, float_state got) {
    if (memcmp(&expected, &got, sizeof got) != 0) {
        char before[100];
        snprintf(before, sizeof before, "%s", float_state_text(expected));
        fail_msg("%s: the state was %s, and is %s", label_text(), before, float_state_text(got));
    }
}

/* What is done under a state: neither arithmetic on reals nor an assertion, since the state may be anything. */
typedef smx_status task(const void *context, const smx_options *opt);

static void run_under(float_state state, task *run, const void *context, const smx_options *opt) {
    float_state start = float_state_current();
    errno = ERRNO_CANARY;
    float_state_apply(state);
    float_state before = float_state_current();
    smx_status status = run(context, opt);
    float_state after = float_state_current();
    float_state_apply(start);
    int errno_after = errno;
    assert_ok(status);
    assert_int_equal(errno_after, ERRNO_CANARY);
    check_same_state(before, after);
}

/* ---- Functions --------------------------------------------------------------------------------------------------- */

static smx_status run_call(const void *c, const smx_options *opt) { return call_run(c, opt); }

static void check_states(problem p) {
    call_must_run(&p.c, &p.m.opt);
    call same = call_copy(&p.c, 0, NULL);
    for (size_t i = 0; i < float_states(); i++) {
        char text[100];
        snprintf(text, sizeof text, ": %s", float_state_text(float_state_number(i)));
        problem_say(&p, text);
        run_under(float_state_number(i), run_call, &same, &p.m.opt);
        call_expect_same(&p.c, &same);
    }
    call_free(&same), problem_free(&p);
}

static void check_short(const function *f, const dtype *t, uint64_t seed) {
    check_states(problem_new(f, t, 0, 1 + seed % 37, 0, seed));
}

/* Every kind of input. */
static void check_kinds(const function *f, const dtype *t, uint64_t seed) {
    static const size_t lengths[] = {1, 7, 37};
    for (size_t k = 0; k < 3 * (size_t)CALL_KINDS && is_basic(f); k++) {
        check_states(problem_plain(f, t, 2, lengths[k % 3], 0, k / 3, seed + k));
    }
}

static void test_states(void **state) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for_all_functions(*state, ROUNDS, 0x5000000, check_short);
        for_all_functions(*state, 1, 0x1010000, check_kinds);
    }
    assert_ok(smx_isa_set(NULL));
}

static void check_long(const function *f, const dtype *t, uint64_t seed) {
    if (!has_matrices(f)) {
        check_states(problem_plain(f, t, 1, 5000, 0, 1 + 8 * (seed % 2), seed));
    }
}

static void test_long_row(void **state) { for_all_functions(*state, 2, 0x5200000, check_long); }

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

/* The library's threads, and a pool whose threads have an odd state of their own. */
static float_state pool_state;
static _Atomic int pool_states_changed;

static void enter_pool_thread(void) { float_state_apply(pool_state); }

static void leave_pool_thread(void) {
    float_state now = float_state_current();
    pool_states_changed += memcmp(now.word, pool_state.word, sizeof now.word) != 0;
}

/* Threads start with the state of the thread that starts them: more of them each time, so that new ones do. */
static void check_threads(problem p, unsigned threads) {
    call_must_run(&p.c, &p.m.opt);
    call same = call_copy(&p.c, 0, NULL);
    pool_state = float_state_number(p.seed * 7 % float_states());
    pool_states_changed = 0;
    char text[100];
    snprintf(text, sizeof text, ", in threads with %s", float_state_text(pool_state));
    problem_say(&p, text);
    smx_options opt = p.m.opt;
    opt.threads = threads;
    run_under(pool_state, run_call, &same, &opt);
    call_expect_same(&p.c, &same);
    pool workers = {.threads = 4, .enter = enter_pool_thread, .leave = leave_pool_thread};
    opt.parallel_for = pool_all_at_once;
    opt.pool = &workers;
    run_under(float_state_number(0), run_call, &same, &opt);
    call_expect_same(&p.c, &same);
    assert_true(workers.tasks > workers.calls);
    assert_int_equal(pool_states_changed, 0);
    call_free(&same), problem_free(&p);
}

static void check_many_rows(const function *f, const dtype *t, uint64_t seed) {
    check_threads(problem_new(f, t, 900, has_matrices(f) ? 40 : 101, 0, seed), 2 + (unsigned)(seed % THREAD_ROUNDS));
}

static void check_one_row(const function *f, const dtype *t, uint64_t seed) {
    if (is_basic(f) && !has_matrices(f)) {
        check_threads(problem_plain(f, t, 1, 100003, 0, 3 * seed % CALL_KINDS, seed),
                      2 + (unsigned)(seed % THREAD_ROUNDS));
    }
}

static void test_threads(void **state) {
    for_all_functions(*state, THREAD_ROUNDS, 0x5100000, check_many_rows);
    for_all_functions(*state, 2 * THREAD_ROUNDS, 0x5300000, check_one_row);
}

/* ---- Parts of a row ---------------------------------------------------------------------------------------------- */

/* A row, which is dy forward, and room for both results, one after the other. */
typedef struct row_of_pairs {
    const dtype *t;
    size_t n;
    void *y, *dy, *out;
} row_of_pairs;

/* The forward pass in two parts; the first bad status, if any. */
static smx_status forward_parts(const row_of_pairs *w, void *out) {
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

static smx_status backward_parts(const row_of_pairs *w, void *out) {
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

static smx_status run_parts(const void *context, const smx_options *opt) {
    const row_of_pairs *w = context;
    (void)opt;
    smx_status s = forward_parts(w, w->out);
    return s ? s : backward_parts(w, at(w->t, w->out, w->n));
}

static void check_parts(const dtype *t, size_t n, size_t kind) {
    rng r = rng_seed(0x1050000 + 100 * n + kind);
    void *expected = elements(t, 2 * n);
    row_of_pairs w = {t, n, elements(t, n), elements(t, n), expected};
    fill_backward(t, w.y, w.dy, n, kind, &r);
    assert_ok(run_parts(&w, NULL));
    w.out = elements(t, 2 * n);
    for (size_t i = 0; i < float_states(); i++) {
        label("parts of a row, %s on %s, n = %zu, %s, %s", t->name, smx_isa(), n, fill_backward_name(kind),
              float_state_text(float_state_number(i)));
        fill_canary(w.out, 2 * n * t->size);
        run_under(float_state_number(i), run_parts, &w, NULL);
        assert_same_bits(t, expected, w.out, 2 * n);
    }
    free(w.y), free(w.dy), free(w.out), free(expected);
}

static void test_parts(void **state) {
    static const size_t lengths[] = {1, 7, 37, 5000};
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (size_t k = 0; k < 4 * (size_t)FILL_BACKWARD_KINDS; k++) {
            check_parts(*state, lengths[k % 4], k / 4);
        }
    }
    assert_ok(smx_isa_set(NULL));
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

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
        TEST_BOTH(test_threads), TEST_BOTH(test_states),   TEST_BOTH(test_long_row),
        TEST_BOTH(test_parts),   TEST_BOTH(test_refusals),
    };
    print_isas();
    print_float_states();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
