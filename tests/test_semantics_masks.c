/* The special cases of masks, scales and the functions that take weights or scales, as smx/base.h and smx/log.h define
 * them, on every instruction set. */
#include "common/apply.h"
#include "common/check.h"
#include "common/isas.h"
#include "common/problem.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static void expect(const row *r, size_t i, double value) {
    assert_element_bits(r->t, r->storage, i, bits_of(r->t, value));
}

/* What rows without a kept entry become: zeros, logarithms -inf, the sums 0; never NaN, whatever is in them. */
static uint64_t of_nothing(const function *f, const struct argument *a, const dtype *t) {
    static const char *const logarithms[] = {"lse", "target_log_prob"};
    int labelled =
        f->arguments[CE_TARGET_LOG_PROB].form == FORM_VALUE; /* dense targets have no part where nothing is kept */
    if (a->work == DTYPE_I64) {                              /* argmax: none */
        return UINT64_MAX;
    }
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(a->name, logarithms[i]) == 0) {
            return bits_of(t, -INFINITY);
        }
    }
    return strcmp(f->name, "log_softmax") == 0        ? bits_of(t, -INFINITY)
           : strcmp(a->name, "loss") == 0 && labelled ? bits_of(t, INFINITY)
                                                      : 0;
}

static uint64_t element_bits(const dtype *t, const block *b, size_t k, size_t i) {
    uint64_t bits = 0;
    if (b->size == t->size) {
        return t->bits(block_element(b, k, i), 0);
    }
    memcpy(&bits, block_element(b, k, i), b->size); /* little-endian or all bytes alike */
    return bits;
}

static void check_nothing_kept(const function *f, const dtype *t, uint64_t seed) {
    if (f->ce.use_ignore_index) {
        return; /* ignored rows are another case */
    }
    problem p = problem_new(f, t, 3, 0, 0, seed);
    for (size_t i = 0; i < p.c.n && is_loss(f) && f->arguments[CE_CLASS_WEIGHTS].form != FORM_NONE; i++) {
        t->store(p.c.b[CE_CLASS_WEIGHTS].a, i, 1); /* with one of 0 nothing is lost */
    }
    int64_t lengths[] = {0, 0, 0};
    uint8_t keep[60 * 100] = {0};
    smx_options opt = {.size = sizeof opt, .threads = 1, .scale = p.m.opt.scale, .scale_stride = p.m.opt.scale_stride};
    opt.plus_inf = seed % 2 ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
    if (seed % 3 == 0 && p.c.n <= sizeof keep) {
        opt.keep = keep;
        opt.keep_rows = 1;
    } else {
        opt.lengths = lengths;
    }
    call_must_run(&p.c, &opt);
    for (size_t a = 0; a < ARGUMENTS_MAX; a++) {
        const struct argument *given = &f->arguments[a];
        const block *b = &p.c.b[a];
        for (size_t k = 0; argument_is_output(given) && argument_rows(given, p.c.n) && k < b->rows; k++) {
            for (size_t i = 0; i < b->n; i++) {
                if (element_bits(t, b, k, i) != of_nothing(f, given, t)) {
                    fail_msg("%s: nothing kept: element %zu of row %zu of %s is %#llx", label_text(), i, k, given->name,
                             (unsigned long long)element_bits(t, b, k, i));
                }
            }
        }
    }
    problem_free(&p);
}

static void test_nothing_kept(void **state) { for_all_masked_functions(*state, 30, 0x4000000, check_nothing_kept); }

/* Masked places of results, in rows of any kind: +0, logarithms -inf. */
static void check_masked_places(const function *f, const dtype *t, uint64_t seed) {
    problem p = problem_new(f, t, 0, 0, 0, seed);
    uint64_t bits = strcmp(f->name, "log_softmax") == 0 ? bits_of(t, -INFINITY) : 0;
    call_must_run(&p.c, &p.m.opt);
    for (size_t a = 0; a < ARGUMENTS_MAX; a++) {
        enum form shape = f->arguments[a].form;
        size_t count = argument_rows(&f->arguments[a], p.c.n);
        if (!argument_is_output(&f->arguments[a]) || (shape != FORM_ROW && shape != FORM_VECTORS)) {
            continue;
        }
        for (size_t k = 0; k < p.c.b[a].rows; k++) {
            for (size_t i = 0; i < p.c.n; i++) {
                if (!masks_keep(&p.m, k / count, i)) {
                    assert_element_bits(t, block_element(&p.c.b[a], k, 0), i, bits);
                }
            }
        }
    }
    problem_free(&p);
}

static void test_masked_places(void **state) { for_all_functions(*state, 60, 0x4100000, check_masked_places); }

/* No result is -0, but an entry of the Jacobian that is negative and too small; every NaN is the canonical one. */
static void check_zeros_and_nans(const function *f, const dtype *t, uint64_t seed) {
    problem p = problem_new(f, t, 0, 0, 0, seed);
    call_must_run(&p.c, &p.m.opt);
    for (size_t a = 0; a < ARGUMENTS_MAX; a++) {
        const block *b = &p.c.b[a];
        if (!argument_is_output(&f->arguments[a]) || f->arguments[a].dtypes != 0) {
            continue;
        }
        for (size_t i = 0; i < b->rows * b->n; i++) {
            void *element = block_element(b, i / b->n, i % b->n);
            double value = t->load(element, 0);
            bool minus_zero = value == 0 && signbit(value) && f->run != OPERATION_SOFTMAX_JACOBIAN;
            if (minus_zero || (isnan(value) && t->bits(element, 0) != canonical_nan(t))) {
                fail_msg("%s: element %zu of row %zu of %s is %a", label_text(), i % b->n, i / b->n,
                         f->arguments[a].name, value);
            }
        }
    }
    problem_free(&p);
}

