/* The options of a call: sizes of the struct from other versions, unknown values, and that a refused call writes
 * nothing. Every function that takes options refuses the same ones, and those that it does not take. */
#include "common/arena.h"
#include "common/check.h"
#include "common/pools.h"
#include "common/problem.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { ROWS = 3, N = 6 };

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

/* A struct of a later version. */
typedef struct longer_options {
    smx_options known;
    unsigned char unknown[24];
} longer_options;

/* Whether a scale for each row can be told to functions that need one. */
static bool holds_scale(const smx_options *opt) { return opt && opt->size >= offsetof(smx_options, add); }

static void expect_of_function(const function *f, const dtype *t, smx_options *opt, smx_status wanted,
                               const char *what) {
    rng r = rng_seed(0x6800000);
    double scale[ROWS];
    call c = call_new(f, t, ROWS, N, 0, NULL);
    call_fill(&c, 0, &r);
    if (f->needs) {
        for (size_t k = 0; k < ROWS; k++) {
            t->store(scale, k, 1);
        }
        opt->scale = scale, opt->scale_stride = 1;
    }
    label("%s %s, options: %s", f->name, t->name, what);
    assert_status(wanted, call_run(&c, opt));
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        block erased = c.b[i];
        if (wanted != SMX_OK && argument_is_output(&f->arguments[i])) {
            erased.rows = 0; /* all of it is a gap still */
            block_check_gaps(&erased, f->arguments[i].name);
        }
    }
    if (f->needs) {
        opt->scale = NULL, opt->scale_stride = 0;
    }
    call_free(&c);
}

static void expect(const dtype *t, smx_options *opt, smx_status wanted, const char *what) {
    arena m;
    arena_init(&m, t);
    for (size_t i = 0; i < functions_count; i++) {
        if (!functions[i].needs || holds_scale(opt)) {
            expect_of_function(&functions[i], t, opt, wanted, what);
        }
    }
    label("parts of a row, %s, options: %s", t->name, what);
    arena_expect(&m, wanted, run_part_sum(&m, opt));
    arena_expect(&m, wanted, run_part_finish(&m, opt));
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
    static const size_t sizes[] = {sizeof(size_t),
                                   offsetof(smx_options, minus_inf_row),
                                   offsetof(smx_options, threads),
                                   offsetof(smx_options, parallel_for),
                                   offsetof(smx_options, pool),
                                   offsetof(smx_options, scale),
                                   offsetof(smx_options, lengths),
                                   offsetof(smx_options, softcap),
                                   offsetof(smx_options, use_window),
                                   offsetof(smx_options, alibi),
                                   offsetof(smx_options, sink)};
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

/* Options that change the logits, each alone. */
enum { ASKING = 9 };
static const struct {
    const char *name;
    int option;
} askings[ASKING] = {{"options.scale", OPTION_SCALE | OPTION_SCALE_ROWS},
                     {"options.add", OPTION_ADD},
                     {"options.keep", OPTION_KEEP},
                     {"options.lengths", OPTION_LENGTHS},
                     {"options.causal", OPTION_CAUSAL},
                     {"options.use_window", OPTION_WINDOW},
                     {"options.softcap", OPTION_SOFTCAP},
                     {"options.alibi", OPTION_ALIBI},
                     {"options.sink", OPTION_SINK}};

static smx_options asking(int which, const void *ones) {
    smx_options opt = {.size = sizeof opt};
    opt.scale = which == 0 ? ones : NULL;
    opt.add = which == 1 ? ones : NULL;
    opt.keep = which == 2 ? ones : NULL;
    opt.lengths = which == 3 ? ones : NULL;
    opt.add_ld = opt.keep_ld = which == 1 || which == 2 ? N : 0;
    opt.causal = which == 4 ? SMX_CAUSAL_TOP_LEFT : SMX_CAUSAL_NONE;
    opt.use_window = which == 5;
    opt.softcap = which == 6 ? 30 : 0;
    opt.alibi = which == 7 ? ones : NULL;
    opt.sink = which == 8 ? ones : NULL;
    opt.queries = which == 4 || which == 5 || which == 7;
    return opt;
}

static smx_status columns(const dtype *t, int logarithm, const void *x, void *y, const smx_options *opt) {
    if (t == &dtype_f32) {
        return (logarithm ? smx_log_softmax_columns_f32 : smx_softmax_columns_f32)(N, ROWS, x, N, y, N, opt);
    }
    return (logarithm ? smx_log_softmax_columns_f64 : smx_softmax_columns_f64)(N, ROWS, x, N, y, N, opt);
}

static void test_none_taken(void **state) {
    const dtype *t = *state;
    double x[ROWS * N] = {0}, y[ROWS * N], jac[ROWS * N * N];
    int64_t ones[ROWS * N];
    softmax_stats stats, before;
    assert_ok(t->part_max(N, x, &stats));
    assert_ok(t->part_sum(N, x, N, &stats, NULL));
    before = stats;
    for (int which = 0; which < ASKING; which++) {
        for (size_t i = 0; i < (size_t)ROWS * N; i++) {
            ones[i] = 1;
        }
        if (which < 2 || which > 6) {
            t->store(ones, 0, 1);
        }
        smx_options opt = asking(which, ones);
        fill_canary(y, sizeof y), fill_canary(jac, sizeof jac);
        const char *name = askings[which].name;
        label("%s: %s, where it is not taken", t->name, name);
        assert_refused_for(SMX_ERROR_OPTION, name, t->jacobian(ROWS, N, x, N, jac, N, (size_t)N * N, &opt));
        assert_refused_for(SMX_ERROR_OPTION, name, t->part_sum(N, x, N, &stats, &opt));
        assert_refused_for(SMX_ERROR_OPTION, name, t->part_finish(N, x, &stats, y, &opt));
        assert_refused_for(SMX_ERROR_OPTION, name, columns(t, 0, x, y, &opt));
        assert_refused_for(SMX_ERROR_OPTION, name, columns(t, 1, x, y, &opt));
        assert_canary(y, sizeof y), assert_canary(jac, sizeof jac);
        assert_memory_equal(&stats, &before, sizeof stats);
    }
}

/* Each function and each option: refused by its name unless the table of functions says that it is taken. */
static void test_taken(void **state) {
    const dtype *t = *state;
    for (size_t i = 0; i < functions_count; i++) {
        const function *f = &functions[i];
        for (int which = f->needs != 0; which < ASKING; which++) { /* a needed scale comes from expect_of_function */
            int64_t ones[ROWS * N];
            for (size_t k = 0; k < (size_t)ROWS * N; k++) {
                ones[k] = 1;
            }
            if (which < 2 || which > 6) {
                for (size_t k = 0; k < (size_t)ROWS * N; k++) {
                    t->store(ones, k, 1);
                }
            }
            smx_options opt = asking(which, ones);
            bool taken = (f->takes & askings[which].option) != 0;
            expect_of_function(f, t, &opt, taken ? SMX_OK : SMX_ERROR_OPTION, askings[which].name);
            if (!taken) {
                bool second =
                    f->ce.softcap != 0 && askings[which].option == OPTION_SOFTCAP; /* cross-entropy has its own */
                assert_string_equal(smx_refused(), second ? "softcap" : askings[which].name);
            }
        }
    }
}

static void expect_refused_for(const dtype *t, const smx_options *opt, const char *name) {
    double x[ROWS * N] = {0}, y[ROWS * N];
    label("%s: %s that is out of range", t->name, name);
    fill_canary(y, sizeof y);
    assert_refused_for(SMX_ERROR_OPTION, name, t->softmax(ROWS, N, x, N, y, N, opt));
    assert_canary(y, sizeof y);
}

/* A softcap outside of [2^-10, 2^15]. */
static void test_softcap_range(void **state) {
    const dtype *t = *state;
    static const double bad[] = {0x1.fffffffffffffp-11, 0x1.0000000000001p15, -30, -0x1p-1000, 1e300, INFINITY, NAN};
    double x[ROWS * N] = {0}, y[ROWS * N];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        smx_options opt = {.size = sizeof opt, .softcap = bad[i]};
        expect_refused_for(t, &opt, "options.softcap");
    }
    static const double good[] = {0x1p-10, 0x1p15, 0};
    for (size_t i = 0; i < 3; i++) {
        smx_options opt = {.size = sizeof opt, .softcap = good[i]};
        assert_ok(t->softmax(ROWS, N, x, N, y, N, &opt));
    }
}

