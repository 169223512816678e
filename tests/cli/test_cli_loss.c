/* smx cross-entropy and smx nll: what they write has the bits of the library, in one tile or many. */
#include "array.h"
#include "tool.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 300, N = 1000, IGNORED = -100 };

static const array logits = {.ndim = 2, .shape = {ROWS, N}};
static int64_t labels[ROWS];
static int32_t short_labels[ROWS];

static void make_labels(rng *r) {
    for (size_t k = 0; k < ROWS; k++)
        short_labels[k] = (int32_t)(labels[k] = rng_below(r, 10) == 0 ? IGNORED : (int64_t)rng_below(r, N));
    npy_write_as("labels.npy", "<i8", "(300,)", labels, sizeof labels);
    npy_write_as("labels-i4.npy", "<i4", "(300,)", short_labels, sizeof short_labels);
}

static void assert_reals(const dtype *t, const char *path, const char *shape, const void *numbers, size_t count) {
    npy_expect(path, t == &dtype_f32 ? "<f4" : "<f8", shape, numbers, count * t->size);
}

/* What a call gives. */
typedef struct outputs {
    void *loss, *reduced, *lse, *log_prob, *dx, *dtargets;
    int64_t argmax[ROWS];
    uint8_t correct[ROWS];
    int64_t count;
} outputs;

static outputs *make_outputs(const dtype *t) {
    outputs *out = calloc(1, sizeof *out);
    assert_non_null(out);
    out->loss = elements(t, ROWS);
    out->reduced = elements(t, 1);
    out->lse = elements(t, ROWS);
    out->log_prob = elements(t, ROWS);
    out->dx = elements(t, (size_t)ROWS * N);
    out->dtargets = elements(t, (size_t)ROWS * N);
    return out;
}

static void free_outputs(outputs *out) {
    free(out->loss);
    free(out->reduced);
    free(out->lse);
    free(out->log_prob);
    free(out->dx);
    free(out->dtargets);
    free(out);
}

/* The problem, for both types; null: not given. */
typedef struct problem {
    const void *x, *targets, *class_weights, *dloss;
    bool log_probs; /* x has log-probabilities: the problem of nll */
    double smoothing, z_loss, softcap;
    smx_reduction reduction;
} problem;

#define FIELDS(p, out, real)                                                                                          \
    .labels_i64 = (p)->targets == NULL ? labels : NULL, .targets = (p)->targets, .ldt = (p)->targets == NULL ? 0 : N, \
    .use_ignore_index = (p)->targets == NULL, .ignore_index = (p)->targets == NULL ? IGNORED : 0,                     \
    .class_weights = (p)->class_weights, .smoothing = (real)(p)->smoothing, .z_loss = (real)(p)->z_loss,              \
    .softcap = (real)(p)->softcap, .reduction = (p)->reduction, .dloss = (p)->dloss, .loss = (out)->loss,             \
    .reduced = (p)->reduction == SMX_REDUCTION_NONE ? NULL : (out)->reduced,                                          \
    .lse = (p)->log_probs ? NULL : (out)->lse, .target_log_prob = (p)->targets == NULL ? (out)->log_prob : NULL,      \
    .argmax = (out)->argmax, .correct = (p)->targets == NULL ? (out)->correct : NULL, .count = &(out)->count,         \
    .dx = (out)->dx, .lddx = N, .dtargets = (p)->targets == NULL ? NULL : (out)->dtargets,                            \
    .lddt = (p)->targets == NULL ? 0 : N

static outputs *library(const dtype *t, const problem *p) {
    outputs *out = make_outputs(t);
    const smx_cross_entropy_args_f32 f32 = {.size = sizeof f32, FIELDS(p, out, float)};
    const smx_cross_entropy_args_f64 f64 = {.size = sizeof f64, FIELDS(p, out, double)};
    if (p->log_probs)
        assert_ok(t == &dtype_f32 ? smx_nll_f32(ROWS, N, p->x, N, &f32, NULL)
                                  : smx_nll_f64(ROWS, N, p->x, N, &f64, NULL));
    else
        assert_ok(t == &dtype_f32 ? smx_cross_entropy_f32(ROWS, N, p->x, N, &f32, NULL)
                                  : smx_cross_entropy_f64(ROWS, N, p->x, N, &f64, NULL));
    return out;
}