static void test_zeros_and_nans(void **state) { for_all_functions(*state, 200, 0x4200000, check_zeros_and_nans); }

/* A NaN in an additive mask is a NaN in the row. */
static void test_nan_in_mask(void **state) {
    const dtype *t = *state;
    row x = row_of(t, 3, 1.0, 2.0, 3.0), add = row_of(t, 3, 0.0, NAN, -INFINITY);
    smx_options opt = {.size = sizeof opt, .add = add.storage, .add_rows = 1};
    label("NaN in an additive mask");
    row y = softmax_row(&x, &opt), logs = apply("log_softmax", &opt, 0, &x, NULL, NULL);
    assert_element_bits(t, y.storage, 0, canonical_nan(t));
    assert_element_bits(t, y.storage, 1, canonical_nan(t));
    expect(&y, 2, 0);
    assert_element_bits(t, logs.storage, 0, canonical_nan(t));
    expect(&logs, 2, -INFINITY);
    logs = apply("logsumexp", &opt, 0, &x, NULL, NULL);
    assert_row_bits(&logs, canonical_nan(t));
    add = row_of(t, 3, 0.0, INFINITY, 0.0);
    label("+inf in an additive mask");
    y = softmax_row(&x, &opt);
    assert_row_bits(&y, canonical_nan(t));
    opt.plus_inf = SMX_PLUS_INF_LIMIT;
    y = softmax_row(&x, &opt);
    expect(&y, 0, 0);
    expect(&y, 1, 1);
}

/* The weighted logsumexp: signs, sums of nothing, infinities. */
static void check_weighted(const row *x, const row *b, double lse, double sign) {
    row got = apply("logsumexp_weighted", NULL, 0, x, b, NULL),
        got_sign = apply("logsumexp_weighted", NULL, 1, x, b, NULL);
    if (isnan(lse)) {
        assert_element_bits(x->t, got.storage, 0, canonical_nan(x->t));
        assert_element_bits(x->t, got_sign.storage, 0, canonical_nan(x->t));
    } else {
        expect(&got, 0, lse);
        expect(&got_sign, 0, sign);
    }
}

static void test_weighted(void **state) {
    const dtype *t = *state;
    row x = row_of(t, 3, 5.0, 5.0, -7.0), b = row_of(t, 3, 1.0, -1.0, 0.0);
    label("weighted logsumexp: a sum of exactly 0");
    check_weighted(&x, &b, -INFINITY, 0);
    label("weighted logsumexp: nothing has a weight");
    b = row_of(t, 3, 0.0, -0.0, 0.0);
    check_weighted(&x, &b, -INFINITY, 0);
    label("weighted logsumexp: NaN where the weight is 0");
    x = row_of(t, 3, NAN, 3.0, INFINITY), b = row_of(t, 3, 0.0, -1.0, 0.0);
    check_weighted(&x, &b, 3, -1);
    label("weighted logsumexp: NaN or infinity in b");
    x = row_of(t, 3, 1.0, 2.0, 3.0), b = row_of(t, 3, 1.0, NAN, 1.0);
    check_weighted(&x, &b, NAN, 0);
    b = row_of(t, 3, 1.0, 0.0, -INFINITY);
    check_weighted(&x, &b, NAN, 0);
    label("weighted logsumexp: +inf");
    x = row_of(t, 3, INFINITY, 2.0, INFINITY), b = row_of(t, 3, 1.0, 5.0, -3.0);
    check_weighted(&x, &b, INFINITY, -1);
    b = row_of(t, 3, 3.0, 5.0, -3.0);
    check_weighted(&x, &b, NAN, 0);
}

/* The gradient of a scale: 0 times -inf is 0, other infinities and NaN are NaN, and only in their row. */
static void test_scale_gradient(void **state) {
    const dtype *t = *state;
    row x = row_of(t, 3, -INFINITY, 2.0, 1.0), dx = row_of(t, 3, 0.0, 0.5, -1.0);
    label("gradient of a scale: -inf beside a gradient of 0");
    row ds = apply("scale_gradient", NULL, 0, &x, &dx, NULL);
    expect(&ds, 0, 0);
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t k = 0; k < 6; k++) {
        row bad_x = row_of(t, 3, 1.0, 2.0, 1.0), bad_dx = dx;
        t->store((k < 3 ? &bad_x : &bad_dx)->storage, 1, bad[k % 3]);
        label("gradient of a scale: %g in %s", bad[k % 3], k < 3 ? "x" : "dx");
        ds = apply("scale_gradient", NULL, 0, &bad_x, &bad_dx, NULL);
        assert_row_bits(&ds, canonical_nan(t));
        uint8_t keep[] = {1, 0, 1};
        smx_options opt = keeping(keep);
        ds = apply("scale_gradient", &opt, 0, &bad_x, &bad_dx, NULL);
        expect(&ds, 0, -1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_nothing_kept), TEST_BOTH(test_masked_places), TEST_BOTH(test_zeros_and_nans),
        TEST_BOTH(test_nan_in_mask),  TEST_BOTH(test_weighted),      TEST_BOTH(test_scale_gradient),
    };
    print_isas();
    int failures = 0;
    for (size_t i = 0; smx_isa_available(i); i++) {
        failures += smx_isa_set(smx_isa_available(i)) != SMX_OK;
        failures += cmocka_run_group_tests_name(smx_isa_available(i), tests, NULL, NULL);
    }
    return failures;
}
