/* Argmax: special cases, what it refuses, and that it is the argmax of cross-entropy, whatever the options. That
 * threads, strides, order and instruction sets change nothing is tested with all other functions. */
#include "common/check.h"
#include "common/isas.h"
#include "common/problem.h"
#include "common/rows.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static smx_status argmax(const dtype *t, size_t rows, size_t n, const void *x, size_t ldx, int64_t *places,
                         const smx_options *opt) {
    return t == &dtype_f32 ? smx_argmax_f32(rows, n, x, ldx, places, opt)
                           : smx_argmax_f64(rows, n, x, ldx, places, opt);
}

/* ---- One row ---- */

static void expect(const dtype *t, int64_t place, const row *x, const smx_options *opt) {
    int64_t got = -2;
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        assert_ok(argmax(t, 1, x->n, x->storage, x->n, &got, opt));
        if (got != place) {
            fail_msg("%s %s: expected %lld, got %lld", label_text(), smx_isa(), (long long)place, (long long)got);
        }
    }
}

static void test_special(void **state) {
    const dtype *t = *state;
    label("argmax of special rows");
    for (int k = 0; k < 4; k++) {
        smx_options opt = policy((smx_plus_inf)(k & 1), (smx_minus_inf_row)(k >> 1));
        row x = row_of(t, 4, 1.0, 3.0, 3.0, 2.0);
        expect(t, 1, &x, &opt);
        x = row_of(t, 3, 1.0, NAN, 3.0);
        expect(t, -1, &x, &opt);
        x = row_of(t, 3, INFINITY, NAN, 3.0);
        expect(t, -1, &x, &opt);
        x = row_of(t, 4, 1.0, -INFINITY, INFINITY, INFINITY);
        expect(t, 2, &x, &opt);
        x = row_of(t, 2, -INFINITY, -INFINITY);
        expect(t, -1, &x, &opt);
        x = row_of(t, 3, -INFINITY, -t->max, -t->max);
        expect(t, 1, &x, &opt);
        x = row_of(t, 3, -0.0, 0.0, -1.0);
        expect(t, 0, &x, &opt);
        x = row_of(t, 0);
        expect(t, -1, &x, &opt);
    }
    int64_t place = -2;
    assert_ok(argmax(t, 1, 0, NULL, 0, &place, NULL));
    assert_int_equal(place, -1);
    assert_ok(argmax(t, 0, 3, NULL, 3, NULL, NULL));
}

static void test_options(void **state) {
    const dtype *t = *state;
    row x = row_of(t, 5, 4.0, -7.0, 2.0, 9.0, NAN), minus = row_of(t, 1, -0.125);
    row add = row_of(t, 5, 0.0, -INFINITY, 12.0, 1.0, -INFINITY);
    const uint8_t keep[5] = {0, 1, 1, 0, 0};
    const int64_t length = 3;
    label("argmax under options");
    smx_options opt = policy(0, 0);
    opt.lengths = &length;
    expect(t, 0, &x, &opt);
    opt.scale = minus.storage;
    expect(t, 1, &x, &opt);
    opt.lengths = NULL, opt.keep = keep, opt.keep_ld = 5;
    expect(t, 1, &x, &opt);
    opt.scale = NULL;
    expect(t, 2, &x, &opt);
    opt.keep = NULL, opt.add = add.storage, opt.add_ld = 5;
    expect(t, 2, &x, &opt);
    opt.add = NULL, opt.use_window = 1, opt.window_left = -1, opt.window_right = 2, opt.queries = 1;
    expect(t, 0, &x, &opt);
    const int64_t nothing = 0;
    opt.lengths = &nothing;
    expect(t, -1, &x, &opt);
    /* Products that round to the same number of the type are told apart by their rest. */
    row third = row_of(t, 1, 1.0 / 3), close = row_of(t, 3, 0.0, 1.0, 1.0);
    t->store(close.storage, 2, 1 + t->epsilon);
    opt = policy(0, 0), opt.scale = third.storage;
    expect(t, 2, &close, &opt);
}

