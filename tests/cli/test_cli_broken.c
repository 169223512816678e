/* Malformed, truncated and hostile files: one line that names the file and what is wrong, exit status 1, no output. */
#include "array.h"
#include "sampled.h"
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
    for (size_t i = 0; i < sampled(200); i++) {
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

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_headers, setup),        cmocka_unit_test_setup(test_dimensions, setup),
        cmocka_unit_test_setup(test_preambles, setup),      cmocka_unit_test_setup(test_lengths, setup),
        cmocka_unit_test_setup(test_random_changes, setup), cmocka_unit_test_setup(test_not_files, setup),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
