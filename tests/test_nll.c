/* Negative log-likelihood: special cases, reductions, gradients, what it refuses, and that it is cross-entropy once
 * log-softmax is taken. That threads, strides and instruction sets change nothing is tested with all others. */
#include "common/check.h"
#include "common/cross_entropy.h"
#include "common/isas.h"
#include "common/rng.h"
#include "common/rows.h"

#include <math.h>

enum { ROWS = 4, N = 3 };

static const double log_probs[ROWS * N] = {-0.5,   -1.25, -3.0, -2.0, -0.0, -INFINITY,
                                           -0.125, -8.0,  -4.0, -1.0, -1.5, -2.5};
static const int64_t labels[ROWS] = {1, 2, 0, 1};

static row given_x(const dtype *t) {
    row x = row_filled(t, (size_t)ROWS * N, 0);
    for (size_t i = 0; i < (size_t)ROWS * N; i++) {
        t->store(x.storage, i, log_probs[i]);
    }
    return x;
}

/* Outputs of either type. */
typedef struct outputs {
    double loss[ROWS], reduced, log_prob[ROWS], weight, dx[ROWS * N];
    int64_t argmax[ROWS], count;
    uint8_t correct[ROWS];
    size_t bad_row;
} outputs;

static cross_entropy with_outputs(outputs *o, smx_reduction reduction) {
    cross_entropy c = {.labels_i64 = labels, .loss = o->loss, .target_log_prob = o->log_prob, .argmax = o->argmax};
    c.correct = o->correct, c.count = &o->count, c.weight = &o->weight, c.dx = o->dx, c.lddx = N;
    c.bad_row = &o->bad_row;
    c.settings.log_probs = 1;
    c.settings.reduction = reduction;
    c.reduced = reduction == SMX_REDUCTION_NONE ? NULL : &o->reduced;
    fill_canary(o, sizeof *o);
    return c;
}

static void expect(const dtype *t, const void *a, size_t n, const double *values) {
    for (size_t i = 0; i < n; i++) {
        assert_element_bits(t, a, i, bits_of(t, values[i]));
    }
}

#define VALUES(...) ((const double[]){__VA_ARGS__})

/* ---- Results ---- */

static void test_losses(void **state) {
    const dtype *t = *state;
    outputs o;
    row x = given_x(t), weights = row_of(t, 3, 2.0, 0.25, 0.0), dloss = row_of(t, 4, 1.0, 1.0, -3.0, 0.5);
    cross_entropy c = with_outputs(&o, SMX_REDUCTION_NONE);
    label("nll %s on %s", t->name, smx_isa());
    assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    expect(t, o.loss, ROWS, VALUES(1.25, INFINITY, 0.125, 1.5));
    expect(t, o.log_prob, ROWS, VALUES(-1.25, -INFINITY, -0.125, -1.5));
    expect(t, o.dx, (size_t)ROWS * N, VALUES(0, -1, 0, 0, 0, -1, -1, 0, 0, 0, -1, 0));
    assert_true(o.argmax[0] == 0 && o.argmax[1] == 1 && o.argmax[2] == 0 && o.argmax[3] == 0);
    assert_true(!o.correct[0] && !o.correct[1] && o.correct[2] && !o.correct[3]);
    assert_int_equal(o.count, 4);
    expect(t, &o.weight, 1, VALUES(4));

    c = with_outputs(&o, SMX_REDUCTION_NONE);
    c.class_weights = weights.storage, c.dloss = dloss.storage;
    assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    expect(t, o.loss, ROWS, VALUES(0.3125, 0, 0.25, 0.375)); /* a weight of 0 makes nothing of -inf */
    expect(t, o.dx, (size_t)ROWS * N, VALUES(0, -0.25, 0, 0, 0, 0, 6, 0, 0, 0, -0.125, 0));
    expect(t, &o.weight, 1, VALUES(2.5));

    c = with_outputs(&o, SMX_REDUCTION_NONE);
    c.dx = x.storage; /* in place */
    assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    expect(t, o.loss, ROWS, VALUES(1.25, INFINITY, 0.125, 1.5));
    expect(t, x.storage, (size_t)ROWS * N, VALUES(0, -1, 0, 0, 0, -1, -1, 0, 0, 0, -1, 0));
    assert_int_equal(o.argmax[3], 0);
}

