/* The parallel_for hook: any pool that runs each task once gives the same bits, whatever its order and its threads. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/pools.h"

#include <stdlib.h>
#include <string.h>

/* Shapes of a call: too few rows to share out, just enough, many; short rows and long ones. */
typedef struct shape {
    size_t rows, n;
} shape;

enum { SHAPES = 11, JACOBIAN_SHAPES = 5 };
static const shape shapes[SHAPES] = {
    {0, 5}, {1, 0}, {1, 1}, {1, 7}, {3, 5}, {2000, 3}, {1000, 101}, {65, 1024}, {7, 30011}, {3, 100003}, {1, 262145},
};

static const shape jacobian_shapes[JACOBIAN_SHAPES] = {{1, 1}, {3, 5}, {500, 10}, {1, 701}, {5, 200}};

typedef struct hook {
    const char *name;
    smx_parallel_for run;
} hook;

static const hook hooks[] = {
    {"pthreads", pool_threads},
    {"all at once", pool_all_at_once},
    {"reversed", pool_reversed},
    {"shuffled", pool_shuffled},
};
enum { HOOKS = sizeof hooks / sizeof *hooks, POOL_THREADS = 20 };

static const unsigned counts[] = {1, 3, 64};
enum { COUNTS = sizeof counts / sizeof *counts };

/* One call, its expected result (one thread, no hook) and its output. */
typedef struct subject {
    const dtype *t;
    shape s;
    size_t outputs;
    void *y, *dy, *expected, *out;
    smx_status (*call)(const struct subject *c, void *out, const smx_options *opt);
} subject;

static smx_status call_softmax(const subject *c, void *out, const smx_options *opt) {
    return c->t->softmax(c->s.rows, c->s.n, c->dy, c->s.n, out, c->s.n, opt);
}

static smx_status call_backward(const subject *c, void *out, const smx_options *opt) {
    return c->t->backward(c->s.rows, c->s.n, c->y, c->s.n, c->dy, c->s.n, out, c->s.n, opt);
}

static smx_status call_jacobian(const subject *c, void *out, const smx_options *opt) {
    return c->t->jacobian(c->s.rows, c->s.n, c->y, c->s.n, out, c->s.n, c->s.n * c->s.n, opt);
}

static subject subject_new(const dtype *t, shape s, smx_status (*call)(const subject *, void *, const smx_options *),
                           uint64_t seed) {
    subject c = {.t = t, .s = s, .call = call, .outputs = s.rows * s.n * (call == call_jacobian ? s.n : 1)};
    c.y = elements(t, s.rows * s.n), c.dy = elements(t, s.rows * s.n);
    c.expected = elements(t, c.outputs), c.out = elements(t, c.outputs);
    rng r = rng_seed(seed);
    for (size_t k = 0; k < s.rows; k++) {
        fill_backward(t, at(t, c.y, k * s.n), at(t, c.dy, k * s.n), s.n, rng_below(&r, FILL_BACKWARD_PLAIN_KINDS), &r);
    }
    smx_options one = {.size = sizeof one, .threads = 1};
    assert_ok(call(&c, c.expected, &one));
    return c;
}

static void subject_free(subject *c) { free(c->y), free(c->dy), free(c->expected), free(c->out); }

static void check_hooks(const dtype *t, shape s, smx_status (*call)(const subject *, void *, const smx_options *),
                        uint64_t seed) {
    subject c = subject_new(t, s, call, seed);
    for (size_t h = 0; h < HOOKS; h++) {
        for (size_t i = 0; i < COUNTS; i++) {
            label("hook %s on %s, %zu rows, n = %zu, %u threads, seed %#llx", hooks[h].name, smx_isa(), s.rows, s.n,
                  counts[i], (unsigned long long)seed);
            pool p = {.threads = POOL_THREADS};
            smx_options opt = {.size = sizeof opt, .threads = counts[i], .parallel_for = hooks[h].run, .pool = &p};
            fill_canary(c.out, c.outputs * t->size);
            assert_ok(call(&c, c.out, &opt));
            assert_same_bits(t, c.expected, c.out, c.outputs);
        }
    }
    subject_free(&c);
}

static void test_hooks_forward(void **state) {
    for (size_t i = 0; i < SHAPES; i++) {
        check_hooks(*state, shapes[i], call_softmax, 0x910000 + i);
    }
}

static void test_hooks_backward(void **state) {
    for (size_t i = 0; i < SHAPES; i++) {
        check_hooks(*state, shapes[i], call_backward, 0x920000 + i);
    }
}

static void test_hooks_jacobian(void **state) {
    for (size_t i = 0; i < JACOBIAN_SHAPES; i++) {
        check_hooks(*state, jacobian_shapes[i], call_jacobian, 0x930000 + i);
    }
}

/* With much to do and several threads allowed, the work must really go through the caller's pool: it is called, with
 * more than one task, and a pool that leaves one out leaves a part of the result out. */
static void check_pool_does_the_work(const dtype *t, shape s,
                                     smx_status (*call)(const subject *, void *, const smx_options *), uint64_t seed) {
    label("%zu rows, n = %zu, seed %#llx", s.rows, s.n, (unsigned long long)seed);
    subject c = subject_new(t, s, call, seed);
    pool p = {.threads = 4};
    smx_options opt = {.size = sizeof opt, .threads = 4, .parallel_for = pool_forgetful, .pool = &p};
    fill_canary(c.out, c.outputs * t->size);
    assert_ok(call(&c, c.out, &opt));
    assert_true(p.calls > 0);
    assert_true(p.largest > 1);
    assert_memory_not_equal(c.expected, c.out, c.outputs * t->size);
    subject_free(&c);
}

static void test_pool_does_the_work(void **state) {
    static const shape many_rows = {1000, 500}, one_long_row = {1, 1000000}, matrices = {100, 100};
    check_pool_does_the_work(*state, many_rows, call_softmax, 0x940000);
    check_pool_does_the_work(*state, many_rows, call_backward, 0x940001);
    check_pool_does_the_work(*state, one_long_row, call_softmax, 0x940002);
    check_pool_does_the_work(*state, one_long_row, call_backward, 0x940003);
    check_pool_does_the_work(*state, matrices, call_jacobian, 0x940004);
}

/* The library can't know how many threads a caller's pool has. */
static void test_hook_without_threads(void **state) {
    static const shape s = {100, 100};
    smx_status (*const calls[])(const subject *, void *, const smx_options *) = {call_softmax, call_backward,
                                                                                 call_jacobian};
    for (size_t i = 0; i < 3; i++) {
        label("hook with threads = 0, function %zu", i);
        subject c = subject_new(*state, s, calls[i], 0x950000);
        pool p = {.threads = 4};
        smx_options opt = {.size = sizeof opt, .threads = 0, .parallel_for = pool_threads, .pool = &p};
        fill_canary(c.out, c.outputs * c.t->size);
        assert_status(SMX_ERROR_OPTION, c.call(&c, c.out, &opt));
        assert_canary(c.out, c.outputs * c.t->size);
        assert_int_equal(p.calls, 0);
        subject_free(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_hooks_forward),      TEST_BOTH(test_hooks_backward),       TEST_BOTH(test_hooks_jacobian),
        TEST_BOTH(test_pool_does_the_work), TEST_BOTH(test_hook_without_threads),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
