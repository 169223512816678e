/* Arrays that do not fit together, or that a command cannot take: one line that says which and why. */
#include "array.h"
#include "tool.h"

#include <string.h>

static const float numbers[6] = {0, 1, 2, 3, 4, 5};

static int setup(void **state) {
    (void)state;
    npy_write_as("good.npy", "<f4", "(2, 3)", numbers, sizeof numbers);
    assert_success(shell("true")); /* makes the file of stderr, so that it is there before and after */
    return 0;
}

static void test_pairs(void **state) {
    (void)state;
    static const struct {
        const char *header, *says;
    } other[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)}",
         "its shape (3, 2) is not that of good.npy, (2, 3)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", "its shape (6,) is not that of good.npy, (2, 3)"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}", "it is in Fortran order"},
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        npy_write("other.npy", 1, 0, other[i].header, strlen(other[i].header), numbers, sizeof numbers);
        assert_refused(shell("$SMX backward good.npy other.npy -o out.npy"), 1, "smx: other.npy: ", other[i].says);
    }
    static const double wide[6] = {0};
    static const char f8[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}";
    npy_write("other.npy", 1, 0, f8, strlen(f8), wide, sizeof wide);
    assert_refused(shell("$SMX backward good.npy other.npy -o out.npy"), 1,
                   "smx: other.npy: ", "its dtype '<f8' is not that of good.npy, '<f4'");
    static const char column[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 1)}";
    static const char fortran_column[] = "{'descr': '<f4', 'fortran_order': True, 'shape': (6, 1)}";
    npy_write("one.npy", 1, 0, column, strlen(column), numbers, sizeof numbers);
    npy_write("other.npy", 1, 0, fortran_column, strlen(fortran_column), numbers, sizeof numbers);
    assert_success(shell("$SMX backward one.npy other.npy -o out.npy && rm out.npy"));
}

/* One number for each of the first dimension of the rows: not taken for one of the last, but with a hint refused. */
static void test_first_dimension(void **state) {
    (void)state;
    static const float x[24] = {0};
    static const int64_t lengths[] = {1, 2};
    static const char *const shapes[] = {"(2, 3, 2, 2)", "(2, 2, 3, 2)", "(2, 1, 1, 1)", "(3, 2, 4)", "(2, 3)"};
    static const char *const says[] = {
        "may mean the first or the last dimension of the rows; save it with the shape (2, 1, 1) or (1, 1, 2)",
        "does not broadcast to that of the rows; one number for each of their first dimension has the shape (2, 1, 1)",
        "its shape (2,) does not broadcast", NULL, NULL};
    static const size_t counts[] = {24, 24, 2, 24, 6};
    npy_write_as("lengths.npy", "<i8", "(2,)", lengths, sizeof lengths);
    npy_write_as("first.npy", "<i8", "(2, 1, 1)", lengths, sizeof lengths);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        npy_write_as("x.npy", "<f4", shapes[i], x, counts[i] * sizeof *x);
        outcome o = shell("$SMX softmax x.npy --lengths lengths.npy -o out.npy");
        if (says[i] != NULL)
            assert_refused(o, 1, "smx: lengths.npy: ", says[i]);
        else
            assert_success(o);
        if (i < 2)
            assert_success(shell("$SMX softmax x.npy --lengths first.npy -o out.npy"));
    }
    assert_success(shell("rm -f out.npy"));
}

