/* Masks by any means that keep the same entries give the same bits, those that keep all give the bits of none, and what
 * stands in masked places shows nowhere: memcmp, for every function that takes masks. */
#include "common/check.h"
#include "common/isas.h"
#include "common/problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 20 };

static void on_every_isa(void **state, size_t rounds, uint64_t seed,
                         void (*check)(const function *f, const dtype *t, uint64_t seed)) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for_all_masked_functions(*state, rounds, seed, check);
    }
}

/* One mask of rows x n as bytes, and as addends. */
static void set_keep(masks *m, smx_options *opt) {
    opt->keep = m->keep;
    opt->keep_ld = m->n;
}

static void set_add(masks *m, smx_options *opt, rng *r) {
    for (size_t i = 0; i < m->rows * m->n; i++) {
        m->t->store(m->add, i, !m->keep[i] ? -INFINITY : rng_below(r, 2) ? 0.0 : -0.0);
    }
    opt->add = m->add;
    opt->add_ld = m->n;
}

static masks empty_masks(const dtype *t, size_t rows, size_t n) {
    masks m = {.t = t, .rows = rows, .n = n, .opt = {.size = sizeof m.opt, .threads = 1}};
    m.keep = malloc(rows * n);
    m.add = elements(t, rows * n);
    m.lengths = malloc(rows * sizeof *m.lengths);
    assert_true(m.keep && m.lengths);
    return m;
}

static void run_and_compare(const call *expected, call *c, const smx_options *opt, const char *what) {
    char before[300];
    snprintf(before, sizeof before, "%s", label_text());
    label("%s: %s", before, what);
    call_must_run(c, opt);
    call_expect_same(expected, c);
    label("%s", before);
}

/* The first so many entries of each row: as lengths, bytes and addends, and all of them at once. */
static void check_lengths(const function *f, const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    problem p = problem_new(f, t, 0, 0, 0, seed);
    masks m = empty_masks(t, p.c.rows, p.c.n);
    for (size_t k = 0; k < m.rows; k++) {
        m.lengths[k] = (int64_t)rng_below(&r, m.n + 1);
        for (size_t i = 0; i < m.n; i++) {
            m.keep[k * m.n + i] = (int64_t)i < m.lengths[k];
        }
    }
    call same = call_copy(&p.c, 0, NULL);
    smx_options base = {
        .size = sizeof base, .threads = 1, .scale = p.m.opt.scale, .scale_stride = p.m.opt.scale_stride};
    smx_options lengths = base, keep = base, add = base, all;
    lengths.lengths = m.lengths;
    set_keep(&m, &keep), set_add(&m, &add, &r);
    all = lengths;
    all.keep = keep.keep, all.keep_ld = keep.keep_ld;
    all.add = add.add, all.add_ld = add.add_ld;
    call_must_run(&p.c, &lengths);
    run_and_compare(&p.c, &same, &keep, "keep for lengths");
    run_and_compare(&p.c, &same, &add, "add for lengths");
    run_and_compare(&p.c, &same, &all, "all three for lengths");
    call_free(&same), masks_free(&m), problem_free(&p);
}

static void test_lengths(void **state) { on_every_isa(state, ROUNDS, 0x3000000, check_lengths); }

