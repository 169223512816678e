/* Rows along several axes: the bits are those of the array in which these are one. And --keepdims. */
#include "array.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>

/* An array, and the same numbers in another shape. */
static void make_both(const char *name, array shape, array merged, rng *r) {
    char path[32];
    snprintf(path, sizeof path, "%s.npy", name);
    shape = array_make(&dtype_f32, path, shape, -8, 8, r);
    merged.t = shape.t;
    merged.fortran = shape.fortran;
    merged.data = shape.data;
    assert_int_equal(array_count(&shape), array_count(&merged));
    snprintf(path, sizeof path, "%s-1.npy", name);
    array_write(&merged, path, 1, 0);
    free(shape.data);
}

/* Of (4, 5, 7), the axes and what is left of it when they are one. */
static const struct {
    const char *axes, *one;
    array merged;
    const char *rows, *kept;
} cases[] = {
    {"0,1", "0", {.ndim = 2, .shape = {20, 7}}, "(7,)", "(1, 1, 7)"},
    {"-2,-1", "1", {.ndim = 2, .shape = {4, 35}}, "(4,)", "(4, 1, 1)"},
    {"2,1", "-1", {.ndim = 2, .shape = {4, 35}}, "(4,)", "(4, 1, 1)"},
    {"all", "0", {.ndim = 1, .shape = {140}}, "()", "(1, 1, 1)"},
};
enum { CASES = sizeof cases / sizeof *cases };

static void test_several(void **state) {
    (void)state;
    static const char *const commands[] = {"softmax x.npy", "backward x.npy y.npy", "log-softmax x.npy --scale 0.5",
                                           "softmax x.npy --mask y.npy",
                                           "logsumexp x.npy --weights y.npy --sign s.npy"};
    rng r = rng_seed(1);
    for (size_t i = 0; i < 2 * CASES; i++) {
        const array shape = {.fortran = (int)(i & 1), .ndim = 3, .shape = {4, 5, 7}};
        make_both("x", shape, cases[i / 2].merged, &r);
        make_both("y", shape, cases[i / 2].merged, &r);
        for (size_t k = 0; k < sizeof commands / sizeof *commands; k++) {
            assert_success(
                shell("c='%s'; $SMX $c -o a.npy --axis %s && c=$(echo $c | sed 's/\\([xy]\\).npy/\\1-1.npy/g');"
                      " $SMX $c -o b.npy --axis %s; for f in a b; do tail -c +129 $f.npy > $f; done; cmp a b",
                      commands[k], cases[i / 2].axes, cases[i / 2].one));
            if (k < 4)
                assert_success(shell("head -c 128 a.npy | grep -aqF \"'shape': (4, 5, 7),\""));
        }
    }
}

/* What broadcasts has 1 in each of the axes, or lacks them. */
static void test_beside(void **state) {
    (void)state;
    rng r = rng_seed(2);
    static const float weights[4] = {1, 2, 0.5f, -1};
    free(array_make(&dtype_f32, "x.npy", (array){.ndim = 3, .shape = {4, 5, 7}}, -8, 8, &r).data);
    free(array_make(&dtype_f32, "some.npy", (array){.ndim = 1, .shape = {7}}, -8, 8, &r).data);
    npy_write_as("one.npy", "<f4", "(4, 1, 1)", weights, sizeof weights);
    npy_write_as("scales.npy", "<f4", "(4,)", weights, sizeof weights);
    npy_write_as("kept.npy", "<f4", "(4, 1, 1)", weights, sizeof weights);
    assert_success(shell("$SMX log-softmax x.npy -o a.npy --axis 1,2 --mask one.npy"));
    assert_success(shell("$SMX log-softmax x.npy -o b.npy --axis 1,2 --scale-file scales.npy"));
    assert_success(shell("$SMX logsumexp-backward x.npy scales.npy -o a.npy --axis 1,2"));
    assert_success(shell("$SMX logsumexp-backward x.npy kept.npy -o b.npy --axis 1,2 && cmp a.npy b.npy"));
    assert_refused(shell("$SMX softmax x.npy -o a.npy --axis 1,2 --mask some.npy"), 1, "smx: some.npy: its shape (7,) ",
                   "has some of the axes that --axis names, not all, of x.npy, (4, 5, 7)");
    assert_refused(shell("$SMX softmax x.npy -o a.npy --axis 0,2"), 2, "smx softmax: ", "must be neighbours");
    free(array_make(&dtype_f32, "f.npy", (array){.fortran = 1, .ndim = 3, .shape = {4, 5, 7}}, -8, 8, &r).data);
    assert_refused(shell("$SMX softmax x.npy -o a.npy --axis all --mask f.npy"), 1, "smx: f.npy: ", "Fortran order");
    assert_refused(shell("$SMX argmax f.npy -o a.npy --axis all"), 1, "smx: f.npy: ", "must be in C order");
    assert_success(shell("$SMX argmax f.npy -o a.npy --axis 1 && $SMX argmax x.npy -o a.npy --axis all"));
}

static void test_keepdims(void **state) {
    (void)state;
    rng r = rng_seed(3);
    for (size_t i = 0; i < 2 * CASES; i++) {
        const array shape = {.fortran = (int)(i & 1), .ndim = 3, .shape = {4, 5, 7}};
        free(array_make(&dtype_f32, "x.npy", shape, -8, 8, &r).data);
        assert_success(shell("$SMX logsumexp x.npy -o a.npy --axis %s", cases[i / 2].axes));
        assert_success(shell("$SMX logsumexp x.npy -o b.npy --axis %s --keepdims", cases[i / 2].axes));
        assert_success(shell("for f in a b; do tail -c +129 $f.npy > $f; done; cmp a b"));
        assert_success(shell("head -c 128 a.npy | grep -aqF \"'shape': %s,\"", cases[i / 2].rows));
        assert_success(shell("head -c 128 b.npy | grep -aqF \"'shape': %s,\"", cases[i / 2].kept));
    }
    static const int64_t first[2] = {1, 0};
    static const float x[4] = {0, 1, 2, 1};
    npy_write_as("x.npy", "<f4", "(2, 2)", x, sizeof x);
    assert_success(shell("$SMX argmax x.npy -o a.npy --keepdims"));
    npy_expect("a.npy", "<i8", "(2, 1)", first, sizeof first);
}

/* All axes of no dimensions are a row of one number. */
static void test_no_dimensions(void **state) {
    (void)state;
    static const float x = 3, one = 1, zero = 0;
    npy_write_as("x.npy", "<f4", "()", &x, sizeof x);
    assert_success(shell("$SMX softmax x.npy -o a.npy --axis all && $SMX logsumexp x.npy -o lse.npy --axis all"));
    npy_expect("a.npy", "<f4", "()", &one, sizeof one);
    npy_expect("lse.npy", "<f4", "()", &x, sizeof x);
    assert_success(shell("$SMX log-softmax x.npy -o a.npy --axis all --mask x.npy --scale-file x.npy"));
    npy_expect("a.npy", "<f4", "()", &zero, sizeof zero);
    assert_success(shell("$SMX logsumexp-backward x.npy x.npy -o a.npy --axis all"));
    npy_expect("a.npy", "<f4", "()", &x, sizeof x);
    assert_refused(shell("$SMX softmax x.npy -o a.npy"), 1, "smx: x.npy: ", "no dimensions, and so no axis");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_several), cmocka_unit_test(test_beside),
                                       cmocka_unit_test(test_keepdims), cmocka_unit_test(test_no_dimensions)};
    return RUN_CLI_TESTS(argc, argv, tests);
}
