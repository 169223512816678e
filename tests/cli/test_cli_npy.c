/* The dtypes of .npy files, in every spelling that np.load takes and in both byte orders: the tool reads the same
 * numbers. / */
#include "array.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, N = 5, MOST = ROWS * N * sizeof(double) };

typedef struct number_type {
    const char *code, *word;
    size_t size;
    const char *command; /* takes z.npy as this type */
    const char *shape;
    size_t count;
} number_type;

static const number_type types[] = {
    {"f2", "float16", 2, "softmax z.npy", "(3, 5)", ROWS *N},
    {"V2", "bfloat16", 2, "softmax z.npy", "(3, 5)", ROWS *N},
    {"f4", "float32", 4, "softmax z.npy", "(3, 5)", ROWS *N},
    {"f8", "float64", 8, "softmax z.npy", "(3, 5)", ROWS *N},
    {"b1", "bool", 1, "softmax x.npy --mask z.npy", "(3, 5)", ROWS *N},
    {"u1", "uint8", 1, "softmax x.npy --mask z.npy", "(3, 5)", ROWS *N},
    {"i1", "int8", 1, "softmax x.npy --lengths z.npy", "(3,)", ROWS},
    {"i2", "int16", 2, "softmax x.npy --lengths z.npy", "(3,)", ROWS},
    {"i4", "int32", 4, "softmax x.npy --lengths z.npy", "(3,)", ROWS},
    {"i8", "int64", 8, "softmax x.npy --lengths z.npy", "(3,)", ROWS},
    {"u1", "uint8", 1, "softmax x.npy --lengths z.npy", "(3,)", ROWS},
    {"u2", "uint16", 2, "softmax x.npy --lengths z.npy", "(3,)", ROWS},
    {"u4", "uint32", 4, "softmax x.npy --lengths z.npy", "(3,)", ROWS},
    {"u8", "uint64", 8, "softmax x.npy --lengths z.npy", "(3,)", ROWS},
};

static char little_endian[MOST], big_endian[MOST];

/* Integers of 0 to 3, and reals of either sign whose bytes differ; none is infinite or NaN. */
static void make_numbers(const number_type *t) {
    rng r = rng_seed(1);
    int real = t->command[8] == 'z';
    for (size_t i = 0; i < t->count; i++) {
        char *at = little_endian + i * t->size;
        for (size_t k = 0; k < t->size; k++)
            at[k] = (char)(real ? rng_below(&r, 256) : 0);
        if (real)
            at[t->size - 1] = (char)(rng_below(&r, 2) * 0x80 + 0x3f - rng_below(&r, 2));
        else
            at[0] = (char)(t->size == 1 ? rng_below(&r, 2) : rng_below(&r, 4));
    }
    for (size_t i = 0; i < t->count * t->size; i++)
        big_endian[i] = little_endian[i / t->size * t->size + t->size - 1 - i % t->size];
}

/* As a file and as a stream, in memory and in tiles, along the last axis and the first. */
static void assert_reads(const number_type *t, const char *descr, const char *bytes) {
    npy_write_as("z.npy", descr, t->shape, bytes, t->count * t->size);
    assert_success(shell("$SMX %s -o out.npy", t->command));
    assert_success(shell("cmp out.npy expected.npy && cp z.npy same.npy"));
    const char *name = strstr(t->command, "z.npy");
    assert_success(shell("cat same.npy | $SMX %.*s- -o - | cmp - expected.npy", (int)(name - t->command), t->command));
    if (t->count > ROWS)
        assert_success(shell("$SMX %s -o out.npy --axis 0 && cmp out.npy columns.npy", t->command));
}

