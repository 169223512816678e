/* smx cross-entropy: what it writes has the bits of the library, in one tile or many; what it prints and refuses. */
#include "array.h"
#include "tool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 300, N = 1000, IGNORED = -100 };

static int64_t labels[ROWS];
static int32_t short_labels[ROWS];

static array make(const dtype *t, const char *path, size_t ndim, size_t rows, size_t n, int fraction, rng *r) {
    array a = {.t = t, .ndim = ndim, .shape = {rows, n}};
    array_allocate(&a);
    if (fraction)
        array_fill_probabilities(&a, r);
    else
        array_fill_logits(&a, r);
    array_write(&a, path, 1, 0);
    return a;
}

static void make_labels(rng *r) {
    for (size_t k = 0; k < ROWS; k++)
        short_labels[k] = (int32_t)(labels[k] = rng_below(r, 10) == 0 ? IGNORED : (int64_t)rng_below(r, N));
    npy_write_as("labels.npy", "<i8", "(300,)", labels, sizeof labels);
    npy_write_as("labels-i4.npy", "<i4", "(300,)", short_labels, sizeof short_labels);
}

/* Fails unless the file is an array of this shape with these bytes. */
static void assert_array(const char *path, const char *descr, const char *shape, const void *numbers, size_t bytes) {
    char header[200];
    size_t length;
    char *file = read_file(path, &length);
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    assert_true(length > bytes + strlen(header) + 10);
    assert_memory_equal(file + 10, header, strlen(header));
    assert_memory_equal(file + length - bytes, numbers, bytes);
    free(file);
}

static void assert_reals(const dtype *t, const char *path, const char *shape, const void *numbers, size_t count) {
    assert_array(path, t == &dtype_f32 ? "<f4" : "<f8", shape, numbers, count * t->size);
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
    double smoothing, z_loss, softcap;
    smx_reduction reduction;
} problem;

#define FIELDS(p, out, real)                                                                                          \
    .labels_i64 = (p)->targets == NULL ? labels : NULL, .targets = (p)->targets, .ldt = (p)->targets == NULL ? 0 : N, \
    .use_ignore_index = (p)->targets == NULL, .ignore_index = (p)->targets == NULL ? IGNORED : 0,                     \
    .class_weights = (p)->class_weights, .smoothing = (real)(p)->smoothing, .z_loss = (real)(p)->z_loss,              \
    .softcap = (real)(p)->softcap, .reduction = (p)->reduction, .dloss = (p)->dloss, .loss = (out)->loss,             \
    .reduced = (p)->reduction == SMX_REDUCTION_NONE ? NULL : (out)->reduced, .lse = (out)->lse,                       \
    .target_log_prob = (p)->targets == NULL ? (out)->log_prob : NULL, .argmax = (out)->argmax,                        \
    .correct = (p)->targets == NULL ? (out)->correct : NULL, .count = &(out)->count, .dx = (out)->dx, .lddx = N,      \
    .dtargets = (p)->targets == NULL ? NULL : (out)->dtargets, .lddt = (p)->targets == NULL ? 0 : N

static outputs *library(const dtype *t, const problem *p) {
    outputs *out = make_outputs(t);
    const smx_cross_entropy_args_f32 f32 = {.size = sizeof f32, FIELDS(p, out, float)};
    const smx_cross_entropy_args_f64 f64 = {.size = sizeof f64, FIELDS(p, out, double)};
    assert_ok(t == &dtype_f32 ? smx_cross_entropy_f32(ROWS, N, p->x, N, &f32, NULL)
                              : smx_cross_entropy_f64(ROWS, N, p->x, N, &f64, NULL));
    return out;
}

static const char *const memory[] = {"", "--memory 1 --threads 2"};
enum { MEMORY = sizeof memory / sizeof *memory };

#define ALL_LABEL_OUTPUTS \
    "--grad dx.npy --lse lse.npy --log-prob log-prob.npy --argmax argmax.npy --correct correct.npy -o loss.npy"

