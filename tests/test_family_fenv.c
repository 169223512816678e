/* The caller's rounding mode, flushing of subnormal numbers, exception flags, traps and errno change no bit of any
 * function of the family, and are left exactly as found. */
#include "common/check.h"
#include "common/float_state.h"
#include "common/isas.h"
#include "common/pools.h"
#include "common/problem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ERRNO_CANARY = 4711, ROUNDS = 15 };

static void check_same_state(float_state expected, float_state got) {
    if (memcmp(&expected, &got, sizeof got) != 0) {
        char before[100];
        snprintf(before, sizeof before, "%s", float_state_text(expected));
        fail_msg("%s: the state was %s, and is %s", label_text(), before, float_state_text(got));
    }
}

/* No arithmetic on reals and no assertion while the state may be anything. */
static void run_under(call *c, const smx_options *opt, float_state state) {
    float_state start = float_state_current();
    errno = ERRNO_CANARY;
    float_state_apply(state);
    float_state before = float_state_current();
    smx_status status = call_run(c, opt);
    float_state after = float_state_current();
    float_state_apply(start);
    int errno_after = errno;
    assert_ok(status);
    assert_int_equal(errno_after, ERRNO_CANARY);
    check_same_state(before, after);
}

static void check_states(const function *f, const dtype *t, uint64_t seed) {
    problem p = problem_new(f, t, 0, 1 + seed % 37, 0, seed);
    call_must_run(&p.c, &p.m.opt);
    call same = call_copy(&p.c, 0, NULL);
    char before[300];
    snprintf(before, sizeof before, "%s", label_text());
    for (size_t i = 0; i < float_states(); i++) {
        label("%s: %s", before, float_state_text(float_state_number(i)));
        run_under(&same, &p.m.opt, float_state_number(i));
        call_expect_same(&p.c, &same);
    }
    call_free(&same), problem_free(&p);
}

static void test_states(void **state) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for_all_functions(*state, ROUNDS, 0x5000000, check_states);
    }
}

/* The library's threads, and a pool whose threads have an odd state of their own. */
static float_state pool_state;
static _Atomic int pool_states_changed;

static void enter_pool_thread(void) { float_state_apply(pool_state); }

static void leave_pool_thread(void) {
    float_state now = float_state_current();
    pool_states_changed += memcmp(now.word, pool_state.word, sizeof now.word) != 0;
}

static void check_threads(const function *f, const dtype *t, uint64_t seed) {
    problem p = problem_new(f, t, 900, f->arguments[1].form == FORM_MATRICES ? 40 : 101, 0, seed);
    call_must_run(&p.c, &p.m.opt);
    call same = call_copy(&p.c, 0, NULL);
    pool_state = float_state_number(seed * 7 % float_states());
    pool_states_changed = 0;
    label("%s, in threads with %s", f->name, float_state_text(pool_state));
    smx_options opt = p.m.opt;
    opt.threads = 3;
    run_under(&same, &opt, pool_state);
    call_expect_same(&p.c, &same);
    pool workers = {.threads = 3, .enter = enter_pool_thread, .leave = leave_pool_thread};
    opt.parallel_for = pool_all_at_once;
    opt.pool = &workers;
    run_under(&same, &opt, float_state_number(0));
    call_expect_same(&p.c, &same);
    assert_int_equal(pool_states_changed, 0);
    call_free(&same), problem_free(&p);
}

static void test_threads(void **state) { for_all_functions(*state, 2, 0x5100000, check_threads); }

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_states), TEST_BOTH(test_threads)};
    print_isas();
    print_float_states();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