static void test_spellings(void **state) {
    (void)state;
    static const float x[ROWS * N] = {1, 2, 3, 4, 5, 0, 2, 4, -1, -3, 7, 7, 6, 5, 8};
    npy_write_as("x.npy", "<f4", "(3, 5)", x, sizeof x);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const number_type *t = &types[i];
        char descr[8];
        make_numbers(t);
        snprintf(descr, sizeof descr, "%c%s", t->size == 1 ? '|' : '<', t->code);
        npy_write_as("z.npy", descr, t->shape, little_endian, t->count * t->size);
        outcome o = shell("$SMX %s -o expected.npy", t->command);
        if (strstr(o.err, "without SMX_TENSORS") != NULL) {
            print_message("skip: %s: this build, without SMX_TENSORS, does not convert it\n", t->word);
            continue;
        }
        assert_success(o);
        if (t->count > ROWS)
            assert_success(shell("$SMX %s -o columns.npy --axis 0", t->command));
        assert_success(shell("head -c 200 expected.npy | grep -aq \"'descr': '<\"")); /* results are little-endian */
        for (const char *order = "<=|"; *order != '\0'; order++) {
            snprintf(descr, sizeof descr, "%c%s", *order, t->code);
            assert_reads(t, descr, little_endian);
        }
        assert_reads(t, t->code, little_endian);
        assert_reads(t, t->word, little_endian);
        snprintf(descr, sizeof descr, ">%s", t->code);
        assert_reads(t, descr, big_endian);
    }
}

/* A big-endian array is copied first: to where there is room, and not into memory. */
static void test_big_endian_copy(void **state) {
    (void)state;
    static const float zeros[6] = {0};
    npy_write_as("z.npy", ">f4", "(2, 3)", zeros, sizeof zeros);
    assert_refused(shell("TMPDIR=/nonexistent $SMX softmax z.npy -o out.npy"), 1,
                   "smx: /nonexistent: ", "No such file");
    npy_write_as("z.npy", ">u1", "(2, 3)", zeros, 6); /* has no byte order */
    npy_write_as("x.npy", "<f4", "(2, 3)", zeros, sizeof zeros);
    assert_success(shell("TMPDIR=/nonexistent $SMX softmax x.npy --mask z.npy -o out.npy"));
    npy_write_as("z.npy", ">f4", "(0, 3)", "", 0);
    assert_success(shell("$SMX softmax z.npy -o out.npy"));
}

/* Labels of every integer type, the largest or the least of which is ignored: 255 in masks of segmentation. */
static void test_labels(void **state) {
    (void)state;
    static const char *const ignored[][2] = {{"i1", "-128"}, {"i2", "-32768"}, {"i4", "-2147483648"}, {"i8", "-100"},
                                             {"u1", "255"},  {"u2", "65535"},  {"u4", "4294967295"},  {"u8", "7"}};
    static const float x[4] = {0.5f, 1, 2, 1};
    npy_write_as("x.npy", "<f4", "(2, 2)", x, sizeof x);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        char descr[8], labels[16] = {0};
        size_t size = (size_t)(ignored[i][0][1] - '0');
        int64_t label = strtoll(ignored[i][1], NULL, 10);
        labels[0] = 1;
        memcpy(labels + size, &label, size);
        snprintf(descr, sizeof descr, "%c%s", size == 1 ? '|' : '<', ignored[i][0]);
        npy_write_as("labels.npy", descr, "(2,)", labels, 2 * size);
        assert_success(shell("$SMX cross-entropy x.npy labels.npy --ignore-index %s > printed && "
                             "grep -q '^loss      0.474076986 ' printed && grep -q '^rows      1 of 2' printed && "
                             "grep -q '^accuracy  100.00 %%: 1 of 1' printed",
                             ignored[i][1]));
        assert_refused(shell("$SMX cross-entropy x.npy labels.npy"), 1, "smx: labels.npy: the label of row 1 is ",
                       ignored[i][1]);
    }
    static const int64_t large[2] = {0, -1};
    npy_write_as("labels.npy", "<u8", "(2,)", large, sizeof large);
    assert_refused(shell("$SMX cross-entropy x.npy labels.npy --ignore-index -1"), 1,
                   "smx: labels.npy: ", "18446744073709551615 is larger than any label or length");
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
    static const float numbers[6] = {0, 1, 2, 3, 4, 5};
    npy_write_as("good.npy", "<f4", "(2, 3)", numbers, sizeof numbers);
    assert_success(shell("$SMX softmax good.npy -o good-out.npy"));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        npy_write("x.npy", 1, 0, headers[i], strlen(headers[i]), numbers, sizeof numbers);
        assert_success(shell("$SMX softmax x.npy -o x-out.npy"));
        assert_true(same_files("good-out.npy", "x-out.npy"));
    }
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
#undef BYTES
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),    cmocka_unit_test(test_big_endian_copy), cmocka_unit_test(test_labels),
        cmocka_unit_test(test_good_headers), cmocka_unit_test(test_foreign),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