static void test_reductions(void **state) {
    const dtype *t = *state;
    outputs o;
    row x = given_x(t), weights = row_of(t, 3, 2.0, 1.0, 5.0), dloss = row_of(t, 1, 3.0);
    cross_entropy c = with_outputs(&o, SMX_REDUCTION_SUM);
    c.settings.use_ignore_index = 1, c.settings.ignore_index = 2;
    c.class_weights = weights.storage, c.dloss = dloss.storage;
    label("nll %s on %s, reduced", t->name, smx_isa());
    assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    expect(t, &o.reduced, 1, VALUES(1.25 + 0.25 + 1.5));
    expect(t, o.loss, ROWS, VALUES(1.25, 0, 0.25, 1.5));
    expect(t, o.log_prob, ROWS, VALUES(-1.25, 0, -0.125, -1.5));
    expect(t, o.dx, (size_t)ROWS * N, VALUES(0, -3, 0, 0, 0, 0, -6, 0, 0, 0, -3, 0));
    assert_int_equal(o.count, 3);
    assert_int_equal(o.argmax[1], 1); /* an ignored row has one all the same */

    c.settings.reduction = SMX_REDUCTION_MEAN;
    assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    expect(t, &o.reduced, 1, VALUES(3.0 / 4));
    expect(t, o.dx, (size_t)ROWS * N, VALUES(0, -0.75, 0, 0, 0, 0, -1.5, 0, 0, 0, -0.75, 0));

    const int64_t none[ROWS] = {2, 2, 2, 2};
    c.labels_i64 = none, c.dloss = NULL;
    for (int zero = 0; zero < 2; zero++) {
        c.settings.empty_mean = zero ? SMX_EMPTY_MEAN_ZERO : SMX_EMPTY_MEAN_NAN;
        assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
        assert_element_bits(t, &o.reduced, 0, zero ? 0 : bits_of(t, NAN));
        expect(t, o.dx, 2, VALUES(0, 0));
        assert_ok(cross_entropy_eval(t, ROWS, 0, NULL, 0, &c, NULL)); /* no classes, and no row that needs one */
        assert_int_equal(o.argmax[0], -1);
    }
}

static void test_special(void **state) {
    const dtype *t = *state;
    outputs o;
    row x = given_x(t), weights = row_of(t, 3, 0.0, 0.0, 1.0), dloss = row_of(t, 4, 1.0, INFINITY, NAN, 1.0);
    t->store(x.storage, 1, NAN), t->store(x.storage, 6, 0.0), t->store(x.storage, 9, NAN);
    cross_entropy c = with_outputs(&o, SMX_REDUCTION_NONE);
    c.dloss = dloss.storage;
    label("nll %s on %s, special numbers", t->name, smx_isa());
    assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    expect(t, o.loss, ROWS, VALUES(NAN, INFINITY, 0, 1.5)); /* 0, not -0; the NaN of row 3 is not its label's */
    expect(t, o.log_prob, ROWS, VALUES(NAN, -INFINITY, 0, -1.5));
    expect(t, o.dx, (size_t)ROWS * N, VALUES(0, -1, 0, 0, 0, NAN, NAN, 0, 0, 0, -1, 0));
    assert_true(o.argmax[0] == -1 && o.argmax[3] == -1 && !o.correct[0]);
    c.class_weights = weights.storage, c.dloss = NULL;
    assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    expect(t, o.loss, ROWS, VALUES(NAN, INFINITY, 0, 0));
    expect(t, o.dx, (size_t)ROWS * N, VALUES(0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0));
    /* Products that leave the range. */
    row huge = row_of(t, 2, -t->max, -t->min_subnormal), two = row_of(t, 2, 2.0, 0.5);
    row factor = row_filled(t, 1, t->max);
    c = with_outputs(&o, SMX_REDUCTION_NONE);
    c.class_weights = two.storage, c.dloss = factor.storage, c.lddx = 2;
    const int64_t first = 0, second = 1;
    c.labels_i64 = &first;
    assert_ok(cross_entropy_eval(t, 1, 2, huge.storage, 2, &c, NULL));
    expect(t, o.loss, 1, VALUES(INFINITY));
    expect(t, o.dx, 2, VALUES(-INFINITY, 0));
    c.labels_i64 = &second;
    assert_ok(cross_entropy_eval(t, 1, 2, huge.storage, 2, &c, NULL));
    expect(t, o.loss, 1, VALUES(0));
}

