/* smx cross-entropy and smx nll: what they print, rows and means of nothing, and what they refuse; and argmax. */
#include "array.h"
#include "tool.h"

#include <math.h>
#include <stdlib.h>

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
        npy_expect("loss.npy", "<f4", "()", zero ? (const void *)zeros : nans, sizeof *x);
        npy_expect("dx.npy", "<f4", "(2, 4)", zero ? (const void *)zeros : nans, sizeof x);
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
    npy_expect("loss.npy", "<f4", "(3,)", losses, sizeof losses);
    npy_expect("dx.npy", "<f4", "(3, 0)", "", 0);
    npy_expect("dt.npy", "<f4", "(3, 0)", "", 0);
    npy_write_as("x.npy", "<f4", "(0, 3)", "", 0);
    assert_success(shell("$SMX cross-entropy x.npy x.npy --reduction sum --grad dx.npy > printed.txt"));
    assert_printed("loss      0 (0x0p+0), the sum\nrows      0\n");
    npy_expect("dx.npy", "<f4", "(0, 3)", "", 0);
}

/* Of a row, the entry of its label counts: the others need not be log-probabilities, nor those of rows without one. */
static void test_nll(void **state) {
    (void)state;
    static const float x[12] = {-1, -0.75F, -2, -INFINITY, -3, -2, -INFINITY, -4, NAN, NAN, NAN, NAN},
                       weights[4] = {2, 1, 0, 1}, third = 0x1.555556p-2F, of_rows[3] = {0.75F, 6, 0},
                       log_probs[3] = {-0.75F, -3, 0}, dx[12] = {0, -third, 0, 0, -2 * third};
    static const int64_t classes[3] = {1, 0, -100}, nothing[3] = {-100, -100, -100}, weightless[3] = {2, 2, -100},
                         argmax[3] = {1, 1, -1};
    static const uint8_t correct[3] = {1, 0, 0};
    npy_write_as("logp.npy", "<f4", "(3, 4)", x, sizeof x);
    npy_write_as("w.npy", "<f4", "(4,)", weights, sizeof weights);
    npy_write_as("classes.npy", "<i8", "(3,)", classes, sizeof classes);
    npy_write_as("nothing.npy", "<i8", "(3,)", nothing, sizeof nothing);
    npy_write_as("weightless.npy", "<i8", "(3,)", weightless, sizeof weightless);
    assert_success(shell("$SMX nll logp.npy classes.npy --ignore-index -100 > printed.txt"));
    assert_printed("loss      1.875 (0x1.ep+0), the mean\n"
                   "rows      2 of 3, the others are ignored\n"
                   "accuracy  50.00 %: 1 of 2\n");
    assert_success(shell("$SMX nll logp.npy classes.npy --ignore-index -100 --class-weights w.npy --grad dx.npy "
                         "--argmax argmax.npy --correct correct.npy --log-prob log-prob.npy > printed.txt"));
    assert_printed("loss      2.25 (0x1.2p+1), the mean\n"
                   "rows      2 of 3, the others are ignored\n"
                   "weight    3 (0x1.8p+1)\n"
                   "accuracy  50.00 %: 1 of 2\n");
    npy_expect("dx.npy", "<f4", "(3, 4)", dx, sizeof dx);
    npy_expect("argmax.npy", "<i8", "(3,)", argmax, sizeof argmax);
    npy_expect("correct.npy", "|b1", "(3,)", correct, sizeof correct);
    npy_expect("log-prob.npy", "<f4", "(3,)", log_probs, sizeof log_probs);
    assert_success(shell("$SMX nll logp.npy classes.npy --ignore-index -100 --class-weights w.npy --reduction none "
                         "-o loss.npy > printed.txt"));
    assert_printed("loss      one for each row\n"
                   "rows      2 of 3, the others are ignored\n"
                   "weight    3 (0x1.8p+1)\n"
                   "accuracy  50.00 %: 1 of 2\n");
    npy_expect("loss.npy", "<f4", "(3,)", of_rows, sizeof of_rows);
    assert_success(shell("$SMX nll logp.npy nothing.npy --ignore-index -100 > printed.txt"));
    assert_printed("loss      nan (nan), the mean\nrows      0 of 3, the others are ignored\n");
    /* A weight of 0 leaves nothing of a loss of infinity. */
    assert_success(shell("$SMX nll logp.npy weightless.npy --ignore-index -100 --class-weights w.npy --empty-mean zero "
                         "> printed.txt"));
    assert_printed("loss      0 (0x0p+0), the mean\n"
                   "rows      2 of 3, the others are ignored\n"
                   "weight    0 (0x0p+0)\n"
                   "accuracy  0.00 %: 0 of 2\n");
}

