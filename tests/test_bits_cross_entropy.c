/* Cross-entropy's outputs have the same bits whichever of them are asked for, whatever the labels' type, and however a
 * batch is split: the sums of the parts' losses are the sum of all. The label's log-probability is that of log-softmax,
 * and so is the loss where it is nothing else. */
#include "common/check.h"
#include "common/isas.h"
#include "common/problem.h"
#include "common/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 40 };

static void on_every_isa(void **state, uint64_t seed, void (*check)(const function *f, const dtype *t, uint64_t seed)) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for_all_functions(*state, ROUNDS, seed, check);
    }
}

/* Runs with the chosen outputs only, and compares those. */
static void check_subset(const call *expected, call *c, const smx_options *opt, unsigned chosen) {
    void *a[ARGUMENTS_MAX];
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        a[i] = c->b[i].a;
        if (argument_is_output(&c->f->arguments[i]) && !(chosen >> i & 1)) {
            c->b[i].a = NULL;
        }
    }
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (c->b[i].a && argument_is_output(&c->f->arguments[i])) {
            block_erase(&c->b[i]);
        }
    }
    assert_ok(call_run(c, opt));
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (c->b[i].a && argument_is_output(&c->f->arguments[i])) {
            call_expect_argument(expected, c, i);
        }
        c->b[i].a = a[i];
    }
}

static void check_outputs(const function *f, const dtype *t, uint64_t seed) {
    if (!is_loss(f)) {
        return;
    }
    rng r = rng_seed(seed);
    problem p = problem_new(f, t, 0, 0, 0, seed);
    call same = call_copy(&p.c, 0, NULL);
    call_must_run(&p.c, &p.m.opt);
    for (size_t i = CE_LOSS; i < ARGUMENTS_MAX; i++) {
        check_subset(&p.c, &same, &p.m.opt, 1u << i);
        check_subset(&p.c, &same, &p.m.opt, ~(1u << i));
    }
    check_subset(&p.c, &same, &p.m.opt, (unsigned)rng_next(&r));
    check_subset(&p.c, &same, &p.m.opt, 0);
    call_free(&same), problem_free(&p);
}

static void test_outputs(void **state) { on_every_isa(state, 0x3600000, check_outputs); }

/* The same labels as the other type. */
static void check_label_types(const function *f, const dtype *t, uint64_t seed) {
    if (!is_loss(f) || f->arguments[CE_LABELS].form == FORM_NONE) {
        return;
    }
    function other_type = *f;
    enum dtype *labels = &other_type.arguments[CE_LABELS].work;
    *labels = *labels == DTYPE_I32 ? DTYPE_I64 : DTYPE_I32;
    problem p = problem_new(f, t, 0, 0, 0, seed);
    call other = call_new(&other_type, t, p.c.rows, p.c.n, 0, NULL);
    for (size_t k = 0; k < p.c.rows; k++) {
        call_copy_row(&other, k, &p.c, k, NULL);
    }
    call_must_run(&p.c, &p.m.opt);
    call_must_run(&other, &p.m.opt);
    call_expect_same(&p.c, &other);
    call_free(&other), problem_free(&p);
}

static void test_label_types(void **state) { on_every_isa(state, 0x3700000, check_label_types); }

static void add_losses(const dtype *t, smx_exact_sum *sum, size_t n, const void *losses) {
    assert_ok(t == &dtype_f32 ? smx_exact_sum_add_f32(sum, n, losses) : smx_exact_sum_add_f64(sum, n, losses));
}

