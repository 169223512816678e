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

static char numbers[MOST], reversed[MOST];

/* Integers of 0 to 3, and reals of either sign whose bytes differ; none is infinite or NaN. */
static void make_numbers(const number_type *t) {
    rng r = rng_seed(1);
    int real = t->command[8] == 'z';
    for (size_t i = 0; i < t->count; i++) {
        char *at = numbers + i * t->size;
        for (size_t k = 0; k < t->size; k++)
            at[k] = (char)(real ? rng_below(&r, 256) : 0);
        if (real)
            at[t->size - 1] = (char)(rng_below(&r, 2) * 0x80 + 0x3f - rng_below(&r, 2));
        else
            at[0] = (char)(t->size == 1 ? rng_below(&r, 2) : rng_below(&r, 4));
    }
    for (size_t i = 0; i < t->count * t->size; i++)
        reversed[i] = numbers[i / t->size * t->size + t->size - 1 - i % t->size];
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
        npy_write_as("z.npy", descr, t->shape, numbers, t->count * t->size);
        assert_success(shell("$SMX %s -o expected.npy", t->command));
        if (t->count > ROWS)
            assert_success(shell("$SMX %s -o columns.npy --axis 0", t->command));
        assert_success(shell("head -c 200 expected.npy | grep -aq \"'descr': '<\"")); /* results are little-endian */
        for (const char *order = "<=|"; *order != '\0'; order++) {
            snprintf(descr, sizeof descr, "%c%s", *order, t->code);
            assert_reads(t, descr, numbers);
        }
        assert_reads(t, t->code, numbers);
        assert_reads(t, t->word, numbers);
        snprintf(descr, sizeof descr, ">%s", t->code);
        assert_reads(t, descr, reversed);
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
        char descr[4], labels[16] = {0};
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

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_big_endian_copy),
        cmocka_unit_test(test_labels),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
