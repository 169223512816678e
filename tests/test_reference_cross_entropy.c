/* Every instruction set gives the bits of docs/bits.md for cross-entropy, as
 * tests/reference/bits_cross_entropy.h reads that page. */
#include "common/check.h"
#include "common/cross_entropy.h"
#include "common/isas.h"
#include "common/reference_rows.h"
#include "common/sampled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a call has beside labels or targets. */
enum { WITH_SMOOTHING = 1, WITH_Z_LOSS = 2, WITH_WEIGHTS = 4, WITH_TARGETS = 8, OF_EMPTY_MEAN = 16, WITH_SOFTCAP = 32 };

enum { LOSS, LSE, LOG_PROB, DX, DTARGETS, OUTPUTS };
static const char *const output_names[OUTPUTS] = {"loss", "lse", "target_log_prob", "dx", "dtargets"};

/* A call's memory. */
typedef struct problem {
    const dtype *t;
    size_t rows, n;
    masks m;
    cross_entropy_settings settings;
    void *x, *dloss, *targets, *weights; /* the last two may be null */
    int64_t *labels;                     /* null with targets */
    void *expected[OUTPUTS], *got[OUTPUTS];
} problem;

static size_t width(size_t output, size_t n) { return output < DX ? 1 : n; }

static int has_output(const problem *p, size_t output) {
    return (output != DTARGETS || p->targets) && (output != LOG_PROB || p->labels);
}

static const double settings_of_loss[] = {0.125, 1, 0.5, 0x1p-10};

static double any_setting(rng *r) {
    return settings_of_loss[rng_below(r, sizeof settings_of_loss / sizeof *settings_of_loss)];
}

static void *random_numbers(const dtype *t, size_t count, double low, rng *r) {
    void *a = elements(t, count);
    for (size_t i = 0; i < count; i++) {
        t->store(a, i, rng_below(r, 4) ? rng_uniform(r, low, 1) * ldexp(1, (int)rng_below(r, 8)) : 0);
    }
    return a;
}

/* Now and then all so large or so small that products must be scaled. */
static void scale_some(const dtype *t, size_t count, void *a, rng *r) {
    const int far = t == &dtype_f32 ? 100 : 900, exponents[] = {0, 0, 0, 0, 0, 0, far, -far};
    double scale = ldexp(1, exponents[rng_below(r, sizeof exponents / sizeof *exponents)]);
    for (size_t i = 0; i < count; i++) {
        t->store(a, i, t->load(a, i) * scale);
    }
}

/* A mean over rows of weight 0: it and the loss's gradient are NaN or 0 by policy. */
static void make_mean_empty(problem *p, rng *r) {
    int zero = rng_below(r, 2) != 0;
    p->settings.reduction = SMX_REDUCTION_MEAN;
    p->settings.empty_mean = zero ? SMX_EMPTY_MEAN_ZERO : SMX_EMPTY_MEAN_NAN;
    for (size_t i = 0; i < p->n; i++) {
        p->t->store(p->weights, i, 0);
    }
    for (size_t k = 0; k < p->rows; k++) {
        p->t->store(p->dloss, k, zero ? 0 : (double)NAN);
    }
}

static problem problem_new(const dtype *t, size_t n, size_t kind, int what, rng *r) {
    problem p = {.t = t, .rows = reference_rows(n), .n = n};
    p.m = reference_masks(t, p.rows, n, what & WITH_SOFTCAP ? OPTIONS_LINEAR : OPTIONS_LOGITS, r);
    p.settings.smoothing = what & WITH_SMOOTHING ? any_setting(r) : 0;
    p.settings.z_loss = what & WITH_Z_LOSS ? any_setting(r) : 0;
    p.settings.softcap = what & WITH_SOFTCAP ? 0x1p-3 * (double)(1 + rng_below(r, 600)) : 0;
    p.weights = what & WITH_WEIGHTS ? random_numbers(t, n, 0, r) : NULL;
    p.targets = what & WITH_TARGETS ? random_numbers(t, p.rows * n, rng_below(r, 2) ? 0 : -1, r) : NULL;
    if (p.targets) {
        scale_some(t, p.rows * n, p.targets, r);
    }
    p.x = elements(t, p.rows * n), p.dloss = elements(t, p.rows);
    p.labels = p.targets ? NULL : malloc(p.rows * sizeof *p.labels);
    int plain = rng_below(r, 2) != 0;
    for (size_t k = 0; k < p.rows; k++) {
        reference_fill(t, at(t, p.x, k * n), n, kind, r);
        t->store(p.dloss, k, plain ? rng_normal(r) : reference_gradient(t, r));
        if (p.labels) {
            p.labels[k] = (int64_t)rng_below(r, n);
        }
    }
    if (what & OF_EMPTY_MEAN) {
        make_mean_empty(&p, r);
    }
    for (size_t i = 0; i < OUTPUTS; i++) {
        p.expected[i] = elements(t, p.rows * width(i, n)), p.got[i] = elements(t, p.rows * width(i, n));
    }
    return p;
}

