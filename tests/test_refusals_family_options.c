/* Options of other versions, and unknown ones, for every function of the family; scale and masks where a function takes
 * none. A refused call writes nothing. */
#include "common/check.h"
#include "common/problem.h"

#include <string.h>

enum { ROWS = 3, N = 5 };

static void expect(const function *f, const dtype *t, const smx_options *opt, smx_status wanted, const char *what) {
    rng r = rng_seed(0x6800000);
    call c = call_new(f, t, ROWS, N, 0, NULL);
    call_fill(&c, 0, &r);
    label("%s %s, options: %s", f->name, t->name, what);
    assert_status(wanted, call_run(&c, opt));
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        block erased = c.b[i];
        if (wanted != SMX_OK && argument_is_output(&f->arguments[i])) {
            erased.rows = 0; /* all of it is a gap still */
            block_check_gaps(&erased, f->arguments[i].name);
        }
    }
    call_free(&c);
}

/* A struct of a later version. */
typedef struct longer_options {
    smx_options known;
    unsigned char unknown[24];
} longer_options;

static void check_versions(const function *f, const dtype *t, uint64_t seed) {
    double scale[ROWS];
    for (size_t k = 0; k < ROWS; k++) {
        t->store(scale, k, 1);
    }
    (void)seed;
    longer_options opt;
    memset(&opt, 0, sizeof opt);
    opt.known.scale = f->needs & SCALE_ROWS ? scale : NULL;
    opt.known.scale_stride = f->needs & SCALE_ROWS ? 1 : 0;
    opt.known.size = sizeof opt;
    expect(f, t, &opt.known, SMX_OK, "a longer struct, the rest zero");
    opt.unknown[sizeof opt.unknown - 1] = 1;
    expect(f, t, &opt.known, SMX_ERROR_OPTION, "a longer struct, its last byte not zero");
    for (size_t size = 0; size < sizeof size; size++) {
        opt.known.size = size;
        expect(f, t, &opt.known, SMX_ERROR_OPTION, "a size smaller than itself");
    }
    opt.known.size = sizeof(smx_options);
    opt.known.parallel_for = (smx_parallel_for)1;
    expect(f, t, &opt.known, SMX_ERROR_OPTION, "a hook and no threads");
    opt.known.parallel_for = NULL;
    opt.known.plus_inf = (smx_plus_inf)2;
    expect(f, t, &opt.known, SMX_ERROR_OPTION, "an unknown plus_inf");
    if (f->needs) {
        return;
    }
    /* what the library before scale and masks had, and all that came later as garbage */
    memset(&opt, 0xff, sizeof opt);
    memset(&opt, 0, offsetof(smx_options, scale));
    opt.known.size = offsetof(smx_options, scale);
    expect(f, t, &opt.known, SMX_OK, "a struct without scale and masks");
    memset(&opt, 0, offsetof(smx_options, lengths));
    opt.known.size = offsetof(smx_options, lengths);
    expect(f, t, &opt.known, SMX_OK, "a struct without lengths and causality");
}

static void test_versions(void **state) { for_all_functions(*state, 1, 0, check_versions); }

/* Options that ask for a scale or a mask, each alone. */
enum { ASKING = 5 };
static const char *const asking_names[ASKING] = {"options.scale", "options.add", "options.keep", "options.lengths",
                                                 "options.causal"};

static smx_options asking(int which, const void *ones) {
    smx_options opt = {.size = sizeof opt};
    opt.scale = which == 0 ? ones : NULL;
    opt.add = which == 1 ? ones : NULL;
    opt.keep = which == 2 ? ones : NULL;
    opt.lengths = which == 3 ? ones : NULL;
    opt.add_ld = opt.keep_ld = which == 1 || which == 2 ? N : 0;
    opt.causal = which == 4 ? SMX_CAUSAL_TOP_LEFT : SMX_CAUSAL_NONE;
    opt.queries = which == 4;
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
        if (which < 2) {
            t->store(ones, 0, 1);
        }
        smx_options opt = asking(which, ones);
        fill_canary(y, sizeof y), fill_canary(jac, sizeof jac);
        const char *name = asking_names[which];
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

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_versions), TEST_BOTH(test_none_taken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
