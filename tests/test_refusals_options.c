/* The options of a call: sizes of the struct from other versions, unknown values, and that a refused call writes
 * nothing. Every function that takes options refuses the same ones. */
#include "common/arena.h"
#include "common/check.h"
#include "common/pools.h"

#include <stddef.h>
#include <string.h>

enum { N = 6 };

typedef struct function {
    const char *name;
    smx_status (*run)(arena *m, const smx_options *opt);
} function;

static smx_status run_softmax(arena *m, const smx_options *opt) {
    return m->t->softmax(2, N, arena_at(m, 0), N, arena_at(m, 100), N, opt);
}

static smx_status run_backward(arena *m, const smx_options *opt) {
    return m->t->backward(2, N, arena_at(m, 0), N, arena_at(m, 100), N, arena_at(m, 200), N, opt);
}

static smx_status run_jacobian(arena *m, const smx_options *opt) {
    return m->t->jacobian(2, N, arena_at(m, 0), N, arena_at(m, 100), N, N * N, opt);
}

/* The statistics lie in the arena, so that it shows when a refused call writes them. */
static smx_status run_part_sum(arena *m, const smx_options *opt) {
    return m->t->part_sum(N, arena_at(m, 0), N, arena_at(m, 400), opt);
}

static smx_status run_part_finish(arena *m, const smx_options *opt) {
    softmax_stats stats;
    assert_ok(m->t->part_max(N, arena_at(m, 0), &stats));
    assert_ok(m->t->part_sum(N, arena_at(m, 0), N, &stats, NULL));
    return m->t->part_finish(N, arena_at(m, 0), &stats, arena_at(m, 100), opt);
}

static const function functions[] = {
    {"softmax", run_softmax},   {"backward", run_backward},       {"jacobian", run_jacobian},
    {"part_sum", run_part_sum}, {"part_finish", run_part_finish},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* A struct of a later version. */
typedef struct longer_options {
    smx_options known;
    unsigned char unknown[24];
} longer_options;

static void expect(const dtype *t, const smx_options *opt, smx_status wanted, const char *what) {
    arena m;
    arena_init(&m, t);
    for (size_t i = 0; i < FUNCTIONS; i++) {
        label("%s %s, options: %s", functions[i].name, t->name, what);
        arena_expect(&m, wanted, functions[i].run(&m, opt));
    }
}

static smx_options defaults(void) {
    smx_options opt = {.size = sizeof opt};
    return opt;
}

static void test_defaults(void **state) {
    smx_options opt = defaults();
    expect(*state, NULL, SMX_OK, "null");
    expect(*state, &opt, SMX_OK, "all defaults");
    opt.threads = 3;
    expect(*state, &opt, SMX_OK, "three threads");
    opt.threads = ~0u;
    expect(*state, &opt, SMX_OK, "as many threads as the type can say");
}

static void test_unknown_values(void **state) {
    static const int values[] = {2, 3, 100, 256, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        smx_options opt = defaults();
        memcpy(&opt.plus_inf, &values[i], sizeof values[i]);
        expect(*state, &opt, SMX_ERROR_OPTION, "an unknown plus_inf");
        opt = defaults();
        memcpy(&opt.minus_inf_row, &values[i], sizeof values[i]);
        expect(*state, &opt, SMX_ERROR_OPTION, "an unknown minus_inf_row");
    }
}

static void test_size_too_small(void **state) {
    for (size_t size = 0; size < sizeof(size_t); size++) {
        smx_options opt = defaults();
        opt.size = size;
        expect(*state, &opt, SMX_ERROR_OPTION, "a size smaller than itself");
    }
}

/* What a shorter struct lacks is not looked at: here it holds what would be refused. */
static void test_shorter(void **state) {
    static const size_t sizes[] = {sizeof(size_t), offsetof(smx_options, minus_inf_row), offsetof(smx_options, threads),
                                   offsetof(smx_options, parallel_for), offsetof(smx_options, pool)};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        smx_options opt = defaults();
        opt.size = sizes[i];
        memset((unsigned char *)&opt + sizes[i], 0xff, sizeof opt - sizes[i]);
        expect(*state, &opt, SMX_OK, "a shorter struct");
    }
}

/* A shorter struct's own fields count, as far as they go. */
static void test_shorter_counts(void **state) {
    smx_options opt = defaults();
    opt.size = offsetof(smx_options, threads);
    memset(&opt.minus_inf_row, 0xff, sizeof opt.minus_inf_row);
    expect(*state, &opt, SMX_ERROR_OPTION, "a shorter struct with an unknown minus_inf_row");
    opt = defaults();
    opt.size = offsetof(smx_options, pool);
    opt.parallel_for = pool_threads;
    expect(*state, &opt, SMX_ERROR_OPTION, "a shorter struct with a hook and no threads");
}

static void test_longer(void **state) {
    longer_options opt;
    memset(&opt, 0, sizeof opt);
    for (size_t extra = 1; extra <= sizeof opt.unknown; extra++) {
        opt.known.size = sizeof(smx_options) + extra;
        expect(*state, &opt.known, SMX_OK, "a longer struct, the rest zero");
        opt.unknown[extra - 1] = 1;
        expect(*state, &opt.known, SMX_ERROR_OPTION, "a longer struct, its last byte not zero");
        opt.known.size--;
        expect(*state, &opt.known, SMX_OK, "a longer struct, a byte past it not zero");
        opt.unknown[extra - 1] = 0;
    }
    opt.known.size = sizeof opt;
    opt.unknown[0] = 0x80;
    expect(*state, &opt.known, SMX_ERROR_OPTION, "a longer struct, its first unknown byte not zero");
}

static void test_hook_without_threads(void **state) {
    smx_options opt = defaults();
    opt.parallel_for = pool_threads;
    expect(*state, &opt, SMX_ERROR_OPTION, "a hook and no threads");
}

/* The policies are taken from the struct, not from the defaults: their effect shows. */
static void test_policies_are_read(void **state) {
    const dtype *t = *state;
    double x[2], y[2];
    t->store_bits(x, 0, t->size == sizeof(float) ? 0x7f800000u : 0x7ff0000000000000u);
    t->store(x, 1, 1);
    smx_options opt = defaults();
    opt.plus_inf = SMX_PLUS_INF_LIMIT;
    label("policy in a whole struct and in one that ends after it");
    for (int i = 0; i < 2; i++) {
        assert_ok(t->softmax(1, 2, x, 2, y, 2, &opt));
        assert_true(t->load(y, 0) == 1 && t->load(y, 1) == 0);
        opt.size = offsetof(smx_options, minus_inf_row);
    }
    opt.size = sizeof(size_t);
    assert_ok(t->softmax(1, 2, x, 2, y, 2, &opt));
    assert_element_bits(t, y, 0, canonical_nan(t));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_defaults),
        TEST_BOTH(test_unknown_values),
        TEST_BOTH(test_size_too_small),
        TEST_BOTH(test_shorter),
        TEST_BOTH(test_shorter_counts),
        TEST_BOTH(test_longer),
        TEST_BOTH(test_hook_without_threads),
        TEST_BOTH(test_policies_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
