/* Malformed, truncated and hostile files: one line that names the file and what is wrong, exit status 1, no output. */
#include "array.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char good[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
static const float numbers[6] = {0, 1, 2, 3, 4, 5};

static void assert_broken(const char *says) {
    assert_refused(shell("$SMX softmax bad.npy -o out.npy"), 1, "smx: bad.npy: ", says);
}

/* Every subcommand refuses a file, and leaves the directory as it was. */
static void assert_broken_everywhere(const char *says) {
    static const char *const commands[] = {"softmax - -o out.npy < bad.npy", "softmax - -o - < bad.npy",
                                           "jacobian bad.npy -o out.npy", "backward bad.npy good.npy -o out.npy",
                                           "backward good.npy bad.npy -o out.npy"};
    size_t before = count_entries("");
    assert_broken(says);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *names = strstr(commands[i], " - ") != NULL ? "smx: standard input: " : "smx: bad.npy: ";
        assert_refused(shell("$SMX %s", commands[i]), 1, names, says);
    }
    assert_refused(shell("cat bad.npy | $SMX softmax - -o out.npy"), 1, "smx: standard input: ", says);
    assert_int_equal(count_entries(""), before);
}

static void write_good(const char *path) { npy_write(path, 1, 0, good, strlen(good), numbers, sizeof numbers); }

static int setup(void **state) {
    (void)state;
    write_good("good.npy");
    assert_success(shell("true")); /* makes the file of stderr, so that it is there before and after */
    return 0;
}

static void assert_broken_header(const char *header, const char *says) {
    npy_write("bad.npy", 1, 0, header, strlen(header), numbers, sizeof numbers);
    assert_broken(says);
}

static void test_headers(void **state) {
    (void)state;
    static const struct {
        const char *header, *says;
    } bad[] = {
        {"", "not a dict"},
        {"{", "not a dict"},
        {"\n", "not a dict"},
        {"[1, 2]", "not a dict"},
        {"{}", "no 'descr'"},
        {"{'descr': '<f4', 'fortran_order': False}", "no 'shape'"},
        {"{'descr': '<f4', 'shape': (2, 3)}", "no 'fortran_order'"},
        {"{'fortran_order': False, 'shape': (2, 3)}", "no 'descr'"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", "more than one key 'descr'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}", "unknown key 'x'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x", "after the dict"},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (2, 3)}", "not a dict"},
        {"{'descr': '<f4, 'fortran_order': False, 'shape': (2, 3)}", "not supported"},
        {"{'descr': '<f4", "does not end"},
        {"{'descr': '<f\\x34', 'fortran_order': False, 'shape': (2, 3)}", "does not end"},
        {"{'descr': '>f2', 'fortran_order': False, 'shape': (2, 4)}", "something after the array"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 4)}", "truncated: its shape needs 32 bytes"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (5,)}", "something after the array"},
        {"{'descr': '>f16', 'fortran_order': False, 'shape': (2, 3)}", "dtype '>f16' is not supported, only f2, bf16"},
        {"{'descr': '<float32', 'fortran_order': False, 'shape': (2, 3)}", "dtype '<float32' is not supported"},
        {"{'descr': '<>f4', 'fortran_order': False, 'shape': (2, 3)}", "dtype '<>f4' is not supported"},
        {"{'descr': '>', 'fortran_order': False, 'shape': (2, 3)}", "dtype '>' is not supported"},
        {"{'descr': '', 'fortran_order': False, 'shape': (2, 3)}", "dtype '' is not supported"},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}", "dtype '<i4' is not supported"},
        {"{'descr': '<i2', 'fortran_order': False, 'shape': (12,)}", "dtype '<i2' is not supported here, only '<f2'"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (3,)}", "dtype '<c8' is not supported, only f2, bf16"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}", "dtype '|O' is not supported"},
        {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 3)}", "structured dtypes"},
        {"{'descr': 4, 'fortran_order': False, 'shape': (2, 3)}", "not a dict of strings"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}", "neither True nor False"},
        {"{'descr': '<f4', 'fortran_order': 'True', 'shape': (2, 3)}", "neither True nor False"},
        {"{'descr': '<f4', 'fortran_order': Falsely, 'shape': (2, 3)}", "not a dict"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}", "negative dimension"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3)}", "negative dimension"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", "not a tuple of integers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 6}", "not a tuple of integers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': [2, 3]}", "not a tuple of integers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,, 3)}", "not a tuple of integers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", "not a tuple of integers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "not a tuple of integers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 3)}", "not a tuple of integers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", "not a tuple of integers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': ('2', 3)}", "not a tuple of integers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "address space"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387905, 3)}", "address space"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}", "address space"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}", "address space"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551618,)}", "address space"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1000000000000)}", "truncated"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)}", "truncated: its shape needs 32 bytes"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}", "truncated: its shape needs 48 bytes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}", "something after the array"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0)}", "something after the array"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)\x1b[2J}", "not ASCII"},
        {"{'descr': '<f4\xc3\xa9', 'fortran_order': False, 'shape': (2, 3)}", "not ASCII"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_broken_header(bad[i].header, bad[i].says);
}