/* Arrays beside the first input that do not fit it: (2, 3) here. */
static void test_beside(void **state) {
    (void)state;
    static const int64_t long_lengths[] = {3, 4}, short_lengths[] = {-1, 3};
    static const float scales[] = {1, 0};
    static const struct {
        const char *arguments, *names, *says;
    } bad[] = {
        {"softmax good.npy --mask two.npy", "smx: two.npy: ", "its shape (2,) does not broadcast to that of good.npy"},
        {"softmax good.npy --mask deep.npy", "smx: deep.npy: ", "its shape (2, 1, 3) does not broadcast"},
        {"softmax good.npy --mask long.npy", "smx: long.npy: ", "dtype '<i8' is not supported here, only "},
        {"softmax good.npy --mask none.npy", "smx: none.npy: ", "No such file"},
        {"softmax good.npy --lengths long.npy", "smx: long.npy: ", "the length of row 1 is 4, not from 0 to 3"},
        {"softmax good.npy --lengths short.npy", "smx: short.npy: ", "the length of row 0 is -1, not from 0 to 3"},
        {"softmax good.npy --lengths short.npy --axis 0", "smx: short.npy: ", "does not broadcast to that of the rows"},
        {"softmax good.npy --lengths two.npy", "smx: two.npy: ", "dtype '<f4' is not supported here, only '|i1'"},
        {"softmax good.npy --scale-file good.npy", "smx: good.npy: ", "does not broadcast to that of the rows"},
        {"softmax good.npy --scale-file two.npy", "smx: two.npy: ", "the scale of row 1 is 0, not from"},
        {"softmax row.npy --causal top-left", "smx: row.npy: ", "--causal needs two dimensions"},
        {"logsumexp good.npy --weights two.npy", "smx: two.npy: ", "does not broadcast"},
        {"logsumexp-backward good.npy good.npy", "smx: good.npy: ", "is not that of the rows of good.npy, (2,)"},
        {"jacobian-product good.npy good.npy", "smx: good.npy: ", "does not have vectors, (..., count, n), for"},
        {"jacobian-product good.npy two.npy", "smx: two.npy: ", "does not have vectors"},
        {"jacobian-product fortran.npy deep.npy", "smx: fortran.npy: ", "it is in Fortran order"},
        {"softmax long.npy", "smx: long.npy: ", "dtype '<i8' is not supported here, only '<f2'"},
        {"jacobian long.npy", "smx: long.npy: ", "dtype '<i8' is not supported here"},
        {"jvp good.npy deep.npy", "smx: deep.npy: ", "its shape (2, 1, 3) is not that of good.npy, (2, 3)"},
    };
    npy_write_as("two.npy", "<f4", "(2,)", scales, sizeof scales);
    npy_write_as("deep.npy", "<f4", "(2, 1, 3)", numbers, sizeof numbers);
    npy_write_as("row.npy", "<f4", "(6,)", numbers, sizeof numbers);
    npy_write_as("long.npy", "<i8", "(2,)", long_lengths, sizeof long_lengths);
    npy_write_as("short.npy", "<i8", "(2,)", short_lengths, sizeof short_lengths);
    static const char fortran[] = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}";
    npy_write("fortran.npy", 1, 0, fortran, strlen(fortran), numbers, sizeof numbers);
    size_t before = count_entries("");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(shell("$SMX %s -o out.npy", bad[i].arguments), 1, bad[i].names, bad[i].says);
    assert_int_equal(count_entries(""), before);
}

static void test_shapes(void **state) {
    (void)state;
    static const char scalar[] = "{'descr': '<f4', 'fortran_order': False, 'shape': ()}";
    npy_write("x.npy", 1, 0, scalar, strlen(scalar), numbers, sizeof *numbers);
    assert_refused(shell("$SMX softmax x.npy -o out.npy"), 1, "smx: x.npy: ", "no dimensions");
    assert_refused(shell("$SMX jacobian x.npy -o out.npy"), 1, "smx: x.npy: ", "no dimensions");
    char deep[1000] = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    for (int i = 0; i < 64; i++)
        strcat(deep, "1, ");
    strcat(deep, ")}");
    npy_write("x.npy", 1, 0, deep, strlen(deep), numbers, sizeof *numbers);
    assert_success(shell("$SMX softmax x.npy -o out.npy --axis -64 && rm out.npy"));
    assert_refused(shell("$SMX jacobian x.npy -o out.npy"), 1, "smx: x.npy: ", "more than 64 dimensions");
    static const char empty[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296)}";
    npy_write("x.npy", 1, 0, empty, strlen(empty), NULL, 0);
    assert_refused(shell("$SMX jacobian x.npy -o out.npy"), 1, "smx: x.npy: ", "larger than the address space");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs), cmocka_unit_test(test_first_dimension),
                                       cmocka_unit_test(test_beside), cmocka_unit_test(test_shapes)};
    tool_init(argc, argv);
    return cmocka_run_group_tests(tests, setup, tool_leave);
}