/* The argmax needs no labels, and is that of cross-entropy with some. */
static void test_argmax(void **state) {
    (void)state;
    static const float x[12] = {1, 3, 2, 3, -INFINITY, -INFINITY, -INFINITY, -INFINITY, 0, NAN, 5, 4};
    static const int64_t of_rows[3] = {1, -1, -1}, of_least[3] = {0, 0, -1}, of_columns[4] = {0, -1, 2, 2},
                         of_kept[3] = {3, -1, 2}, none[3] = {-1, -1, -1}, labels[3] = {0, 0, 0};
    static const uint8_t keep[4] = {1, 0, 1, 1};
    npy_write_as("x.npy", "<f4", "(3, 4)", x, sizeof x);
    npy_write_as("keep.npy", "|b1", "(4,)", keep, sizeof keep);
    npy_write_as("labels.npy", "<i8", "(3,)", labels, sizeof labels);
    assert_success(shell("$SMX argmax x.npy -o a.npy"));
    npy_expect("a.npy", "<i8", "(3,)", of_rows, sizeof of_rows);
    assert_success(shell("$SMX cross-entropy x.npy labels.npy --argmax b.npy > /dev/null && cmp a.npy b.npy"));
    assert_success(shell("$SMX argmax x.npy -o a.npy --scale -1"));
    npy_expect("a.npy", "<i8", "(3,)", of_least, sizeof of_least);
    assert_success(shell("$SMX argmax x.npy -o a.npy --axis 0"));
    npy_expect("a.npy", "<i8", "(4,)", of_columns, sizeof of_columns);
    assert_success(shell("cat x.npy | $SMX argmax - -o - --mask keep.npy > a.npy"));
    npy_expect("a.npy", "<i8", "(3,)", of_kept, sizeof of_kept);
    npy_write_as("x.npy", "<f8", "(3, 0)", "", 0);
    assert_success(shell("$SMX argmax x.npy -o a.npy"));
    npy_expect("a.npy", "<i8", "(3,)", none, sizeof none);
    assert_refused(shell("$SMX softmax x.npy -o y.npy --temperature 0"), 2,
                   "smx softmax: ", "smx argmax X.npy -o FILE");
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

/* What softmax, dense targets and logits have has no meaning beside log-probabilities. */
static void test_nll_refusals(void **state) {
    (void)state;
    static const float x[6] = {0};
    static const int64_t good[] = {0, 1}, large[] = {0, 3};
    npy_write_as("x.npy", "<f4", "(2, 3)", x, sizeof x);
    npy_write_as("good.npy", "<i8", "(2,)", good, sizeof good);
    npy_write_as("large.npy", "<i8", "(2,)", large, sizeof large);
    static const char *const options[] = {"--smoothing",    "--z-loss",  "--softcap",     "--lse",
                                          "--grad-targets", "--scale",   "--temperature", "--scale-file",
                                          "--mask",         "--lengths", "--causal",      "--window",
                                          "--alibi",        "--sink",    "--plus-inf",    "--minus-inf-row"};
    size_t before = count_entries("");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_refused(shell("$SMX nll x.npy good.npy %s 1", options[i]), 2, "smx nll: unknown option '", options[i]);
    assert_refused(shell("$SMX nll x.npy x.npy"), 1, "smx: x.npy: ", "dtype '<f4' is not supported here");
    assert_refused(shell("$SMX nll x.npy large.npy --grad c.npy"), 1, "smx: large.npy: ", "the label of row 1 is 3");
    assert_refused(shell("$SMX nll x.npy good.npy --dloss x.npy"), 1, "smx: x.npy: ", "must be a single number");
    assert_refused(shell("$SMX nll x.npy"), 2, "smx nll: ", "takes 2 input files, not 1: smx nll LOGP.npy LABELS.npy");
    assert_int_equal(count_entries(""), before);
    npy_write_as("one.npy", "<f4", "()", x, sizeof *x);
    assert_refused(shell("$SMX nll x.npy good.npy --dloss one.npy"), 2, "smx nll: ", "--dloss needs --grad (try");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_report),      cmocka_unit_test(test_empty_mean),
                                       cmocka_unit_test(test_no_entries),  cmocka_unit_test(test_argmax),
                                       cmocka_unit_test(test_refusals),    cmocka_unit_test(test_nll),
                                       cmocka_unit_test(test_nll_refusals)};
    return RUN_CLI_TESTS(argc, argv, tests);
}