/* A causal mask, and the same by lengths and by bytes. */
static void check_causal(const function *f, const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    problem p = problem_new(f, t, 0, 1 + rng_below(&r, 40), 0, seed);
    masks m = empty_masks(t, p.c.rows, p.c.n);
    call same = call_copy(&p.c, 0, NULL);
    smx_options base = {
        .size = sizeof base, .threads = 1, .scale = p.m.opt.scale, .scale_stride = p.m.opt.scale_stride};
    smx_options causal = base, lengths = base, keep = base;
    causal.causal = rng_below(&r, 2) ? SMX_CAUSAL_TOP_LEFT : SMX_CAUSAL_BOTTOM_RIGHT;
    causal.queries = 1 + rng_below(&r, m.rows + 3);
    for (size_t k = 0; k < m.rows; k++) {
        int64_t query = (int64_t)(k % causal.queries), n = (int64_t)m.n, queries = (int64_t)causal.queries;
        int64_t last = causal.causal == SMX_CAUSAL_TOP_LEFT ? query : query + n - queries;
        m.lengths[k] = last < 0 ? 0 : last >= n ? n : last + 1;
        for (int64_t i = 0; i < n; i++) {
            m.keep[k * m.n + (size_t)i] = i <= last;
        }
    }
    lengths.lengths = m.lengths;
    set_keep(&m, &keep);
    call_must_run(&p.c, &causal);
    run_and_compare(&p.c, &same, &lengths, "lengths for causality");
    run_and_compare(&p.c, &same, &keep, "keep for causality");
    call_free(&same), masks_free(&m), problem_free(&p);
}

static void test_causal(void **state) { on_every_isa(state, ROUNDS, 0x3100000, check_causal); }

/* Any entries, as bytes and as addends. */
static void check_keep(const function *f, const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    problem p = problem_new(f, t, 0, 0, 0, seed);
    masks m = empty_masks(t, p.c.rows, p.c.n);
    for (size_t i = 0; i < m.rows * m.n; i++) {
        m.keep[i] = rng_below(&r, 3) != 0;
    }
    call same = call_copy(&p.c, 0, NULL);
    smx_options base = {
        .size = sizeof base, .threads = 1, .scale = p.m.opt.scale, .scale_stride = p.m.opt.scale_stride};
    smx_options keep = base, add = base;
    set_keep(&m, &keep), set_add(&m, &add, &r);
    call_must_run(&p.c, &keep);
    run_and_compare(&p.c, &same, &add, "add for keep");
    call_free(&same), masks_free(&m), problem_free(&p);
}

static void test_keep(void **state) { on_every_isa(state, ROUNDS, 0x3200000, check_keep); }

/* Masks that keep everything, and a scale of 1. */
static void check_all_kept(const function *f, const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    problem p = problem_new(f, t, 0, 0, 0, seed);
    masks m = empty_masks(t, p.c.rows, p.c.n);
    void *ones = elements(t, m.rows);
    for (size_t i = 0; i < m.rows * m.n; i++) {
        m.keep[i] = (uint8_t)(1 + rng_below(&r, 255));
    }
    for (size_t k = 0; k < m.rows; k++) {
        m.lengths[k] = (int64_t)m.n;
        t->store(ones, k, 1);
    }
    smx_options none = {.size = sizeof none, .threads = 1}, all = none, scale = none;
    scale.scale = ones;
    scale.scale_stride = (f->takes & OPTION_SCALE_ROWS) != 0;
    none.scale = f->needs ? ones : NULL;
    none.scale_stride = f->needs != 0;
    all = scale;
    all.lengths = m.lengths;
    all.causal = SMX_CAUSAL_BOTTOM_RIGHT, all.queries = 1;
    set_keep(&m, &all), set_add(&m, &all, &r);
    call same = call_copy(&p.c, 0, NULL);
    call_must_run(&p.c, &none);
    run_and_compare(&p.c, &same, &scale, "a scale of 1");
    run_and_compare(&p.c, &same, &all, "masks that keep all");
    call_free(&same), masks_free(&m), problem_free(&p), free(ones);
}

static void test_all_kept(void **state) { on_every_isa(state, ROUNDS, 0x3300000, check_all_kept); }

/* NaN, infinities and any bits in masked places, of every matrix that goes in and of `add`. */
static void spoil(const dtype *t, void *a, size_t i, rng *r) {
    static const double values[] = {NAN, INFINITY, -INFINITY, 1, -1e30};
    if (rng_below(r, 3)) {
        t->store(a, i, values[rng_below(r, 5)]);
    } else {
        t->store_bits(a, i, rng_next(r));
    }
}

