/* The special cases of cross-entropy, as smx/cross_entropy.h defines them, on every instruction set. */
#include "common/check.h"
#include "common/cross_entropy.h"
#include "common/isas.h"
#include "common/rows.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS = 4, N = 3 };

/* Everything that a call on a few rows can give. */
typedef struct result {
    const dtype *t;
    double loss[ROWS], reduced, lse[ROWS], log_prob[ROWS], weight, dx[ROWS * N], dtargets[ROWS * N];
    int64_t argmax[ROWS];
    uint8_t correct[ROWS];
    int64_t count;
    size_t bad_row;
} result;

static void fill_outputs(cross_entropy *c, result *r) {
    c->loss = r->loss, c->lse = r->lse, c->argmax = r->argmax, c->count = &r->count, c->weight = &r->weight;
    c->dx = r->dx, c->lddx = N, c->bad_row = &r->bad_row;
    c->reduced = c->settings.reduction == SMX_REDUCTION_NONE ? NULL : &r->reduced;
    if (c->targets) {
        c->dtargets = r->dtargets, c->lddt = N;
    } else {
        c->target_log_prob = r->log_prob, c->correct = r->correct;
    }
}

static result run(const dtype *t, size_t rows, const row *x, cross_entropy c, const smx_options *opt) {
    result r = {.t = t};
    fill_canary(r.loss, sizeof r - offsetof(result, loss));
    fill_outputs(&c, &r);
    assert_ok(cross_entropy_eval(t, rows, N, x->storage, N, &c, opt));
    return r;
}

static void expect(const dtype *t, const double *a, size_t i, double value) {
    assert_element_bits(t, a, i, isnan(value) ? canonical_nan(t) : bits_of(t, value));
}

static double at_of(const dtype *t, const double *a, size_t i) { return t->load(a, i); }

static void test_near_certainty(void **state) {
    const dtype *t = *state;
    int64_t label_of_row = 0;
    row x = row_of(t, N, 0.0, -60.0, -INFINITY);
    cross_entropy c = {.labels_i64 = &label_of_row};
    label("cross-entropy: near certainty");
    result r = run(t, 1, &x, c, NULL);
    double exact = 8.7565107626965203e-27;
    assert_true(fabs(at_of(t, r.loss, 0) - exact) < 2 * t->epsilon * exact);
    assert_true(at_of(t, r.log_prob, 0) == -at_of(t, r.loss, 0));
    assert_true(fabs(at_of(t, r.dx, 0) + exact) < 4 * t->epsilon * exact);
    assert_true(fabs(at_of(t, r.dx, 1) - exact) < 4 * t->epsilon * exact);
    expect(t, r.dx, 2, 0);
    assert_int_equal(r.argmax[0], 0);
    assert_int_equal(r.correct[0], 1);
}

/* One finite logit, the others -inf: certain, whatever stands between. */
static void test_one_finite_logit(void **state) {
    const dtype *t = *state;
    for (int k = 0; k < 4; k++) {
        int64_t label_of_row = 1;
        double ones[N];
        row x = row_of(t, N, -INFINITY, 1.0, -INFINITY), target = row_of(t, N, 0.0, 1.0, 0.0);
        cross_entropy c = {.labels_i64 = &label_of_row};
        c.settings.softcap = k & 1 ? 20 : 0;
        if (k & 2) {
            memcpy(ones, target.storage, sizeof ones);
            c.labels_i64 = NULL, c.targets = ones, c.ldt = N;
        }
        label("cross-entropy: one finite logit, softcap %g, %s", c.settings.softcap, k & 2 ? "targets" : "a label");
        result r = run(t, 1, &x, c, NULL);
        expect(t, r.loss, 0, 0);
        for (size_t i = 0; i < N; i++) {
            expect(t, r.dx, i, 0);
        }
        label("%s, dx in place of x", label_text());
        fill_outputs(&c, &r);
        c.dx = x.storage;
        assert_ok(cross_entropy_eval(t, 1, N, x.storage, N, &c, NULL));
        for (size_t i = 0; i < N; i++) {
            expect(t, x.storage, i, 0);
        }
    }
}