static const char *const memory[] = {"", "--memory 1 --threads 2"};
enum { MEMORY = sizeof memory / sizeof *memory };

#define LABEL_OUTPUTS "--grad dx.npy --log-prob log-prob.npy --argmax argmax.npy --correct correct.npy -o loss.npy"

static void check_label_outputs(const dtype *t, const outputs *out, int reduced) {
    assert_reals(t, "loss.npy", reduced ? "()" : "(300,)", reduced ? out->reduced : out->loss, reduced ? 1 : ROWS);
    assert_reals(t, "log-prob.npy", "(300,)", out->log_prob, ROWS);
    assert_reals(t, "dx.npy", "(300, 1000)", out->dx, (size_t)ROWS * N);
    npy_expect("argmax.npy", "<i8", "(300,)", out->argmax, sizeof out->argmax);
    npy_expect("correct.npy", "|b1", "(300,)", out->correct, sizeof out->correct);
}

static void test_labels(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(1);
    make_labels(&r);
    array x = array_make(t, "x.npy", logits, -8, 8, &r),
          w = array_make(t, "w.npy", (array){.ndim = 1, .shape = {N}}, 0, 1, &r);
    array dloss = array_make(t, "dloss.npy", (array){.ndim = 1, .shape = {ROWS}}, -8, 8, &r);
    const problem sum = {.x = x.data, .reduction = SMX_REDUCTION_SUM};
    const problem rich = {
        .x = x.data, .class_weights = w.data, .dloss = dloss.data, .smoothing = 0.125, .z_loss = 0.25, .softcap = 30};
    outputs *of_sum = library(t, &sum), *of_rich = library(t, &rich);
    for (int i = 0; i < MEMORY; i++) {
        assert_success(
            shell("$SMX cross-entropy x.npy labels.npy --ignore-index -100 --reduction sum --lse lse.npy " LABEL_OUTPUTS
                  " %s > /dev/null",
                  memory[i]));
        check_label_outputs(t, of_sum, 1);
        assert_reals(t, "lse.npy", "(300,)", of_sum->lse, ROWS);
        assert_success(shell("$SMX cross-entropy x.npy labels-i4.npy --ignore-index -100 --reduction none "
                             "--class-weights w.npy --dloss dloss.npy --smoothing 0.125 --z-loss 0.25 --softcap 30 "
                             "--lse lse.npy " LABEL_OUTPUTS " %s > /dev/null",
                             memory[i]));
        check_label_outputs(t, of_rich, 0);
        assert_reals(t, "lse.npy", "(300,)", of_rich->lse, ROWS);
    }
    free_outputs(of_sum);
    free_outputs(of_rich);
    free(x.data);
    free(w.data);
    free(dloss.data);
}

/* Tiles are pieces of the batch: a mean's gradient is that of one call. */
static void test_mean(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(2);
    make_labels(&r);
    array x = array_make(t, "x.npy", logits, -8, 8, &r);
    const problem p = {.x = x.data, .reduction = SMX_REDUCTION_MEAN};
    outputs *out = library(t, &p);
    for (int i = 0; i < MEMORY; i++) {
        assert_success(shell("$SMX cross-entropy x.npy labels.npy --ignore-index -100 -o loss.npy --grad dx.npy %s "
                             "> /dev/null",
                             memory[i]));
        assert_reals(t, "loss.npy", "()", out->reduced, 1);
        assert_reals(t, "dx.npy", "(300, 1000)", out->dx, (size_t)ROWS * N);
    }
    free_outputs(out);
    free(x.data);
}

