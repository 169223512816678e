/* What a softcap, slopes, sliding windows and sinks mean in the cases that formulas leave open, on every instruction
 * set: windows beside a row, rows that lose all entries, sinks and softcaps that are not finite; and against the
 * formula itself in plain double. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/masks.h"
#include "common/rows.h"

#include <math.h>
#include <stdlib.h>

enum { N = 6 };

static smx_options defaults(void) { return (smx_options){.size = sizeof(smx_options), .threads = 1}; }

static void expect_row(const dtype *t, const void *y, const double *expected, size_t n) {
    for (size_t j = 0; j < n; j++) {
        assert_element_bits(t, y, j, bits_of(t, expected[j]));
    }
}

static double lse_of(const dtype *t, size_t n, const void *x, const smx_options *opt) {
    double lse[2];
    assert_ok(t == &dtype_f32 ? smx_logsumexp_f32(1, n, x, n, (void *)lse, opt)
                              : smx_logsumexp_f64(1, n, x, n, lse, opt));
    return t->load(lse, 0);
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* Which of the six entries query 0 of 1 sees: top left it stands at 0, bottom right at 5. */
static void test_windows(void **state) {
    const dtype *t = *state;
    static const struct {
        smx_causal causal;
        int64_t left, right;
        int first, end;
    } cases[] = {
        {SMX_CAUSAL_NONE, 0, 0, 0, 1},
        {SMX_CAUSAL_NONE, -1, 2, 0, 3},
        {SMX_CAUSAL_NONE, 3, -1, 0, 6},
        {SMX_CAUSAL_NONE, INT64_MAX, INT64_MAX, 0, 6},
        {SMX_CAUSAL_NONE, INT64_MIN, INT64_MIN, 0, 6},
        {SMX_CAUSAL_TOP_LEFT, 0, 5, 0, 1},
        {SMX_CAUSAL_BOTTOM_RIGHT, 0, 0, 5, 6},
        {SMX_CAUSAL_BOTTOM_RIGHT, 2, INT64_MAX, 3, 6},
        {SMX_CAUSAL_BOTTOM_RIGHT, 5, -7, 0, 6},
        {SMX_CAUSAL_BOTTOM_RIGHT, INT64_MAX, 0, 0, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double x[N] = {0}, y[N], expected[N];
        smx_options opt = defaults();
        opt.causal = cases[i].causal, opt.queries = 1;
        opt.use_window = 1, opt.window_left = cases[i].left, opt.window_right = cases[i].right;
        int kept = cases[i].end - cases[i].first;
        for (int j = 0; j < N; j++) {
            expected[j] = j >= cases[i].first && j < cases[i].end ? 1.0 / kept : 0;
        }
        label("%s on %s: window %zu", t->name, smx_isa(), i);
        assert_ok(t->softmax(1, N, x, N, y, N, &opt));
        expect_row(t, y, expected, N);
    }
}

/* Queries behind the last entry, and before the first: rows 7 and more of 9 stand there. */
static void test_outside(void **state) {
    const dtype *t = *state;
    enum { ROWS = 9 };
    double x[ROWS * N] = {0}, y[ROWS * N], lse[ROWS], first[N] = {0}, last[N] = {0};
    smx_options opt = defaults();
    opt.queries = ROWS, opt.use_window = 1, opt.window_left = 1;
    label("%s on %s: queries behind the row", t->name, smx_isa());
    assert_ok(t->softmax(ROWS, N, x, N, y, N, &opt)); /* row k sees k - 1 and k */
    last[N - 1] = 1;
    expect_row(t, at(t, y, 6 * N), last, N);
    expect_row(t, at(t, y, 7 * N), first, N);
    expect_row(t, at(t, y, 8 * N), first, N);
    opt.causal = SMX_CAUSAL_BOTTOM_RIGHT, opt.window_right = 1; /* row k stands at k - 3 */
    label("%s on %s: queries before the row", t->name, smx_isa());
    assert_ok(t->softmax(ROWS, N, x, N, y, N, &opt));
    expect_row(t, at(t, y, 2 * N), first, N);
    first[0] = 1;
    expect_row(t, at(t, y, 3 * N), first, N);
    assert_ok(t == &dtype_f32 ? smx_logsumexp_f32(ROWS, N, (void *)x, N, (void *)lse, &opt)
                              : smx_logsumexp_f64(ROWS, N, x, N, lse, &opt));
    assert_element_bits(t, lse, 0, bits_of(t, -INFINITY));
    assert_element_bits(t, lse, 3, bits_of(t, 0));
}

/* ---- Sinks ------------------------------------------------------------------------------------------------------- */

static double value_under(const dtype *t, double x0, double x1, double sink, const smx_options *given, double *lse) {
    double x[2], y[2], s;
    smx_options opt = *given;
    t->store(x, 0, x0), t->store(x, 1, x1), t->store(&s, 0, sink);
    opt.sink = &s;
    assert_ok(t->softmax(1, 2, x, 2, y, 2, &opt));
    *lse = lse_of(t, 2, x, &opt);
    return t->load(y, 0);
}

/* The first of two entries, and logsumexp. */
static void test_sinks(void **state) {
    const dtype *t = *state;
    const double inf = INFINITY, nan = NAN, log2 = 0.6931471805599453, log3 = 1.0986122886681098;
    static const uint8_t nothing[2] = {0};
    const struct {
        double x0, x1, sink;
        int limit, zeros, masked;
        double y, lse;
    } cases[] = {
        {0, 0, 0, 0, 0, 0, 1 / 3., log3}, {0, 0, -inf, 0, 0, 0, 0.5, log2},       {0, 0, nan, 1, 1, 0, nan, nan},
        {nan, 0, 0, 1, 1, 0, nan, nan},   {0, 0, inf, 0, 0, 0, nan, inf},         {0, 0, inf, 1, 0, 0, 0, inf},
        {inf, 0, inf, 1, 0, 0, 0.5, inf}, {inf, 0, 5, 1, 0, 0, 1, inf},           {inf, 0, 5, 0, 0, 0, nan, inf},
        {-inf, -inf, 5, 0, 0, 0, 0, 5},   {-inf, -inf, -inf, 0, 0, 0, nan, -inf}, {-inf, -inf, -inf, 0, 1, 0, 0, -inf},
        {nan, inf, 5, 0, 0, 1, 0, 5},     {nan, inf, -inf, 0, 0, 1, 0, -inf},     {nan, inf, nan, 0, 0, 1, 0, nan},
        {1, 2, 1e30, 0, 0, 0, 0, 1e30},   {0, 0, -1e30, 0, 0, 0, 0.5, log2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double lse;
        smx_options opt = defaults();
        opt.plus_inf = cases[i].limit ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
        opt.minus_inf_row = cases[i].zeros ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
        opt.keep = cases[i].masked ? nothing : NULL, opt.keep_ld = 2;
        label("%s on %s: sink %zu", t->name, smx_isa(), i);
        double y = value_under(t, cases[i].x0, cases[i].x1, cases[i].sink, &opt, &lse), got[2];
        t->store(got, 0, y), t->store(got, 1, lse);
        assert_element_bits(t, got, 0, bits_of(t, cases[i].y));
        assert_element_bits(t, got, 1, bits_of(t, cases[i].lse));
    }
}

/* Of no entries at all. */
static void test_sink_alone(void **state) {
    const dtype *t = *state;
    double sink, lse;
    smx_options opt = defaults();
    t->store(&sink, 0, -3.5);
    opt.sink = &sink;
    label("%s on %s: a sink and no entry", t->name, smx_isa());
    assert_true(lse_of(t, 0, NULL, &opt) == -3.5);
    t->store(&lse, 0, 1);
    assert_ok(t == &dtype_f32 ? smx_sink_gradient_f32(1, 0, NULL, 0, NULL, 0, NULL, 0, (void *)&lse, &opt)
                              : smx_sink_gradient_f64(1, 0, NULL, 0, NULL, 0, NULL, 0, &lse, &opt));
    assert_element_bits(t, &lse, 0, 0);
}

/* ---- Softcap ----------------------------------------------------------------------------------------------------- */

/* Infinite logits and NaN stay, whatever masks add; slopes there are 0. */
static void test_capped_infinities(void **state) {
    const dtype *t = *state;
    const double values[] = {INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < 3; i++) {
        double x[2], dz[2], dx[2], y[2], ones[2];
        t->store(x, 0, values[i]), t->store(x, 1, 0);
        t->store(dz, 0, 2), t->store(dz, 1, 2);
        t->store(ones, 0, 1), t->store(ones, 1, 1);
        smx_options opt = policy(SMX_PLUS_INF_LIMIT, SMX_MINUS_INF_ROW_NAN);
        opt.softcap = 5;
        label("%s on %s: a softcap of %g", t->name, smx_isa(), values[i]);
        assert_ok(t->softmax(1, 2, x, 2, y, 2, &opt));
        double p = isnan(values[i]) ? NAN : values[i] > 0 ? 1 : 0;
        expect_row(t, y, (double[]){p, isnan(p) ? NAN : 1 - p}, 2);
        assert_ok(t == &dtype_f32 ? smx_softcap_backward_f32(1, 2, (void *)x, 2, (void *)dz, 2, (void *)dx, 2, &opt)
                                  : smx_softcap_backward_f64(1, 2, x, 2, dz, 2, dx, 2, &opt));
        expect_row(t, dx, (double[]){0, 2}, 2);
        assert_ok(t == &dtype_f32 ? smx_logsumexp_backward_f32(1, 2, (void *)x, 2, (void *)ones, (void *)dx, 2, &opt)
                                  : smx_logsumexp_backward_f64(1, 2, x, 2, ones, dx, 2, &opt));
        expect_row(t, dx, (double[]){isnan(p) ? NAN : 0, isnan(p) ? NAN : 1 - p}, 2);
    }
}

/* A mask is added behind the cap, which would not let it pass. */
static void test_masks_behind_cap(void **state) {
    const dtype *t = *state;
    double x[2], add[2], y[2];
    t->store(x, 0, 1000), t->store(x, 1, 0);
    t->store(add, 0, -1000), t->store(add, 1, 0);
    smx_options opt = defaults();
    opt.softcap = 5, opt.add = add, opt.add_ld = 2;
    label("%s on %s: a mask behind a softcap", t->name, smx_isa());
    assert_ok(t->softmax(1, 2, x, 2, y, 2, &opt));
    expect_row(t, y, (double[]){0, 1}, 2);
}

/* ---- Slopes ------------------------------------------------------------------------------------------------------ */

/* A bias beyond the type's range is still finite: it moves neither an infinite entry nor one that is masked out. */
static void test_steep_slopes(void **state) {
    const dtype *t = *state;
    static const uint8_t keep[3] = {1, 0, 1};
    for (int sign = -1; sign <= 1; sign += 2) {
        double x[3], y[3], slope;
        t->store(x, 0, 0), t->store(x, 1, 0), t->store(x, 2, -INFINITY);
        t->store(&slope, 0, sign * t->max);
        smx_options opt = defaults();
        opt.alibi = &slope, opt.queries = 1, opt.keep = keep, opt.keep_ld = 3;
        label("%s on %s: a slope of %g", t->name, smx_isa(), sign * t->max);
        assert_ok(t->softmax(1, 3, x, 3, y, 3, &opt));
        expect_row(t, y, (double[]){1, 0, 0}, 3);
    }
}

/* ---- All of it, in plain double ---------------------------------------------------------------------------------- */

static double naive_logit(const masks *m, size_t k, size_t j, double x) {
    const smx_options *o = &m->opt;
    double scale = m->scale ? m->t->load(m->scale, o->scale_stride * k) : 1, a = scale * x;
    double slope = o->alibi ? m->t->load(o->alibi, o->alibi_every ? k / o->alibi_every : k) : 0;
    a = o->softcap != 0 ? o->softcap * tanh(a / o->softcap) : a;
    return a + masks_added(m, k, j) - slope * fabs((double)((int64_t)j - masks_position(m, k)));
}

/* Causality, a window, lengths and all else together. */
static void check_formula(const dtype *t, size_t rows, size_t n, uint64_t seed) {
    rng r = rng_seed(seed);
    masks m = masks_random(t, rows, n, OPTIONS_ALL & ~OPTION_SCALE_ROWS, &r);
    void *x = elements(t, rows * n), *y = elements(t, rows * n);
    m.opt.alibi_rows = m.opt.sink_rows = 0;
    m.opt.alibi_every = m.opt.sink_every = 0;
    free(m.alibi), free(m.sink);
    m.opt.alibi = m.alibi = elements(t, rows), m.opt.sink = m.sink = elements(t, rows);
    t->store(m.scale, 0, 0.75);
    for (size_t k = 0; k < rows; k++) {
        t->store(m.alibi, k, rng_uniform(&r, -0.5, 1)), t->store(m.sink, k, rng_normal(&r));
    }
    for (size_t i = 0; i < rows * n; i++) {
        t->store(x, i, 3 * rng_normal(&r));
    }
    m.opt.softcap = 4;
    m.opt.add = NULL; /* it may have numbers of any size */
    assert_ok(t->softmax(rows, n, x, n, y, n, &m.opt));
    for (size_t k = 0; k < rows; k++) {
        double sum = exp(t->load(m.sink, k));
        for (size_t j = 0; j < n; j++) {
            sum += masks_keep(&m, k, j) ? exp(naive_logit(&m, k, j, t->load(x, k * n + j))) : 0;
        }
        for (size_t j = 0; j < n; j++) {
            double p = masks_keep(&m, k, j) ? exp(naive_logit(&m, k, j, t->load(x, k * n + j))) / sum : 0;
            double got = t->load(y, k * n + j);
            if (!(fabs(got - p) <= 0x1p-20 * p)) {
                fail_msg("%s on %s, %zu x %zu, seed %#llx: y is %g, not %g", t->name, smx_isa(), rows, n,
                         (unsigned long long)seed, got, p);
            }
        }
    }
    masks_free(&m), free(x), free(y);
}

static void test_formula(void **state) {
    for (size_t i = 0; i < 200; i++) {
        check_formula(*state, 1 + i % 13, 1 + i % 29, 0x4500000 + i);
    }
}

static void on_every_isa(void **state, void (*test)(void **)) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        test(state);
    }
}

static void test_all(void **state) {
    static void (*const tests[])(void **) = {
        test_windows,           test_outside,          test_sinks,        test_sink_alone,
        test_capped_infinities, test_masks_behind_cap, test_steep_slopes, test_formula};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        on_every_isa(state, tests[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_all)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