/* Rows of NaN, of +inf, of -inf, and a sound one, side by side. */
static void test_rows(void **state) {
    const dtype *t = *state;
    const int64_t labels[ROWS] = {0, 1, 2, 1};
    row x = row_of(t, (size_t)ROWS * N, 1.0, NAN, INFINITY, /**/ 1.0, INFINITY, 2.0, /**/ -INFINITY, -INFINITY,
                   -INFINITY, /**/ 0.0, 5.0, -0.0);
    cross_entropy c = {.labels_i64 = labels, .settings = {.reduction = SMX_REDUCTION_SUM}};
    label("cross-entropy: NaN, +inf, -inf and a sound row");
    result r = run(t, ROWS, &x, c, NULL);
    static const double lse[] = {NAN, INFINITY, -INFINITY};
    static const int64_t argmax[] = {-1, 1, -1, 1};
    for (size_t k = 0; k < 2; k++) {
        expect(t, r.loss, k, NAN);
        expect(t, r.lse, k, lse[k]);
        expect(t, r.log_prob, k, NAN);
        for (size_t i = 0; i < N; i++) {
            expect(t, r.dx, k * N + i, NAN);
        }
    }
    expect(t, r.lse, 2, lse[2]);
    assert_true(isfinite(at_of(t, r.loss, 3)) && isfinite(at_of(t, r.dx, 3 * N)));
    expect(t, &r.reduced, 0, NAN);
    for (size_t k = 0; k < ROWS; k++) {
        if (k != 2) { /* the header says -1 for no entry kept, not for kept entries of -inf */
            assert_int_equal(r.argmax[k], argmax[k]);
        }
    }
    smx_options limit = policy(SMX_PLUS_INF_LIMIT, SMX_MINUS_INF_ROW_ZEROS);
    r = run(t, ROWS, &x, c, &limit);
    label("cross-entropy: +inf by the limit");
    expect(t, r.loss, 0, NAN);
    expect(t, r.loss, 1, 0);
    expect(t, r.lse, 1, INFINITY);
    for (size_t i = 0; i < N; i++) {
        expect(t, r.dx, N + i, 0);
    }
}

/* A label at -inf or at a masked place costs +inf; its gradient is that of p = 0. */
static void test_impossible_label(void **state) {
    const dtype *t = *state;
    const int32_t label_of_row = 1;
    row x = row_of(t, N, 2.0, -INFINITY, 2.0), finite = row_of(t, N, 2.0, 1.0, 2.0);
    cross_entropy c = {.labels_i32 = &label_of_row};
    uint8_t keep[] = {1, 0, 1};
    smx_options masked = {.size = sizeof masked, .keep = keep};
    for (int k = 0; k < 2; k++) {
        label("cross-entropy: a label at %s", k ? "a masked place" : "-inf");
        result r = run(t, 1, k ? &finite : &x, c, k ? &masked : NULL);
        expect(t, r.loss, 0, INFINITY);
        expect(t, r.log_prob, 0, -INFINITY);
        expect(t, r.dx, 0, 0.5);
        expect(t, r.dx, 1, k ? 0 : -1);
        expect(t, r.dx, 2, 0.5);
    }
    label("cross-entropy: a label at -inf of weight 0");
    row weights = row_of(t, N, 1.0, 0.0, 1.0);
    c.class_weights = weights.storage;
    result r = run(t, 1, &x, c, NULL);
    expect(t, r.loss, 0, 0);
    label("cross-entropy: a target of 0 at -inf, and one of more");
    row target = row_of(t, N, 0.5, 0.0, 0.5);
    cross_entropy dense = {.targets = target.storage, .ldt = N};
    r = run(t, 1, &x, dense, NULL);
    assert_true(fabs(at_of(t, r.loss, 0) - log(2)) < 4 * t->epsilon);
    target = row_of(t, N, 0.5, 0.5, 0.0);
    r = run(t, 1, &x, dense, NULL);
    expect(t, r.loss, 0, INFINITY);
    expect(t, r.dtargets, 1, INFINITY);
}

/* eps / C over all classes. Powers of two and equal logits: exact but for log(4) itself. */
static void test_smoothing(void **state) {
    const dtype *t = *state;
    const int64_t label_of_row = 2;
    row x = row_of(t, N, 1.0, 1.0, 1.0);
    cross_entropy c = {.labels_i64 = &label_of_row, .settings = {.smoothing = 0.75}};
    label("cross-entropy: smoothing of even logits");
    result r = run(t, 1, &x, c, NULL);
    assert_true(fabs(at_of(t, r.loss, 0) - log(3)) < 4 * t->epsilon);
    assert_true(fabs(at_of(t, r.dx, 2) - (1.0 / 3 - 0.25 - 0.25)) < 2 * t->epsilon);
    assert_true(fabs(at_of(t, r.dx, 0) - (1.0 / 3 - 0.25)) < 2 * t->epsilon);
    label("cross-entropy: smoothing and a logit of -inf");
    x = row_of(t, N, 1.0, -INFINITY, 1.0);
    r = run(t, 1, &x, c, NULL);
    expect(t, r.loss, 0, INFINITY);
}