static void test_dense(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(3);
    array x = array_make(t, "x.npy", logits, -8, 8, &r), targets = array_make(t, "targets.npy", logits, 0, 1, &r);
    const problem p = {.x = x.data, .targets = targets.data, .smoothing = 0.25, .reduction = SMX_REDUCTION_SUM};
    outputs *out = library(t, &p);
    for (int i = 0; i < MEMORY; i++) {
        assert_success(shell("$SMX cross-entropy x.npy targets.npy --smoothing 0.25 --reduction sum -o loss.npy "
                             "--grad dx.npy --grad-targets dtargets.npy --argmax argmax.npy %s > /dev/null",
                             memory[i]));
        assert_reals(t, "loss.npy", "()", out->reduced, 1);
        assert_reals(t, "dx.npy", "(300, 1000)", out->dx, (size_t)ROWS * N);
        assert_reals(t, "dtargets.npy", "(300, 1000)", out->dtargets, (size_t)ROWS * N);
        npy_expect("argmax.npy", "<i8", "(300,)", out->argmax, sizeof out->argmax);
    }
    free_outputs(out);
    free(x.data);
    free(targets.data);
}

static void test_nll(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(5);
    make_labels(&r);
    array x = array_make(t, "x.npy", logits, -8, 0, &r),
          w = array_make(t, "w.npy", (array){.ndim = 1, .shape = {N}}, 0, 1, &r),
          dloss = array_make(t, "dloss.npy", (array){.ndim = 1, .shape = {ROWS}}, -8, 8, &r);
    static const char *const options[] = {[SMX_REDUCTION_NONE] = "--reduction none --dloss dloss.npy",
                                          [SMX_REDUCTION_SUM] = "--reduction sum",
                                          [SMX_REDUCTION_MEAN] = ""};
    for (smx_reduction reduction = SMX_REDUCTION_NONE; reduction <= SMX_REDUCTION_MEAN; reduction++) {
        bool reduced = reduction != SMX_REDUCTION_NONE;
        const problem p = {.x = x.data,
                           .class_weights = w.data,
                           .dloss = reduced ? NULL : dloss.data,
                           .log_probs = true,
                           .reduction = reduction};
        outputs *out = library(t, &p);
        for (int i = 0; i < MEMORY; i++) {
            assert_success(shell("$SMX nll x.npy labels-i4.npy --ignore-index -100 --class-weights w.npy " LABEL_OUTPUTS
                                 " %s %s > /dev/null",
                                 options[reduction], memory[i]));
            check_label_outputs(t, out, reduced);
        }
        free_outputs(out);
    }
    free(x.data);
    free(w.data);
    free(dloss.data);
}

/* Rows along another axis, and rows in another order, have the same loss. */
static void test_layouts(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(4);
    make_labels(&r);
    array x = array_make(t, "x.npy", logits, -8, 8, &r), columns = {.t = t, .ndim = 2, .shape = {N, ROWS}};
    array_allocate(&columns);
    for (size_t i = 0; i < (size_t)ROWS * N; i++)
        t->store_bits(columns.data, i % N * ROWS + i / N, t->bits(x.data, i));
    array_write(&columns, "columns.npy", 1, 0);
    static const char *const names[] = {"cross-entropy", "nll"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_success(shell("$SMX %s x.npy labels.npy --ignore-index -100 -o a.npy > a.txt", names[i]));
        assert_success(
            shell("$SMX %s columns.npy labels.npy --ignore-index -100 -o b.npy --axis 0 --memory 1 > b.txt", names[i]));
        assert_true(same_files("a.npy", "b.npy") && same_files("a.txt", "b.txt"));
    }
    free(x.data);
    free(columns.data);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_labels), TEST_BOTH(test_mean),    TEST_BOTH(test_dense),
        TEST_BOTH(test_nll),    TEST_BOTH(test_layouts),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