static void check_leaks(const function *f, const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    problem p = problem_new(f, t, 0, 0, 0, seed);
    call_must_run(&p.c, &p.m.opt);
    call spoilt = call_copy(&p.c, 0, NULL);
    for (size_t a = 0; a < ARGUMENTS_MAX; a++) {
        size_t count = argument_rows(&f->arguments[a], p.c.n);
        if (!argument_is_input(&f->arguments[a]) || spoilt.b[a].n != p.c.n || f->arguments[a].form == FORM_VALUE) {
            continue;
        }
        for (size_t k = 0; k < count * p.c.rows; k++) {
            for (size_t i = 0; i < p.c.n; i++) {
                if (!masks_keep(&p.m, k / count, i)) {
                    spoil(t, block_element(&spoilt.b[a], k, 0), i, &r);
                }
            }
        }
    }
    run_and_compare(&p.c, &spoilt, &p.m.opt, "other values in masked places");
    call_free(&spoilt), problem_free(&p);
}

static void test_leaks(void **state) { on_every_isa(state, ROUNDS * 2, 0x3400000, check_leaks); }

/* A row of NaN shows its mask: NaN in kept places only. */
static void make_gradients_finite(const call *c) {
    for (size_t a = 0; a < ARGUMENTS_MAX; a++) {
        const block *b = &c->b[a];
        for (size_t i = 0; c->f->arguments[a].content == CONTENT_GRADIENTS && i < b->rows * b->n; i++) {
            if (!isfinite(c->t->load(block_element(b, i / b->n, i % b->n), 0))) {
                c->t->store(block_element(b, i / b->n, i % b->n), 0, 1);
            }
        }
    }
}

/* A masked entry is as one of -inf, in functions where that has a meaning and the row has others. */
static void check_minus_inf(const function *f, const dtype *t, uint64_t seed) {
    if (f->arguments[0].content != CONTENT_LOGITS || strncmp(f->name, "scale_gradient", 14) == 0 ||
        f->run == OPERATION_SOFTCAP_BACKWARD || is_loss(f)) {
        return; /* there a logit of -inf may cost something or have a gradient, which a masked one does not */
    }
    rng r = rng_seed(seed);
    problem p = problem_new(f, t, 0, 0, 0, seed);
    masks m = empty_masks(t, p.c.rows, p.c.n);
    make_gradients_finite(&p.c);
    call same = call_copy(&p.c, 0, NULL);
    for (size_t k = 0; k < m.rows; k++) {
        for (size_t i = 0; i < m.n; i++) {
            void *x = block_element(&p.c.b[0], k, i), *x_same = block_element(&same.b[0], k, i);
            if (i == 0 || !(t->load(x, 0) < INFINITY)) { /* one is kept, and no row is NaN: that shows in kept places */
                t->store(x, 0, rng_normal(&r));
            }
            m.keep[k * m.n + i] = i == 0 || rng_below(&r, 3) != 0;
            t->store(x_same, 0, m.keep[k * m.n + i] ? t->load(x, 0) : -INFINITY);
        }
    }
    double half = 0;
    t->store(&half, 0, 0.5); /* a negative one would make +inf of them */
    smx_options opt = {.size = sizeof opt, .threads = 1, .scale = &half}, keep = opt;
    set_keep(&m, &keep);
    call_must_run(&p.c, &keep);
    run_and_compare(&p.c, &same, &opt, "-inf for a mask");
    call_free(&same), masks_free(&m), problem_free(&p);
}

static void test_minus_inf(void **state) { on_every_isa(state, ROUNDS, 0x3500000, check_minus_inf); }

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_lengths),  TEST_BOTH(test_causal), TEST_BOTH(test_keep),
        TEST_BOTH(test_all_kept), TEST_BOTH(test_leaks),  TEST_BOTH(test_minus_inf),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