/* The loss is linear in x: differences are the gradient, up to rounding. */
static void test_gradient(void **state) {
    const dtype *t = *state;
    outputs o, ahead;
    row x = given_x(t), weights = row_of(t, 3, 2.0, 0.5, 1.0);
    t->store(x.storage, 5, -2.0);
    cross_entropy c = with_outputs(&o, SMX_REDUCTION_MEAN), of_ahead = with_outputs(&ahead, SMX_REDUCTION_MEAN);
    c.class_weights = of_ahead.class_weights = weights.storage;
    of_ahead.dx = NULL;
    label("nll %s, differences", t->name);
    assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    for (size_t i = 0; i < (size_t)ROWS * N; i++) {
        double at = t->load(x.storage, i), step = 0x1p-4;
        t->store(x.storage, i, at + step);
        assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &of_ahead, NULL));
        t->store(x.storage, i, at);
        double slope = (t->load(&ahead.reduced, 0) - t->load(&o.reduced, 0)) / step;
        assert_true(fabs(slope - t->load(o.dx, i)) <= 64 * t->epsilon);
    }
}

/* After log-softmax, what cross-entropy is of the logits: each is off by less than 3 ULP. */
static void test_cross_entropy(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(0x9500000);
    for (int round = 0; round < 200; round++) {
        outputs o, of_logits;
        row x = row_filled(t, (size_t)ROWS * N, 0), y = x;
        for (size_t i = 0; i < (size_t)ROWS * N; i++) {
            t->store(x.storage, i, 4 * rng_normal(&r));
        }
        cross_entropy c = with_outputs(&of_logits, SMX_REDUCTION_NONE);
        c.settings.log_probs = 0;
        label("nll %s after log-softmax, round %d", t->name, round);
        assert_ok(cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
        assert_ok(t == &dtype_f32 ? smx_log_softmax_f32(ROWS, N, (float *)x.storage, N, (float *)y.storage, N, NULL)
                                  : smx_log_softmax_f64(ROWS, N, x.storage, N, y.storage, N, NULL));
        c = with_outputs(&o, SMX_REDUCTION_NONE);
        assert_ok(cross_entropy_eval(t, ROWS, N, y.storage, N, &c, NULL));
        for (size_t k = 0; k < ROWS; k++) {
            double a = t->load(o.loss, k), b = t->load(of_logits.loss, k);
            assert_true(fabs(a - b) <= 6 * t->epsilon * b);
        }
    }
}

/* ---- A batch in pieces ---- */

static void test_pieces(void **state) {
    (void)state;
    double mean, of_pieces, dx[ROWS * N], of_piece[ROWS * N], x[ROWS * N];
    for (size_t i = 0; i < (size_t)ROWS * N; i++) {
        x[i] = -(double)(i + 1) / 7;
    }
    smx_exact_sum weight = {{0}, 0, 0, 0}, loss = weight;
    smx_cross_entropy_args_f64 ce = {.size = sizeof ce, .labels_i64 = labels, .reduction = SMX_REDUCTION_MEAN};
    ce.dx = dx, ce.lddx = N, ce.reduced = &mean;
    label("nll of a batch in pieces");
    assert_ok(smx_nll_f64(ROWS, N, x, N, &ce, NULL));
    for (int step = 0; step < 2; step++) {
        for (size_t k = 0; k < ROWS; k += 2) {
            ce = (smx_cross_entropy_args_f64){.size = sizeof ce, .labels_i64 = labels + k};
            ce.reduction = SMX_REDUCTION_MEAN;
            if (step == 0) {
                ce.weight_sum = &weight;
            } else {
                ce.batch_weight = &weight, ce.loss_sum = &loss, ce.dx = of_piece + k * N, ce.lddx = N;
            }
            assert_ok(smx_nll_f64(2, N, x + k * N, N, &ce, NULL));
        }
    }
    assert_ok(smx_exact_sum_ratio_f64(&loss, &weight, &of_pieces));
    assert_memory_equal(&mean, &of_pieces, sizeof mean);
    assert_memory_equal(dx, of_piece, sizeof dx);
}

/* ---- Refusals ---- */

static double memory[ROWS * N];

static void smoothing(cross_entropy *c) { c->settings.smoothing = 0.5; }
static void z_loss(cross_entropy *c) { c->settings.z_loss = 0.5; }
static void softcap(cross_entropy *c) { c->settings.softcap = 20; }
static void lse(cross_entropy *c) { c->lse = memory; }
static void targets_too(cross_entropy *c) { c->targets = memory, c->ldt = N; }
static void targets_alone(cross_entropy *c) { c->targets = memory, c->ldt = N, c->labels_i64 = NULL; }
static void dtargets(cross_entropy *c) { c->dtargets = memory, c->lddt = N; }
static void no_labels(cross_entropy *c) { c->labels_i64 = NULL; }
static void reduced(cross_entropy *c) { c->reduced = memory; }
static void stride(cross_entropy *c) { c->lddx = N - 1; }

static void test_refusals(void **state) {
    const dtype *t = *state;
    static const struct {
        const char *field;
        smx_status status;
        void (*spoil)(cross_entropy *c);
    } cases[] = {{"smoothing", SMX_ERROR_OPTION, smoothing}, {"z_loss", SMX_ERROR_OPTION, z_loss},
                 {"softcap", SMX_ERROR_OPTION, softcap},     {"lse", SMX_ERROR_OPTION, lse},
                 {"targets", SMX_ERROR_OPTION, targets_too}, {"targets", SMX_ERROR_OPTION, targets_alone},
                 {"dtargets", SMX_ERROR_OPTION, dtargets},   {"labels", SMX_ERROR_OPTION, no_labels},
                 {"reduced", SMX_ERROR_OPTION, reduced},     {"lddx", SMX_ERROR_STRIDE, stride}};
    row x = given_x(t), one = row_of(t, 1, 1.0);
    outputs o;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cross_entropy c = with_outputs(&o, SMX_REDUCTION_NONE);
        cases[i].spoil(&c);
        label("nll %s, refused for %s", t->name, cases[i].field);
        assert_refused_for(cases[i].status, cases[i].field, cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
        assert_canary(&o, sizeof o);
    }
    cross_entropy c = with_outputs(&o, SMX_REDUCTION_NONE);
    smx_options opt = policy(0, 0);
    opt.scale = one.storage;
    assert_refused_for(SMX_ERROR_OPTION, "options.scale", cross_entropy_eval(t, ROWS, N, x.storage, N, &c, &opt));
    opt = policy(0, 0), opt.causal = SMX_CAUSAL_TOP_LEFT, opt.queries = 4;
    assert_refused_for(SMX_ERROR_OPTION, "options.causal", cross_entropy_eval(t, ROWS, N, x.storage, N, &c, &opt));
    assert_canary(&o, sizeof o);
    const int64_t bad[ROWS] = {0, 1, N, 0};
    c.labels_i64 = bad;
    assert_refused_for(SMX_ERROR_LABEL, "labels_i64", cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    assert_int_equal(o.bad_row, 2);
    smx_status none = t == &dtype_f32 ? smx_nll_f32(1, N, (const float *)memory, N, NULL, NULL)
                                      : smx_nll_f64(1, N, memory, N, NULL, NULL);
    assert_refused_for(SMX_ERROR_NULL, "ce", none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_losses),        TEST_BOTH(test_reductions),    TEST_BOTH(test_special), TEST_BOTH(test_gradient),
        TEST_BOTH(test_cross_entropy), cmocka_unit_test(test_pieces), TEST_BOTH(test_refusals)};
    int failed = 0;
    print_isas();
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}