static void test_window_fields(void **state) {
    const dtype *t = *state;
    static const int unknown[] = {2, -1, 256, INT32_MIN};
    for (size_t i = 0; i < 4; i++) {
        smx_options opt = {.size = sizeof opt, .use_window = unknown[i], .queries = 1};
        expect_refused_for(t, &opt, "options.use_window");
    }
    smx_options left = {.size = sizeof left, .window_left = 1}, right = {.size = sizeof right, .window_right = -1};
    expect_refused_for(t, &left, "options.window_left");
    expect_refused_for(t, &right, "options.window_right");
    smx_options window = {.size = sizeof window, .use_window = 1};
    expect_refused_for(t, &window, "options.queries");
}

static void test_slopes(void **state) {
    const dtype *t = *state;
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    double slopes[ROWS] = {0};
    smx_options opt = {.size = sizeof opt, .alibi = slopes};
    expect_refused_for(t, &opt, "options.queries");
    opt.queries = 2;
    for (size_t i = 0; i < 9; i++) {
        memset(slopes, 0, sizeof slopes);
        t->store(slopes, i / 3, bad[i % 3]);
        expect_refused_for(t, &opt, "options.alibi");
    }
    double x[ROWS * N] = {0}, y[ROWS * N];
    opt.alibi_rows = 2; /* the third is not used */
    label("%s: a slope that no row has", t->name);
    assert_ok(t->softmax(ROWS, N, x, N, y, N, &opt));
}

/* Cross-entropy has a softcap of its own. */
static void test_two_softcaps(void **state) {
    const dtype *t = *state;
    const int64_t labels[ROWS] = {0};
    double x[ROWS * N] = {0}, loss[ROWS];
    smx_options opt = {.size = sizeof opt, .softcap = 30};
    cross_entropy c = {.labels_i64 = labels, .settings.softcap = 30, .loss = loss};
    label("%s: two softcaps", t->name);
    assert_refused_for(SMX_ERROR_OPTION, "softcap", cross_entropy_eval(t, ROWS, N, x, N, &c, &opt));
    opt.softcap = 0;
    assert_ok(cross_entropy_eval(t, ROWS, N, x, N, &c, &opt));
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
        TEST_BOTH(test_none_taken),
        TEST_BOTH(test_taken),
        TEST_BOTH(test_softcap_range),
        TEST_BOTH(test_window_fields),
        TEST_BOTH(test_slopes),
        TEST_BOTH(test_two_softcaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
