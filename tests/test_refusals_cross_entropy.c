/* The fields of cross-entropy's struct: sizes from other versions, unknown, contradictory and unusable values, labels
 * that are no class. A refused call writes nothing. */
#include "common/check.h"
#include "common/cross_entropy.h"
#include "common/rows.h"

#include <math.h>
#include <string.h>

enum { ROWS = 4, N = 3 };

static const int64_t sound_labels[ROWS] = {0, 2, 1, 0};

/* Where outputs may go: canaries. */
typedef struct outputs {
    double loss[ROWS], reduced, lse[ROWS], log_prob[ROWS], weight, dx[ROWS * N], dtargets[ROWS * N];
    int64_t argmax[ROWS];
    uint8_t correct[ROWS];
    int64_t count;
    size_t bad_row;
} outputs;

static cross_entropy with_outputs(outputs *o, int labels) {
    cross_entropy c = {.loss = o->loss, .lse = o->lse, .argmax = o->argmax, .count = &o->count, .weight = &o->weight};
    c.dx = o->dx, c.lddx = N, c.bad_row = &o->bad_row;
    if (labels) {
        c.target_log_prob = o->log_prob, c.correct = o->correct;
    } else {
        c.dtargets = o->dtargets, c.lddt = N;
    }
    fill_canary(o, sizeof *o);
    return c;
}

static row logits(const dtype *t) {
    return row_of(t, (size_t)ROWS * N, 1.0, 2.0, 3.0, 0.0, -1.0, 5.0, 2.0, 2.0, 2.0, -INFINITY, 0.0, 1.0);
}