static void check_label_outputs(const dtype *t, const outputs *out, int reduced) {
    assert_reals(t, "loss.npy", reduced ? "()" : "(300,)", reduced ? out->reduced : out->loss, reduced ? 1 : ROWS);
    assert_reals(t, "lse.npy", "(300,)", out->lse, ROWS);
    assert_reals(t, "log-prob.npy", "(300,)", out->log_prob, ROWS);
    assert_reals(t, "dx.npy", "(300, 1000)", out->dx, (size_t)ROWS * N);
    assert_array("argmax.npy", "<i8", "(300,)", out->argmax, sizeof out->argmax);
    assert_array("correct.npy", "|b1", "(300,)", out->correct, sizeof out->correct);
}

static void test_labels(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(1);
    make_labels(&r);
    array x = make(t, "x.npy", 2, ROWS, N, 0, &r), w = make(t, "w.npy", 1, N, 0, 1, &r);
    array dloss = make(t, "dloss.npy", 1, ROWS, 0, 0, &r);
    const problem sum = {.x = x.data, .reduction = SMX_REDUCTION_SUM};
    const problem rich = {
        .x = x.data, .class_weights = w.data, .dloss = dloss.data, .smoothing = 0.125, .z_loss = 0.25, .softcap = 30};
    outputs *of_sum = library(t, &sum), *of_rich = library(t, &rich);
    for (int i = 0; i < MEMORY; i++) {
        assert_success(
            shell("$SMX cross-entropy x.npy labels.npy --ignore-index -100 --reduction sum " ALL_LABEL_OUTPUTS
                  " %s > /dev/null",
                  memory[i]));
        check_label_outputs(t, of_sum, 1);
        assert_success(shell(
            "$SMX cross-entropy x.npy labels-i4.npy --ignore-index -100 --reduction none "
            "--class-weights w.npy --dloss dloss.npy --smoothing 0.125 --z-loss 0.25 --softcap 30 " ALL_LABEL_OUTPUTS
            " %s > /dev/null",
            memory[i]));
        check_label_outputs(t, of_rich, 0);
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
    array x = make(t, "x.npy", 2, ROWS, N, 0, &r);
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
    array x = make(t, "x.npy", 2, ROWS, N, 0, &r), targets = make(t, "targets.npy", 2, ROWS, N, 1, &r);
    const problem p = {.x = x.data, .targets = targets.data, .smoothing = 0.25, .reduction = SMX_REDUCTION_SUM};
    outputs *out = library(t, &p);
    for (int i = 0; i < MEMORY; i++) {
        assert_success(shell("$SMX cross-entropy x.npy targets.npy --smoothing 0.25 --reduction sum -o loss.npy "
                             "--grad dx.npy --grad-targets dtargets.npy --argmax argmax.npy %s > /dev/null",
                             memory[i]));
        assert_reals(t, "loss.npy", "()", out->reduced, 1);
        assert_reals(t, "dx.npy", "(300, 1000)", out->dx, (size_t)ROWS * N);
        assert_reals(t, "dtargets.npy", "(300, 1000)", out->dtargets, (size_t)ROWS * N);
        assert_array("argmax.npy", "<i8", "(300,)", out->argmax, sizeof out->argmax);
    }
    free_outputs(out);
    free(x.data);
    free(targets.data);
}

/* Rows along another axis, and rows in another order, have the same loss. */
static void test_layouts(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(4);
    make_labels(&r);
    array x = make(t, "x.npy", 2, ROWS, N, 0, &r), columns = {.t = t, .ndim = 2, .shape = {N, ROWS}};
    array_allocate(&columns);
    for (size_t i = 0; i < (size_t)ROWS * N; i++)
        t->store_bits(columns.data, i % N * ROWS + i / N, t->bits(x.data, i));
    array_write(&columns, "columns.npy", 1, 0);
    assert_success(shell("$SMX cross-entropy x.npy labels.npy --ignore-index -100 -o a.npy > a.txt"));
    assert_success(shell("$SMX cross-entropy columns.npy labels.npy --ignore-index -100 -o b.npy --axis 0 --memory 1 "
                         "> b.txt"));
    assert_true(same_files("a.npy", "b.npy") && same_files("a.txt", "b.txt"));
    free(x.data);
    free(columns.data);
}

static void assert_printed(const char *text) {
    char *printed = read_file("printed.txt", NULL);
    assert_string_equal(printed, text);
    free(printed);
}

static void test_report(void **state) {
    (void)state;
    static const float x[] = {0, 0, 0, 0, 3, 3, 3, 3, 1, 0, 0, 0}, weights[] = {1, 2, 4, 8};
    static const int64_t classes[] = {1, 0, -100}, nothing[] = {-100, -100, -100};
    npy_write_as("x.npy", "<f4", "(3, 4)", x, sizeof x);
    npy_write_as("w.npy", "<f4", "(4,)", weights, sizeof weights);
    npy_write_as("classes.npy", "<i8", "(3,)", classes, sizeof classes);
    npy_write_as("nothing.npy", "<i8", "(3,)", nothing, sizeof nothing);
    assert_success(shell("$SMX cross-entropy x.npy classes.npy --ignore-index -100 > printed.txt"));
    assert_printed("loss      1.38629436 (0x1.62e43p+0), the mean\n"
                   "rows      2 of 3, the others are ignored\n"
                   "accuracy  50.00 %: 1 of 2\n");
    assert_success(shell("$SMX cross-entropy x.npy classes.npy --ignore-index -100 --class-weights w.npy "
                         "--reduction sum --dtype f8 > printed.txt"));
    assert_printed("loss      4.1588830833596715 (0x1.0a2b23f3bab73p+2), the sum\n"
                   "rows      2 of 3, the others are ignored\n"
                   "weight    3 (0x1.8p+1)\n"
                   "accuracy  50.00 %: 1 of 2\n");
    assert_success(shell("$SMX cross-entropy x.npy x.npy --reduction none > printed.txt"));
    assert_printed("loss      one for each row\nrows      3\n");
    assert_success(shell("$SMX cross-entropy x.npy nothing.npy --ignore-index -100 > printed.txt"));
    assert_printed("loss      nan (nan), the mean\nrows      0 of 3, the others are ignored\n");
    assert_success(shell("$SMX cross-entropy x.npy nothing.npy --ignore-index -100 --empty-mean zero > printed.txt"));
    assert_printed("loss      0 (0x0p+0), the mean\nrows      0 of 3, the others are ignored\n");
    assert_success(shell("$SMX cross-entropy x.npy classes.npy --ignore-index -100 --lse - > lse.npy"));
    assert_success(shell("$SMX cross-entropy x.npy classes.npy --ignore-index -100 --lse file.npy > /dev/null"));
    assert_true(same_files("lse.npy", "file.npy"));
}

/* A mean over a weight of 0 is NaN or 0, and so is its gradient; that of a row that is ignored is 0. */
static void test_empty_mean(void **state) {
    (void)state;
    static const float x[8] = {1, 2, 3, 4}, weights[] = {0, 1, 1, 1}, zeros[8] = {0};
    static const int64_t classes[] = {0, -100};
    npy_write_as("x.npy", "<f4", "(2, 4)", x, sizeof x);
    npy_write_as("w.npy", "<f4", "(4,)", weights, sizeof weights);
    npy_write_as("classes.npy", "<i8", "(2,)", classes, sizeof classes);
    static const uint32_t nan = 0x7fc00000;
    const uint32_t nans[8] = {nan, nan, nan, nan};
    for (int zero = 0; zero < 2; zero++) {
        assert_success(shell("$SMX cross-entropy x.npy classes.npy --ignore-index -100 --class-weights w.npy "
                             "--smoothing 0.5 --z-loss 0.25 -o loss.npy --grad dx.npy %s > /dev/null",
                             zero ? "--empty-mean zero" : ""));
        assert_array("loss.npy", "<f4", "()", zero ? (const void *)zeros : nans, sizeof *x);
        assert_array("dx.npy", "<f4", "(2, 4)", zero ? (const void *)zeros : nans, sizeof x);
    }
}

/* Rows of no entries: those with dense targets have a loss of 0, and masks, weights and outputs may be empty too. */
static void test_no_entries(void **state) {
    (void)state;
    static const float losses[3] = {0};
    static const int64_t lengths[3] = {0};
    npy_write_as("x.npy", "<f4", "(3, 0)", "", 0);
    npy_write_as("w.npy", "<f4", "(0,)", "", 0);
    npy_write_as("keep.npy", "|b1", "(3, 0)", "", 0);
    npy_write_as("lengths.npy", "<i8", "(3,)", lengths, sizeof lengths);
    assert_success(shell("$SMX cross-entropy x.npy x.npy > printed.txt"));
    assert_printed("loss      0 (0x0p+0), the mean\nrows      3\n");
    assert_success(shell("$SMX cross-entropy x.npy x.npy --reduction none --class-weights w.npy --mask keep.npy "
                         "--lengths lengths.npy --smoothing 0.5 -o loss.npy --grad dx.npy --grad-targets dt.npy "
                         "--argmax a.npy --lse lse.npy > /dev/null"));
    assert_array("loss.npy", "<f4", "(3,)", losses, sizeof losses);
    assert_array("dx.npy", "<f4", "(3, 0)", "", 0);
    assert_array("dt.npy", "<f4", "(3, 0)", "", 0);
    npy_write_as("x.npy", "<f4", "(0, 3)", "", 0);
    assert_success(shell("$SMX cross-entropy x.npy x.npy --reduction sum --grad dx.npy > printed.txt"));
    assert_printed("loss      0 (0x0p+0), the sum\nrows      0\n");
    assert_array("dx.npy", "<f4", "(0, 3)", "", 0);
}

/* Each line says what is wrong, and nothing is left behind. */
static void test_refusals(void **state) {
    (void)state;
    static const float x[6] = {0}, negative[] = {1, -1, 1};
    static const int64_t good[] = {0, 1}, large[] = {0, 3}, low[] = {-1, 0}, many[] = {0, 1, 2};
    static const struct {
        const char *arguments;
        int status;
        const char *names, *says;
    } bad[] = {
        {"large.npy", 1, "smx: large.npy: ", "the label of row 1 is 3, no class: there are 3, from 0"},
        {"low.npy", 1, "smx: low.npy: ", "the label of row 0 is -1, no class: there are 3, from 0; --ignore-index -1 "},
        {"low.npy --ignore-index 7", 1, "smx: low.npy: ", "the label of row 0 is -1, no class: there are 3, from 0\n"},
        {"large.npy --ignore-index -100", 1, "smx: large.npy: ", "the label of row 1 is 3"},
        {"many.npy", 1, "smx: many.npy: ", "its shape (3,) is not that of the rows of x.npy, (2,)"},
        {"negative.npy", 1, "smx: negative.npy: ", "its shape (3,) is not that of x.npy, (2, 3)"},
        {"good.npy --class-weights negative.npy", 1, "smx: negative.npy: ", "the weight of class 1 is -1"},
        {"good.npy --class-weights x.npy", 1, "smx: x.npy: ", "is not one number for each class of x.npy, (3,)"},
        {"good.npy --class-weights good.npy", 1, "smx: good.npy: ", "dtype '<i8' is not supported here"},
        {"nothing.npy", 1, "smx: nothing.npy: ", "No such file"},
        {"x.npy --correct c.npy", 2, "smx cross-entropy: ", "--correct needs labels"},
        {"x.npy --log-prob c.npy", 2, "smx cross-entropy: ", "--log-prob needs labels"},
        {"x.npy --ignore-index 0", 2, "smx cross-entropy: ", "--ignore-index needs labels"},
        {"good.npy --grad-targets c.npy", 2, "smx cross-entropy: ", "--grad-targets needs dense targets"},
        {"good.npy --dloss x.npy --grad c.npy", 1,
         "smx: x.npy: ", "must be a single number; one for each row needs --reduction none"},
        {"good.npy --dloss negative.npy --grad c.npy --reduction none", 1, "smx: negative.npy: ", "its shape (3,)"},
        {"good.npy --dloss one.npy", 2, "smx cross-entropy: ", "--dloss needs --grad"},
        {"good.npy --grad c.npy --lse c.npy", 2, "smx cross-entropy: ", "name the same file, 'c.npy'"},
        {"good.npy --lse c.npy --grad nowhere/c.npy", 1, "smx: nowhere/c.npy: ", "No such file"},
        {"good.npy --lse c.npy --grad /dev/full", 1, "smx: /dev/full: ", "No space left"},
        {"large.npy --lse c.npy --grad d.npy -o e.npy", 1, "smx: large.npy: ", "the label of row 1"},
        {"good.npy --smoothing 1.5", 2, "smx cross-entropy: ", "0 or a number from 2^-126 to 1, not '1.5'"},
        {"good.npy --smoothing x", 2, "smx cross-entropy: ", "not 'x'"},
        {"good.npy --z-loss -1", 2, "smx cross-entropy: ", "not '-1'"},
        {"good.npy --z-loss 1e-400", 2, "smx cross-entropy: ", "2^-126 to 2^64, not '1e-400'"},
        {"good.npy --smoothing 1e-50", 2, "smx cross-entropy: ", "not '1e-50'"},
        {"good.npy --softcap 0", 2, "smx cross-entropy: ", "not '0'"},
        {"good.npy --softcap inf", 2, "smx cross-entropy: ", "not 'inf'"},
        {"good.npy --reduction avg", 2, "smx cross-entropy: ", "'none', 'sum' or 'mean', not 'avg'"},
        {"good.npy --empty-mean none", 2, "smx cross-entropy: ", "'nan' or 'zero', not 'none'"},
        {"good.npy --ignore-index 1e3", 2, "smx cross-entropy: ", "not '1e3'"},
        {"- --class-weights - --lse c.npy", 2, "smx cross-entropy: ", "only one input can be standard input"},
    };
    npy_write_as("x.npy", "<f4", "(2, 3)", x, sizeof x);
    npy_write_as("negative.npy", "<f4", "(3,)", negative, sizeof negative);
    npy_write_as("one.npy", "<f4", "()", x, sizeof *x);
    npy_write_as("good.npy", "<i8", "(2,)", good, sizeof good);
    npy_write_as("large.npy", "<i8", "(2,)", large, sizeof large);
    npy_write_as("low.npy", "<i8", "(2,)", low, sizeof low);
    npy_write_as("many.npy", "<i8", "(3,)", many, sizeof many);
    assert_success(shell("rm -f nothing.npy"));
    size_t before = count_entries("");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(shell("$SMX cross-entropy x.npy %s", bad[i].arguments), bad[i].status, bad[i].names,
                       bad[i].says);
    assert_int_equal(count_entries(""), before);
    assert_refused(shell("$SMX cross-entropy x.npy large.npy --grad - > out.npy"), 1, "smx: large.npy: ", "row 1");
    assert_success(shell("! test -s out.npy"));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_labels),
        TEST_BOTH(test_mean),
        TEST_BOTH(test_dense),
        TEST_BOTH(test_layouts),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_empty_mean),
        cmocka_unit_test(test_no_entries),
        cmocka_unit_test(test_refusals),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