/* Ignored rows: zeros, and no part in sums, means and counts; their lse and argmax are still those of the row. */
static void check_ignored(const dtype *t, smx_reduction reduction, int64_t ignore, const double *class_weights) {
    const int64_t labels[ROWS] = {1, ignore, 0, ignore};
    row x = row_of(t, (size_t)ROWS * N, 1.0, 2.0, 3.0, /**/ NAN, 1.0, 1.0, /**/ 0.0, 0.0, -1.0, /**/ 1.0, 7.0, 1.0);
    cross_entropy c = {.labels_i64 = labels, .class_weights = class_weights};
    c.settings.reduction = reduction, c.settings.use_ignore_index = 1, c.settings.ignore_index = ignore;
    result r = run(t, ROWS, &x, c, NULL);
    for (size_t k = 1; k < ROWS; k += 2) {
        expect(t, r.loss, k, 0);
        expect(t, r.log_prob, k, 0);
        assert_int_equal(r.correct[k], 0);
        for (size_t i = 0; i < N; i++) {
            expect(t, r.dx, k * N + i, 0);
        }
    }
    assert_int_equal(r.count, 2);
    double weight = class_weights ? t->load(class_weights, 0) + t->load(class_weights, 1) : 2;
    expect(t, &r.weight, 0, weight);
    assert_int_equal(r.argmax[1], -1);
    assert_int_equal(r.argmax[3], 1);
    expect(t, r.lse, 1, NAN);
    double sum = at_of(t, r.loss, 0) + at_of(t, r.loss, 2);
    if (reduction != SMX_REDUCTION_NONE) {
        double exact = reduction == SMX_REDUCTION_MEAN ? sum / weight : sum;
        assert_true(fabs(at_of(t, &r.reduced, 0) - exact) <= t->epsilon * fabs(exact));
    }
}

static void test_ignored(void **state) {
    const dtype *t = *state;
    static const int64_t indices[] = {-100, 2, 0x7fffffffff, -1, INT64_MIN};
    row weights = row_of(t, N, 0.25, 4.0, 8.0);
    for (size_t i = 0; i < 5; i++) {
        for (int k = 0; k < 6; k++) {
            label("cross-entropy: label %lld is ignored, reduction %d, %s", (long long)indices[i], k % 3,
                  k < 3 ? "plain" : "weighted");
            check_ignored(t, (smx_reduction)(k % 3), indices[i], k < 3 ? NULL : weights.storage);
        }
    }
}

/* Nothing counts: rows = 0, all ignored, or all of weight 0. */
static void test_empty(void **state) {
    const dtype *t = *state;
    const int64_t ignored[] = {-1, -1};
    row x = row_filled(t, (size_t)2 * N, 1), weights = row_filled(t, N, 0);
    for (int k = 0; k < 12; k++) {
        const int64_t zeros[] = {0, 0};
        cross_entropy c = {.labels_i64 = k % 3 == 2 ? zeros : ignored};
        c.class_weights = k % 3 == 2 ? weights.storage : NULL;
        c.settings.use_ignore_index = 1, c.settings.ignore_index = -1;
        c.settings.reduction = k / 3 % 2 ? SMX_REDUCTION_MEAN : SMX_REDUCTION_SUM;
        c.settings.empty_mean = k / 6 ? SMX_EMPTY_MEAN_ZERO : SMX_EMPTY_MEAN_NAN;
        label("cross-entropy: %s, reduction %d, policy %d",
              k % 3 == 0   ? "no rows"
              : k % 3 == 1 ? "all ignored"
                           : "all of weight 0",
              (int)c.settings.reduction, (int)c.settings.empty_mean);
        result r = run(t, k % 3 ? 2 : 0, &x, c, NULL);
        expect(t, &r.reduced, 0, k / 3 == 1 ? NAN : 0);
        expect(t, &r.weight, 0, 0);
        assert_int_equal(r.count, k % 3 == 2 ? 2 : 0);
    }
    label("cross-entropy: no classes, all ignored");
    cross_entropy c = {.labels_i64 = ignored, .settings = {.use_ignore_index = 1, .ignore_index = -1}};
    double loss[2], lse[2];
    int64_t argmax[2];
    c.loss = loss, c.lse = lse, c.argmax = argmax;
    assert_ok(cross_entropy_eval(t, 2, 0, NULL, 0, &c, NULL));
    expect(t, loss, 1, 0);
    expect(t, lse, 1, -INFINITY);
    assert_int_equal(argmax[1], -1);
}