static void test_dimensions(void **state) {
    (void)state;
    char header[1000] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, ";
    for (int i = 0; i < 63; i++)
        strcat(header, "1, ");
    strcat(header, ")}");
    assert_broken_header(header, "more than 64 dimensions");
}

/* Other spellings of a good header than NumPy's. */
static void test_good_headers(void **state) {
    (void)state;
    static const char *const headers[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
        "{'shape':(2,3,),'fortran_order':False,'descr':'<f4'}",
        " {\"descr\" : \"<f4\" , \"fortran_order\" : False , \"shape\" : ( 2 , 3 ) , } \t\r\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0002, 3), }",
    };
    assert_success(shell("$SMX softmax good.npy -o good-out.npy"));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        npy_write("x.npy", 1, 0, headers[i], strlen(headers[i]), numbers, sizeof numbers);
        assert_success(shell("$SMX softmax x.npy -o x-out.npy"));
        assert_true(same_files("good-out.npy", "x-out.npy"));
    }
    assert_success(shell("rm good-out.npy x-out.npy x.npy"));
}

static void test_preambles(void **state) {
    (void)state;
    write_file("bad.npy", "", 0);
    assert_broken_everywhere("too short");
    write_file("bad.npy", "\x93NUMPY\x01", 7);
    assert_broken_everywhere("too short");
    write_file("bad.npy", "PK\x03\x04 is what an .npz begins with", 30);
    assert_broken_everywhere("not a .npy file");
    npy_write("bad.npy", 4, 0, good, strlen(good), numbers, sizeof numbers);
    assert_broken_everywhere("version 4.0");
    npy_write("bad.npy", 1, 1, good, strlen(good), numbers, sizeof numbers);
    assert_broken_everywhere("version 1.1");
    npy_write("bad.npy", 0, 0, good, strlen(good), numbers, sizeof numbers);
    assert_broken_everywhere("version 0.0");
    write_file("bad.npy", "\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14);
    assert_broken_everywhere("header of 4294967295 bytes is too long");
    write_file("bad.npy", "\x93NUMPY\x01\x00\xff\xff{}", 12);
    assert_broken_everywhere("ends inside its header");
}

/* Every prefix of a good file is truncated, and one byte more is too long. */
static void test_lengths(void **state) {
    (void)state;
    size_t length;
    char *file = read_file("good.npy", &length);
    for (size_t cut = 0; cut<length; cut += cut + 9> length ? 1 : 8) {
        write_file("bad.npy", file, cut);
        assert_broken_everywhere(cut < 8 ? "too short" : "truncated");
    }
    write_file("bad.npy", file, length + 1); /* read_file's 0 included */
    assert_broken_everywhere("something after the array");
    free(file);
}

/* Any byte of the header changed: accepted or refused, never a crash. */
static void test_random_changes(void **state) {
    (void)state;
    size_t length;
    char *file = read_file("good.npy", &length);
    write_file("bad.npy", file, length);
    size_t before = count_entries("");
    rng r = rng_seed(1);
    for (int i = 0; i < 200; i++) {
        size_t at = rng_below(&r, length - sizeof numbers);
        char old = file[at];
        file[at] = (char)(i % 2 == 0 ? rng_below(&r, 256) : (size_t) "(){}',:-0123456789<f \n"[rng_below(&r, 22)]);
        write_file("bad.npy", file, length);
        outcome o = shell("$SMX softmax bad.npy -o out.npy && rm out.npy");
        if (o.status == 0)
            assert_success(o);
        else
            assert_refused(o, 1, "smx: bad.npy: ", "");
        file[at] = old;
    }
    assert_int_equal(count_entries(""), before);
    free(file);
}

static void test_not_files(void **state) {
    (void)state;
    assert_success(shell("rm -f bad.npy"));
    assert_refused(shell("$SMX softmax bad.npy -o out.npy"), 1, "smx: bad.npy: ", "No such file");
    assert_refused(shell("$SMX softmax . -o out.npy"), 1, "smx: .: ", "Is a directory");
    assert_refused(shell("$SMX softmax - -o out.npy < ."), 1, "smx: standard input: ", "Is a directory");
    assert_refused(shell("$SMX softmax /dev/zero -o out.npy"), 1, "smx: /dev/zero: ", "not a .npy file");
    assert_refused(shell("$SMX softmax /dev/null -o out.npy"), 1, "smx: /dev/null: ", "too short");
    assert_refused(shell("$SMX softmax - -o out.npy <&-"), 1, "smx: standard input: ", "Bad file descriptor");
    assert_refused(shell("$SMX softmax \"$(printf 'a\\nb\\033[2J')\" -o out.npy"), 1, "smx: a?b?[2J: ", "No such file");
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

/* Other files that hold arrays are named, with the way to take one out. */
static void test_foreign(void **state) {
    (void)state;
#define BYTES(text) text, sizeof text - 1
    static const struct {
        const char *bytes;
        size_t count;
        const char *says;
    } files[] = {
        {BYTES("PK\3\4\x2d\0\0\0\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0x.npy"),
         "a zip archive, as .npz files are"},
        {BYTES("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "np.save('X.npy', np.load('FILE')['NAME'])"},
        {BYTES("PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0archive/data.pkl"), "torch.load('FILE')"},
        {BYTES("\x89HDF\r\n\x1a\n"), "an HDF5 file; take an array out in Python: np.save('X.npy', h5py.File('FILE')"},
        {BYTES("\x1f\x8b\x8\0\0\0\0\0\0\3"), "compressed by gzip; decompress it: gzip -dc FILE"},
        {BYTES("\x80\x04\x95\0\0\0\0\0\0\0\0N."), "a pickle; take an array out in Python, if you trust the file"},
        {BYTES("\x40\0\0\0\0\0\0\0{\"x\":"), "a safetensors file"},
        {BYTES("0.5,1e3\r\n-1,2\n"), "text; if it is a table of numbers"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file("foreign", files[i].bytes, files[i].count);
        assert_refused(shell("$SMX softmax foreign -o out.npy"), 1, "smx: foreign: not a .npy file, but ",
                       files[i].says);
        assert_refused(shell("cat foreign | $SMX softmax - -o out.npy"), 1,
                       "smx: standard input: not a .npy file, but ", files[i].says);
    }
    static const char unknown[] = "\x40\0\0\0\1\0\0\0{ and PK\3\4 later";
    write_file("foreign", unknown, sizeof unknown);
    assert_refused(shell("$SMX softmax foreign -o out.npy"), 1,
                   "smx: foreign: not a .npy file: ", "does not begin with");
    assert_success(shell("rm foreign"));
#undef BYTES
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_headers, setup),      cmocka_unit_test_setup(test_dimensions, setup),
        cmocka_unit_test_setup(test_good_headers, setup), cmocka_unit_test_setup(test_preambles, setup),
        cmocka_unit_test_setup(test_lengths, setup),      cmocka_unit_test_setup(test_random_changes, setup),
        cmocka_unit_test_setup(test_not_files, setup),    cmocka_unit_test_setup(test_pairs, setup),
        cmocka_unit_test_setup(test_foreign, setup),      cmocka_unit_test_setup(test_first_dimension, setup),

        cmocka_unit_test_setup(test_shapes, setup),       cmocka_unit_test_setup(test_beside, setup),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