static void problem_free(problem *p) {
    masks_free(&p->m);
    free(p->x), free(p->dloss), free(p->targets), free(p->weights), free(p->labels);
    for (size_t i = 0; i < OUTPUTS; i++) {
        free(p->expected[i]), free(p->got[i]);
    }
}

static void expect_row(problem *p, size_t k) {
    const dtype *t = p->t;
    size_t n = p->n;
    reference_cross_entropy ce = {.label = p->labels ? (size_t)p->labels[k] : 0,
                                  .targets = p->targets ? at(t, p->targets, k * n) : NULL,
                                  .class_weights = p->weights,
                                  .smoothing = p->settings.smoothing,
                                  .z_loss = p->settings.z_loss,
                                  .softcap = p->settings.softcap,
                                  .dloss = t->load(p->dloss, k)};
    ce.loss = at(t, p->expected[LOSS], k), ce.lse = at(t, p->expected[LSE], k);
    ce.target_log_prob = at(t, p->expected[LOG_PROB], k);
    ce.dx = at(t, p->expected[DX], k * n), ce.dtargets = at(t, p->expected[DTARGETS], k * n);
    masks row = masks_of_row(&p->m, k, NULL);
    reference_options opt = reference_options_of(&row);
    const void *x = at(t, p->x, k * n);
    t == &dtype_f32 ? reference_cross_entropy_f32(n, x, &ce, &opt) : reference_cross_entropy_f64(n, x, &ce, &opt);
    masks_free(&row);
}

static void run_library(problem *p) {
    size_t n = p->n;
    cross_entropy c = {.labels_i64 = p->labels, .targets = p->targets, .ldt = n, .settings = p->settings};
    c.class_weights = p->weights;
    c.dloss = p->settings.reduction == SMX_REDUCTION_NONE ? p->dloss : NULL;
    c.loss = p->got[LOSS], c.lse = p->got[LSE], c.target_log_prob = p->labels ? p->got[LOG_PROB] : NULL;
    c.dx = p->got[DX], c.lddx = n, c.dtargets = p->targets ? p->got[DTARGETS] : NULL, c.lddt = n;
    for (size_t i = 0; i < OUTPUTS; i++) {
        fill_canary(p->got[i], p->rows * width(i, n) * p->t->size);
    }
    assert_ok(cross_entropy_eval(p->t, p->rows, n, p->x, n, &c, &p->m.opt));
}

static void compare(const dtype *t, size_t n, size_t kind, int what, uint64_t seed) {
    rng r = rng_seed(seed);
    problem p = problem_new(t, n, kind, what, &r);
    for (size_t k = 0; k < p.rows; k++) {
        expect_row(&p, k);
    }
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        run_library(&p);
        for (size_t j = 0; j < OUTPUTS; j++) {
            label("cross-entropy, %d, %s on %s, %zu x %zu, %s, seed %#llx", what, output_names[j], smx_isa(), p.rows, n,
                  reference_x_name(kind), (unsigned long long)seed);
            if (has_output(&p, j)) {
                assert_same_bits(t, p.expected[j], p.got[j], p.rows * width(j, n));
            }
        }
    }
    problem_free(&p);
}

static void compare_all(const dtype *t, int what) {
    uint64_t seed = 0x10000000 + 0x100000 * (uint64_t)what;
    for (size_t i = 0; i < REFERENCE_SIZES; i++) {
        const size_t step = sample_step(4);
        for (size_t kind = i % step; kind < REFERENCE_X_KINDS; kind += step) {
            compare(t, reference_size(i), kind, what, seed++);
        }
    }
}

static void test_labels(void **state) { compare_all(*state, 0); }
static void test_weights(void **state) { compare_all(*state, WITH_WEIGHTS); }
static void test_smoothing(void **state) { compare_all(*state, WITH_SMOOTHING); }
static void test_z_loss(void **state) { compare_all(*state, WITH_Z_LOSS); }
static void test_labels_with_all(void **state) { compare_all(*state, WITH_SMOOTHING | WITH_Z_LOSS | WITH_WEIGHTS); }
static void test_empty_mean(void **state) {
    compare_all(*state, WITH_SMOOTHING | WITH_Z_LOSS | WITH_WEIGHTS | OF_EMPTY_MEAN);
}
static void test_softcap(void **state) { compare_all(*state, WITH_SOFTCAP | WITH_SMOOTHING | WITH_Z_LOSS); }
static void test_targets(void **state) { compare_all(*state, WITH_TARGETS); }
static void test_targets_with_all(void **state) {
    compare_all(*state, WITH_TARGETS | WITH_SMOOTHING | WITH_Z_LOSS | WITH_WEIGHTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_labels),           TEST_BOTH(test_weights),         TEST_BOTH(test_smoothing),
        TEST_BOTH(test_z_loss),           TEST_BOTH(test_labels_with_all), TEST_BOTH(test_targets),
        TEST_BOTH(test_targets_with_all), TEST_BOTH(test_empty_mean),      TEST_BOTH(test_softcap),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