/* The gradient of a mean over a weight of 0 is NaN or 0, as the mean; of ignored rows, masked places and rows without a
 * kept entry it is 0 whatever the mean. */
static void check_empty_mean(const dtype *t, cross_entropy c, const double *dloss, const uint8_t *keep) {
    row x = row_of(t, (size_t)ROWS * N, 1.0, 2.0, 3.0, /**/ 4.0, 1.0, 1.0, /**/ 0.0, 0.0, -1.0, /**/ 1.0, 7.0, 1.0);
    smx_options opt = {.size = sizeof opt, .keep = keep, .keep_ld = N};
    c.dloss = dloss;
    result r = run(t, ROWS, &x, c, &opt);
    bool zero = c.settings.empty_mean == SMX_EMPTY_MEAN_ZERO, sound = !dloss || isfinite(t->load(dloss, 0));
    double value = zero && sound ? 0 : NAN;
    expect(t, &r.reduced, 0, zero ? 0 : NAN);
    expect(t, &r.weight, 0, 0);
    for (size_t i = 0; i < (size_t)ROWS * N; i++) {
        bool ignored = c.labels_i64 && c.labels_i64[i / N] == c.settings.ignore_index;
        expect(t, r.dx, i, (c.settings.use_ignore_index && ignored) || (keep && !keep[i]) ? 0 : value);
    }
}

static void test_gradient_of_empty_mean(void **state) {
    const dtype *t = *state;
    const int64_t labels[ROWS] = {1, -1, 0, 1};
    const uint8_t keep[ROWS * N] = {1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1};
    row weights = row_of(t, N, 0.0, 0.0, 5.0), dloss = row_of(t, 1, -3.0), infinite = row_of(t, 1, INFINITY);
    const double *const gradients[] = {NULL, dloss.storage, infinite.storage};
    for (int k = 0; k < 2 * 3 * 2 * 8; k++) {
        cross_entropy c = {.labels_i64 = labels, .class_weights = weights.storage};
        c.settings.use_ignore_index = 1, c.settings.ignore_index = -1;
        c.settings.reduction = SMX_REDUCTION_MEAN;
        c.settings.empty_mean = k % 2 ? SMX_EMPTY_MEAN_ZERO : SMX_EMPTY_MEAN_NAN;
        int which = k / 12;
        c.settings.smoothing = which & 1 ? 0.25 : 0, c.settings.z_loss = which & 2 ? 0.5 : 0;
        c.settings.softcap = which & 4 ? 30 : 0;
        label("cross-entropy: gradient of an empty mean, policy %d, dloss %d, %s, with %d", k % 2, k / 2 % 3,
              k / 6 % 2 ? "masked" : "plain", which);
        check_empty_mean(t, c, gradients[k / 2 % 3], k / 6 % 2 ? keep : NULL);
    }
}

/* NaN or infinity in dloss: NaN in the rows it belongs to. */
static void test_dloss(void **state) {
    const dtype *t = *state;
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    const int64_t labels[] = {0, 1};
    row x = row_of(t, (size_t)2 * N, 1.0, 2.0, 3.0, 0.0, -INFINITY, 1.0);
    for (size_t k = 0; k < 6; k++) {
        row dloss = row_of(t, 2, bad[k % 3], 1.0);
        cross_entropy c = {.labels_i64 = labels, .dloss = dloss.storage};
        c.settings.reduction = k < 3 ? SMX_REDUCTION_NONE : SMX_REDUCTION_SUM;
        label("cross-entropy: dloss = %g, reduction %d", bad[k % 3], (int)c.settings.reduction);
        result r = run(t, 2, &x, c, NULL);
        for (size_t i = 0; i < (size_t)2 * N; i++) {
            if (i < N || k >= 3) {
                expect(t, r.dx, i, NAN);
            } else {
                assert_true(isfinite(at_of(t, r.dx, i)));
            }
        }
        assert_true(isfinite(at_of(t, r.loss, 0)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_near_certainty), TEST_BOTH(test_one_finite_logit),
        TEST_BOTH(test_rows),           TEST_BOTH(test_impossible_label),
        TEST_BOTH(test_smoothing),      TEST_BOTH(test_ignored),
        TEST_BOTH(test_empty),          TEST_BOTH(test_gradient_of_empty_mean),
        TEST_BOTH(test_dloss),
    };
    print_isas();
    int failures = 0;
    for (size_t i = 0; smx_isa_available(i); i++) {
        failures += smx_isa_set(smx_isa_available(i)) != SMX_OK;
        failures += cmocka_run_group_tests_name(smx_isa_available(i), tests, NULL, NULL);
    }
    return failures;
}