/* A sum over the batch, against the rows' losses added by the public exact sum, in two parts and backwards. */
static void check_split(const function *f, const dtype *t, uint64_t seed) {
    if (!is_loss(f) || f->arguments[CE_REDUCED].form == FORM_NONE || f->ce.reduction != SMX_REDUCTION_SUM) {
        return;
    }
    rng r = rng_seed(seed);
    problem p = problem_new(f, t, 0, 0, 0, seed);
    call_must_run(&p.c, &p.m.opt);
    smx_exact_sum first, second;
    memset(&first, 0, sizeof first), memset(&second, 0, sizeof second);
    size_t cut = rng_below(&r, p.c.rows + 1);
    add_losses(t, &first, cut, p.c.b[CE_LOSS].a);
    for (size_t k = p.c.rows; k > cut; k--) {
        add_losses(t, &second, 1, block_element(&p.c.b[CE_LOSS], k - 1, 0));
    }
    assert_ok(smx_exact_sum_merge(&second, &first));
    double value;
    assert_ok(t == &dtype_f32 ? smx_exact_sum_value_f32(&second, (float *)&value)
                              : smx_exact_sum_value_f64(&second, &value));
    assert_same_bits(t, &value, p.c.b[CE_REDUCED].a, 1);
    problem_free(&p);
}

static void test_split(void **state) { on_every_isa(state, 0x3800000, check_split); }

static int64_t label_of(const call *c, size_t k) {
    const void *label = block_element(&c->b[CE_LABELS], k, 0);
    return c->b[CE_LABELS].size == sizeof(int32_t) ? *(const int32_t *)label : *(const int64_t *)label;
}

/* The log-softmax of a loss's logits. */
static call log_probabilities(const problem *p) {
    smx_options opt = p->m.opt;
    call logs = call_new(function_named("log_softmax"), p->c.t, p->c.rows, p->c.n, 0, NULL);
    for (size_t k = 0; k < p->c.rows && p->c.n > 0; k++) {
        memcpy(block_element(&logs.b[0], k, 0), block_element(&p->c.b[CE_X], k, 0), p->c.n * p->c.t->size);
    }
    opt.softcap = p->c.f->ce.softcap != 0 ? p->c.f->ce.softcap : opt.softcap;
    call_must_run(&logs, &opt);
    return logs;
}

static void check_log_softmax(const function *f, const dtype *t, uint64_t seed) {
    if (!is_loss(f) || f->ce.log_probs || f->arguments[CE_LABELS].form == FORM_NONE) {
        return;
    }
    problem p = problem_new(f, t, 0, 0, 0, seed);
    if (f->ce.softcap != 0 && (p.m.opt.add || p.m.opt.alibi)) { /* a cap of the sum, which log-softmax has none of */
        problem_free(&p);
        return;
    }
    const bool weighted = f->arguments[CE_CLASS_WEIGHTS].form != FORM_NONE;
    for (size_t i = 0; i < p.c.n && weighted; i += 2) {
        t->store(p.c.b[CE_CLASS_WEIGHTS].a, i, 1);
    }
    call logs = log_probabilities(&p);
    call_must_run(&p.c, &p.m.opt);
    for (size_t k = 0; k < p.c.rows; k++) {
        int64_t at = label_of(&p.c, k);
        if (f->ce.use_ignore_index && at == f->ce.ignore_index) {
            continue;
        }
        const void *expected = block_element(&logs.b[1], k, (size_t)at);
        const void *got = block_element(&p.c.b[CE_TARGET_LOG_PROB], k, 0);
        double log_p = t->load(expected, 0);
        double weight = weighted ? t->load(p.c.b[CE_CLASS_WEIGHTS].a, (size_t)at) : 1;
        if (isnan(t->load(got, 0)) && log_p == -INFINITY) {
            continue; /* a label that is masked out, in a row that is NaN */
        }
        assert_same_bits(t, expected, got, 1);
        if (f->ce.smoothing == 0 && f->ce.z_loss == 0 && weight == 1) {
            assert_element_bits(t, p.c.b[CE_LOSS].a, k, isnan(log_p) ? canonical_nan(t) : bits_of(t, 0 - log_p));
        }
    }
    call_free(&logs), problem_free(&p);
}

static void test_log_softmax(void **state) { on_every_isa(state, 0x3900000, check_log_softmax); }

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_outputs), TEST_BOTH(test_label_types), TEST_BOTH(test_split),
                                       TEST_BOTH(test_log_softmax)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