/* A sound problem with labels that `change` spoils. */
static void check_with_labels(const dtype *t, const char *what, smx_status wanted, const char *field,
                              void (*change)(cross_entropy *c)) {
    outputs o;
    row x = logits(t);
    cross_entropy c = with_outputs(&o, 1);
    c.labels_i64 = sound_labels;
    change(&c);
    label("cross-entropy %s: %s", t->name, what);
    assert_refused_for(wanted, field, cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    if (wanted != SMX_OK) {
        assert_canary(&o, sizeof o);
    }
}

static double memory[ROWS * N]; /* zeros, for what only must not be null */

static void nothing(cross_entropy *c) { (void)c; }
static void no_targets(cross_entropy *c) { c->labels_i64 = NULL; }
static void two_label_types(cross_entropy *c) { c->labels_i32 = (const int32_t *)memory; }
static void labels_and_targets(cross_entropy *c) { c->targets = memory, c->ldt = N; }
static void ignore_2(cross_entropy *c) { c->settings.use_ignore_index = 2; }
static void reduction_3(cross_entropy *c) { c->settings.reduction = (smx_reduction)3; }
static void empty_mean_2(cross_entropy *c) { c->settings.empty_mean = (smx_empty_mean)2; }
static void reduced_of_none(cross_entropy *c) { c->reduced = memory; }
static void targets_gradient(cross_entropy *c) { c->dtargets = memory, c->lddt = N; }
static void dx_stride(cross_entropy *c) { c->lddx = N - 1; }

static void test_fields(void **state) {
    const dtype *t = *state;
    check_with_labels(t, "sound", SMX_OK, NULL, nothing);
    check_with_labels(t, "neither labels nor targets", SMX_ERROR_OPTION, "labels", no_targets);
    check_with_labels(t, "labels of both types", SMX_ERROR_OPTION, "labels_i64", two_label_types);
    check_with_labels(t, "labels and targets", SMX_ERROR_OPTION, "targets", labels_and_targets);
    check_with_labels(t, "use_ignore_index = 2", SMX_ERROR_OPTION, "use_ignore_index", ignore_2);
    check_with_labels(t, "an unknown reduction", SMX_ERROR_OPTION, "reduction", reduction_3);
    check_with_labels(t, "an unknown empty_mean", SMX_ERROR_OPTION, "empty_mean", empty_mean_2);
    check_with_labels(t, "reduced without a reduction", SMX_ERROR_OPTION, "reduced", reduced_of_none);
    check_with_labels(t, "a gradient of targets, with labels", SMX_ERROR_OPTION, "dtargets", targets_gradient);
    check_with_labels(t, "a stride of dx", SMX_ERROR_STRIDE, "lddx", dx_stride);
}

static void check_numbers(const dtype *t, smx_status wanted, const char *field, double smoothing, double z_loss,
                          double softcap) {
    outputs o;
    row x = logits(t);
    cross_entropy c = with_outputs(&o, 1);
    c.labels_i64 = sound_labels;
    c.settings.smoothing = smoothing, c.settings.z_loss = z_loss, c.settings.softcap = softcap;
    label("cross-entropy %s: smoothing %a, z_loss %a, softcap %a", t->name, smoothing, z_loss, softcap);
    assert_refused_for(wanted, field, cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    if (wanted != SMX_OK) {
        assert_canary(&o, sizeof o);
    }
}

static void test_numbers(void **state) {
    const dtype *t = *state;
    const double bad_smoothing[] = {-t->min_subnormal, 1 + t->epsilon, NAN, INFINITY, -1};
    const double bad_z_loss[] = {-t->min_subnormal, NAN, INFINITY, -INFINITY};
    const double bad_softcap[] = {0x1.fffffep-11, 0x1.000002p15, -1, NAN, INFINITY, t->min_subnormal};
    for (size_t i = 0; i < 5; i++) {
        check_numbers(t, SMX_ERROR_OPTION, "smoothing", bad_smoothing[i], 0, 0);
    }
    for (size_t i = 0; i < 4; i++) {
        check_numbers(t, SMX_ERROR_OPTION, "z_loss", 0, bad_z_loss[i], 0);
    }
    for (size_t i = 0; i < 6; i++) {
        check_numbers(t, SMX_ERROR_OPTION, "softcap", 0, 0, bad_softcap[i]);
    }
    check_numbers(t, SMX_OK, NULL, 0, 0, -0.0);
    check_numbers(t, SMX_OK, NULL, -0.0, -0.0, 0x1p-10);
    check_numbers(t, SMX_OK, NULL, 1, t->max, 0x1p15);
}

static void test_class_weights(void **state) {
    const dtype *t = *state;
    const double bad[] = {-1, NAN, INFINITY, -INFINITY, -t->min_subnormal};
    for (size_t i = 0; i < (size_t)5 * N; i++) {
        outputs o;
        row x = logits(t), weights = row_filled(t, N, 1);
        t->store(weights.storage, i % N, bad[i / N]);
        cross_entropy c = with_outputs(&o, 1);
        c.labels_i64 = sound_labels, c.class_weights = weights.storage;
        label("cross-entropy %s: weight %g of class %zu", t->name, bad[i / N], i % N);
        assert_refused_for(SMX_ERROR_OPTION, "class_weights", cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
        assert_canary(&o, sizeof o);
    }
}

/* What belongs to labels, with targets. */
static void test_targets(void **state) {
    const dtype *t = *state;
    for (int k = 0; k < 5; k++) {
        outputs o;
        row x = logits(t), targets = row_filled(t, (size_t)ROWS * N, 0.25);
        cross_entropy c = with_outputs(&o, 0);
        c.targets = targets.storage, c.ldt = N;
        c.target_log_prob = k == 0 ? o.log_prob : NULL;
        c.correct = k == 1 ? o.correct : NULL;
        c.settings.use_ignore_index = k == 2;
        c.ldt = k == 3 ? N - 1 : N;
        label("cross-entropy %s: targets, case %d", t->name, k);
        smx_status wanted = k < 3 ? SMX_ERROR_OPTION : k == 3 ? SMX_ERROR_STRIDE : SMX_OK;
        static const char *const fields[] = {"target_log_prob", "correct", "use_ignore_index", "ldt", NULL};
        assert_refused_for(wanted, fields[k], cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
        if (k < 4) {
            assert_canary(&o, sizeof o);
        }
    }
}

/* A label outside [0, n): the first such row is named, and nothing else is written. */
static void check_label(const dtype *t, int64_t bad, size_t place, int narrow, int ignoring) {
    outputs o;
    row x = logits(t);
    cross_entropy c = with_outputs(&o, 1);
    int64_t labels[ROWS];
    int32_t labels_i32[ROWS];
    for (size_t k = 0; k < ROWS; k++) {
        labels[k] = k < place ? (ignoring ? -100 : sound_labels[k]) : bad;
        labels_i32[k] = (int32_t)labels[k];
    }
    c.labels_i64 = narrow ? NULL : labels;
    c.labels_i32 = narrow ? labels_i32 : NULL;
    c.settings.use_ignore_index = ignoring, c.settings.ignore_index = -100;
    label("cross-entropy %s: label %lld of row %zu, %s", t->name, (long long)bad, place, narrow ? "int32" : "int64");
    assert_refused_for(SMX_ERROR_LABEL, narrow ? "labels_i32" : "labels_i64",
                       cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    assert_int_equal(o.bad_row, place);
    fill_canary(&o.bad_row, sizeof o.bad_row);
    assert_canary(&o, sizeof o);
    c.bad_row = NULL;
    assert_refused_for(SMX_ERROR_LABEL, narrow ? "labels_i32" : "labels_i64",
                       cross_entropy_eval(t, ROWS, N, x.storage, N, &c, NULL));
    assert_canary(&o, sizeof o);
}

static void test_labels(void **state) {
    static const int64_t bad[] = {-1, N, INT32_MIN, INT32_MAX, -100, INT64_MIN, INT64_MAX, (int64_t)1 << 32, -99};
    for (size_t i = 0; i < 9; i++) {
        for (size_t place = 0; place < ROWS; place++) {
            for (int k = 0; k < 4; k++) {
                int narrow = k & 1, ignoring = k >> 1;
                if (!(narrow && bad[i] != (int32_t)bad[i]) && !(ignoring && bad[i] == -100)) {
                    check_label(*state, bad[i], place, narrow, ignoring);
                }
            }
        }
    }
}

static void test_no_classes(void **state) {
    const dtype *t = *state;
    outputs o;
    cross_entropy c = with_outputs(&o, 1);
    c.labels_i64 = sound_labels;
    label("cross-entropy %s: no classes", t->name);
    assert_refused_for(SMX_ERROR_LABEL, "labels_i64", cross_entropy_eval(t, ROWS, 0, NULL, 0, &c, NULL));
    assert_int_equal(o.bad_row, 0);
    c.labels_i64 = NULL;
    label("cross-entropy %s: no struct, or no arrays", t->name);
    smx_status none = t == &dtype_f32 ? smx_cross_entropy_f32(1, N, (const float *)memory, N, NULL, NULL)
                                      : smx_cross_entropy_f64(1, N, memory, N, NULL, NULL);
    assert_refused_for(SMX_ERROR_NULL, "ce", none);
}

/* A struct of a later version, and sizes that are none. */
typedef struct later_f32 {
    smx_cross_entropy_args_f32 known;
    unsigned char unknown[16];
} later_f32;

typedef struct later_f64 {
    smx_cross_entropy_args_f64 known;
    unsigned char unknown[16];
} later_f64;

static smx_status eval_f32(later_f32 *ce) {
    const float x[N] = {1, 2, 3};
    return smx_cross_entropy_f32(1, N, x, N, &ce->known, NULL);
}

static smx_status eval_f64(later_f64 *ce) {
    const double x[N] = {1, 2, 3};
    return smx_cross_entropy_f64(1, N, x, N, &ce->known, NULL);
}

static void check_size(size_t size_f32, size_t size_f64, size_t byte, smx_status wanted) {
    const char *what = size_f32 == sizeof(size_t) ? "labels" : "size";
    float loss_f32;
    double loss_f64;
    later_f32 a;
    later_f64 b;
    memset(&a, 0, sizeof a), memset(&b, 0, sizeof b);
    fill_canary(&loss_f32, sizeof loss_f32), fill_canary(&loss_f64, sizeof loss_f64);
    a.known.labels_i64 = b.known.labels_i64 = sound_labels;
    a.known.loss = &loss_f32, b.known.loss = &loss_f64;
    a.known.size = size_f32, b.known.size = size_f64;
    a.unknown[byte] = b.unknown[byte] = 1;
    label("cross-entropy: sizes %zu and %zu, byte %zu not zero", size_f32, size_f64, byte);
    assert_refused_for(wanted, what, eval_f32(&a));
    assert_refused_for(wanted, what, eval_f64(&b));
    if (wanted != SMX_OK) {
        assert_canary(&loss_f32, sizeof loss_f32);
        assert_canary(&loss_f64, sizeof loss_f64);
    }
}

static void test_sizes(void **state) {
    (void)state;
    const size_t f32 = sizeof(smx_cross_entropy_args_f32), f64 = sizeof(smx_cross_entropy_args_f64);
    for (size_t size = 0; size < sizeof(size_t); size++) {
        check_size(size, size, 15, SMX_ERROR_OPTION);
    }
    check_size(sizeof(size_t), sizeof(size_t), 15, SMX_ERROR_OPTION); /* sound, but no labels and no targets */
    check_size(f32, f64, 0, SMX_OK);
    for (size_t extra = 1; extra <= 16; extra++) {
        check_size(f32 + extra, f64 + extra, extra - 1, SMX_ERROR_OPTION);
        check_size(f32 + extra, f64 + extra, extra % 16, extra < 16 ? SMX_OK : SMX_ERROR_OPTION);
    }
    /* shorter: what comes after `loss` is not looked at */
    check_size(offsetof(smx_cross_entropy_args_f32, reduced), offsetof(smx_cross_entropy_args_f64, reduced), 15,
               SMX_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_fields), TEST_BOTH(test_numbers),    TEST_BOTH(test_class_weights), TEST_BOTH(test_targets),
        TEST_BOTH(test_labels), TEST_BOTH(test_no_classes), cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