/* The window begins beyond the first entry. */
static void test_window(void **state) {
    const dtype *t = *state;
    row x = row_filled(t, 40, 1);
    smx_options opt = policy(0, 0);
    opt.causal = SMX_CAUSAL_BOTTOM_RIGHT, opt.queries = 4;
    opt.use_window = 1, opt.window_left = 2, opt.window_right = 0;
    int64_t places[4];
    t->store(x.storage, 39, 2); /* of ten entries, the last one of row 3, which it alone sees */
    assert_ok(argmax(t, 4, 10, x.storage, 10, places, &opt));
    for (int64_t k = 0; k < 3; k++) {
        assert_int_equal(places[k], 4 + k);
    }
    assert_int_equal(places[3], 9);
}

/* ---- As in cross-entropy ---- */

static void check_same(const function *f, const dtype *t, uint64_t seed) {
    problem p = problem_new(f, t, 0, 0, 5, seed);
    rng r = rng_seed(seed);
    block x = p.c.b[0];
    size_t rows = p.c.rows, n = p.c.n;
    int64_t *places = malloc((rows + 1) * sizeof *places), *of_losses = malloc((rows + 1) * sizeof *of_losses);
    void *targets = elements(t, n * rows);
    assert_non_null(places);
    assert_non_null(of_losses);
    for (size_t i = 0; i < n * rows; i++) {
        t->store(targets, i, 0);
    }
    p.m.opt.softcap = rng_below(&r, 3) == 0 ? 4 : 0;
    cross_entropy ce = {.targets = targets, .ldt = n, .argmax = of_losses};
    assert_ok(cross_entropy_eval(t, rows, n, x.a, x.ld, &ce, &p.m.opt));
    assert_ok(argmax(t, rows, n, x.a, x.ld, places, &p.m.opt));
    for (size_t k = 0; k < rows; k++) {
        if (places[k] != of_losses[k]) {
            fail_msg("%s: row %zu: %lld, and %lld of cross-entropy", label_text(), k, (long long)places[k],
                     (long long)of_losses[k]);
        }
    }
    free(targets), free(places), free(of_losses), problem_free(&p);
}

static void test_same(void **state) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (uint64_t seed = 0x9200000; seed < 0x9200000 + 400; seed++) {
            check_same(function_named("argmax"), *state, seed);
        }
    }
}

/* ---- Refusals ---- */

static void test_refusals(void **state) {
    const dtype *t = *state;
    row x = row_filled(t, 8, 1);
    int64_t places[2];
    fill_canary(places, sizeof places);
    smx_options opt = policy(0, 0);
    label("argmax: refusals");
    assert_refused_for(SMX_ERROR_NULL, "x", argmax(t, 2, 4, NULL, 4, places, NULL));
    assert_refused_for(SMX_ERROR_NULL, "argmax", argmax(t, 2, 4, x.storage, 4, NULL, NULL));
    assert_refused_for(SMX_ERROR_STRIDE, "ldx", argmax(t, 2, 4, x.storage, 3, places, NULL));
    assert_refused_for(SMX_ERROR_OVERLAP, "argmax", argmax(t, 1, 4, x.storage, 4, (int64_t *)x.storage, NULL));
    opt.sink = x.storage;
    assert_refused_for(SMX_ERROR_OPTION, "options.sink", argmax(t, 2, 4, x.storage, 4, places, &opt));
    opt = policy((smx_plus_inf)2, 0);
    assert_refused_for(SMX_ERROR_OPTION, "options.plus_inf", argmax(t, 2, 4, x.storage, 4, places, &opt));
    assert_canary(places, sizeof places);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_special), TEST_BOTH(test_options), TEST_BOTH(test_window),
                                       TEST_BOTH(test_same), TEST_BOTH(test_refusals)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
