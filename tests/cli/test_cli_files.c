/* Where results go: whole files or none, streams, the input itself. */
#include "array.h"
#include "tool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 1000, COLUMNS = 700 };

static const char old_text[] = "the old file\n";

/* Makes x.npy, its softmax along either axis, and its gradients. */
static int setup(void **state) {
    (void)state;
    rng r = rng_seed(1);
    array x = {.t = &dtype_f32, .ndim = 2, .shape = {ROWS, COLUMNS}};
    array_allocate(&x);
    array_fill_logits(&x, &r);
    array_write(&x, "x.npy", 1, 0);
    free(x.data);
    assert_success(shell("$SMX softmax x.npy -o y0.npy --axis 0"));
    assert_success(shell("$SMX softmax x.npy -o y1.npy"));
    assert_success(shell("$SMX backward y1.npy x.npy -o dx.npy"));
    write_file("old.npy", old_text, strlen(old_text));
    return 0;
}

static void assert_old_file(void) {
    char *text = read_file("old.npy", NULL);
    assert_string_equal(text, old_text);
    free(text);
    assert_int_equal(count_entries(".smx"), 0);
}

static void test_streams(void **state) {
    (void)state;
    assert_success(shell("$SMX softmax - -o out.npy < x.npy"));
    assert_true(same_files("out.npy", "y1.npy"));
    assert_success(shell("cat x.npy | $SMX softmax - -o - | cat > out.npy"));
    assert_true(same_files("out.npy", "y1.npy"));
    assert_success(shell("cat x.npy | $SMX softmax - -o - --axis 0 | cat > out.npy"));
    assert_true(same_files("out.npy", "y0.npy"));
    assert_success(shell("cat y1.npy | $SMX backward - x.npy -o - > out.npy"));
    assert_true(same_files("out.npy", "dx.npy"));
    assert_success(shell("cat x.npy | $SMX backward y1.npy - -o out.npy"));
    assert_true(same_files("out.npy", "dx.npy"));
    assert_success(shell("mkfifo fifo && { cat x.npy > fifo & $SMX softmax fifo -o out.npy; }; rm fifo"));
    assert_true(same_files("out.npy", "y1.npy"));
    array y = {.t = &dtype_f64, .ndim = 1, .shape = {300}};
    array_write_sparse(&y, "y.npy");
    assert_success(shell("$SMX jacobian y.npy -o out.npy && cat y.npy | $SMX jacobian - -o - | cmp - out.npy"));
}

/* In strips and in parts a stream's bytes come out of order, and wait in a temporary file. */
static void test_streams_out_of_order(void **state) {
    (void)state;
    rng r = rng_seed(2);
    array x = {.t = &dtype_f32, .ndim = 2, .shape = {400, 3000}};
    array_allocate(&x);
    array_fill_logits(&x, &r);
    array_write(&x, "wide.npy", 1, 0);
    free(x.data);
    assert_success(shell("$SMX softmax wide.npy -o whole.npy --axis 0"));
    assert_success(shell("cat wide.npy | $SMX softmax - -o - --axis 0 --memory 1 | cat > out.npy"));
    assert_true(same_files("out.npy", "whole.npy"));
    assert_success(shell("$SMX softmax wide.npy -o - --axis 0 --memory 1 >> out.npy"));
    assert_success(shell("cat whole.npy whole.npy | cmp - out.npy"));
    assert_refused(shell("TMPDIR=/nonexistent $SMX softmax wide.npy -o - --axis 0 --memory 1 > out.npy"), 1,
                   "smx: /nonexistent: ", "No such file");
    assert_refused(shell("cat wide.npy | TMPDIR=/nonexistent $SMX softmax - -o out.npy"), 1,
                   "smx: /nonexistent: ", "No such file");
}

static void test_consecutive_arrays(void **state) {
    (void)state;
    assert_success(shell("cat x.npy x.npy > two.npy"));
    assert_refused(shell("$SMX softmax two.npy -o old.npy"), 1, "smx: two.npy: ", "something after the array");
    assert_old_file();
}

static void test_input_is_output(void **state) {
    (void)state;
    assert_success(shell("cp x.npy same.npy && $SMX softmax same.npy -o same.npy"));
    assert_true(same_files("same.npy", "y1.npy"));
    assert_success(shell("cp y1.npy same.npy && $SMX backward same.npy x.npy -o same.npy"));
    assert_true(same_files("same.npy", "dx.npy"));
    assert_success(shell("cp x.npy same.npy && $SMX backward y1.npy same.npy -o same.npy"));
    assert_true(same_files("same.npy", "dx.npy"));
    assert_success(shell("cp x.npy same.npy && $SMX softmax - -o same.npy --axis 0 < same.npy"));
    assert_true(same_files("same.npy", "y0.npy"));
    assert_success(shell("cp x.npy same.npy && $SMX softmax ./same.npy -o \"$PWD/same.npy\""));
    assert_true(same_files("same.npy", "y1.npy"));
}

static mode_t mode_of(const char *path) {
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode;
}

static void test_modes_and_links(void **state) {
    (void)state;
    assert_success(shell("rm -f new.npy && umask 027 && $SMX softmax x.npy -o new.npy"));
    assert_int_equal(mode_of("new.npy"), S_IFREG | 0640);
    assert_success(shell("chmod 604 new.npy && umask 022 && $SMX softmax x.npy -o new.npy"));
    assert_int_equal(mode_of("new.npy"), S_IFREG | 0604);
    assert_success(shell("mkdir -p sub && echo old > sub/target.npy && ln -sf sub/target.npy link.npy"));
    assert_success(shell("$SMX softmax x.npy -o link.npy"));
    assert_true(S_ISLNK(mode_of("link.npy")));
    assert_true(same_files("sub/target.npy", "y1.npy"));
    assert_success(shell("test $(ls -A sub | wc -l) = 1 && cd sub && $SMX softmax ../x.npy -o ../from-sub.npy"));
    assert_true(same_files("from-sub.npy", "y1.npy"));
}

static void test_failed_writes(void **state) {
    (void)state;
    assert_refused(shell("$SMX softmax x.npy -o /dev/full"), 1, "smx: /dev/full: ", "No space left");
    assert_true(S_ISCHR(mode_of("/dev/full")));
    assert_refused(shell("$SMX softmax x.npy -o - > /dev/full"), 1, "smx: standard output: ", "No space left");
    assert_refused(shell("$SMX jacobian y1.npy -o - > /dev/full"), 1, "smx: standard output: ", "No space left");
    assert_refused(shell("$SMX softmax x.npy -o - >&-"), 1, "smx: standard output: ", "Bad file descriptor");
    assert_refused(shell("$SMX softmax x.npy -o nowhere/out.npy"), 1, "smx: nowhere/out.npy: ", "No such file");
    assert_refused(shell("$SMX softmax x.npy -o ."), 1, "smx: .: ", "Is a directory");
    /* A limit on the size of files is a disk that is full at a place of one's choice: 100 KiB. */
    static const char *const commands[] = {"softmax x.npy", "softmax x.npy --axis 0", "backward y1.npy x.npy",
                                           "jacobian y1.npy"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        assert_refused(shell("ulimit -f 200; $SMX %s -o old.npy", commands[i]), 1, "smx: old.npy: ", "File too large");
        assert_old_file();
    }
    assert_refused(shell("ulimit -f 200; cat x.npy | $SMX softmax - -o old.npy"), 1,
                   "smx: standard input: ", "temporary file: File too large");
    assert_old_file();
}

static void make_labels(void) {
    static const int64_t labels[ROWS] = {0};
    npy_write_as("labels.npy", "<i8", "(1000,)", labels, sizeof labels);
}

/* Of several outputs all are put in place, or none. */
static void test_several_outputs(void **state) {
    (void)state;
    make_labels();
    assert_success(shell("$SMX cross-entropy x.npy labels.npy --grad dx1.npy --lse lse1.npy -o loss1.npy > /dev/null"));
    assert_success(shell("cp x.npy same.npy; $SMX cross-entropy same.npy labels.npy --grad same.npy -o - > loss2.npy"));
    assert_true(same_files("dx1.npy", "same.npy") && same_files("loss1.npy", "loss2.npy"));
    assert_refused(shell("ulimit -f 200; $SMX cross-entropy x.npy labels.npy --lse old.npy --grad fresh.npy"), 1,
                   "smx: fresh.npy: ", "File too large");
    assert_old_file();
    assert_refused(shell("$SMX cross-entropy x.npy labels.npy --grad old.npy --lse fresh.npy -o /dev/full"), 1,
                   "smx: /dev/full: ", "No space left");
    assert_old_file();
    assert_success(shell("! test -e fresh.npy"));
    assert_refused(shell("$SMX cross-entropy x.npy labels.npy > /dev/full"), 1, "smx: standard output: ", "No space");
}

/* With stderr closed, a message must not land in the output, which would get that descriptor: here a pipe, and the
 * message is that an input was cut short. */
static void test_closed_descriptors(void **state) {
    (void)state;
    assert_success(shell("$SMX softmax x.npy -o out.npy <&- >&- 2>&-"));
    assert_true(same_files("out.npy", "y1.npy"));
    assert_int_equal(shell("$SMX softmax nothing.npy -o old.npy 2>&-").status, 1);
    assert_success(
        shell("cp y1.npy cut.npy; mkfifo in out; { truncate -s 4096 cut.npy; cat y1.npy; } > in & cat out > got &"
              " $SMX backward cut.npy in -o out 2>&-; test $? = 1 && wait && ! grep smx: got"));
    assert_success(shell("rm in out"));
    assert_old_file();
}

static void test_broken_pipe(void **state) {
    (void)state;
    assert_success(shell("{ $SMX jacobian y1.npy -o -; echo $? > status; } | head -c 100 > /dev/null"));
    assert_success(shell("test $(cat status) = %d", 128 + SIGPIPE));
}

/* The second input is a pipe, which can be written to once the tool has opened it: by then the first is mapped. */
static void test_truncated_meanwhile(void **state) {
    (void)state;
    assert_success(shell("cp y1.npy cut.npy && mkfifo fifo"));
    assert_refused(shell("{ truncate -s 4096 cut.npy; cat y1.npy; } > fifo & $SMX backward cut.npy fifo -o old.npy"), 1,
                   "smx: cut.npy: ", "truncated meanwhile");
    assert_success(shell("rm fifo"));
    assert_old_file();
}

static void test_dangling_links(void **state) {
    (void)state;
    assert_success(shell("mkdir linked && ln -s second.npy linked/first.npy && ln -s linked/first.npy dangling.npy"));
    assert_success(shell("$SMX softmax x.npy -o dangling.npy && test -L dangling.npy && test -L linked/first.npy"));
    assert_true(same_files("linked/second.npy", "y1.npy"));
    assert_success(shell("ln -s loop.npy loop.npy"));
    assert_refused(shell("$SMX softmax x.npy -o loop.npy"), 1, "loop.npy", "symbolic links");
    assert_success(shell("test -L loop.npy && rm -r linked dangling.npy loop.npy"));
}

static void test_read_only_file(void **state) {
    (void)state;
    const char *as_nobody = "";
    if (geteuid() == 0) { /* whom no mode stops */
        as_nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        if (shell("chmod 777 . && cp \"$SMX\" own-smx && %s ./own-smx --version > /dev/null", as_nobody).status != 0) {
            print_message("skip: a read-only output: the tool cannot be run as another user here\n");
            skip();
        }
    } else {
        assert_success(shell("cp \"$SMX\" own-smx"));
    }
    assert_success(shell("chmod 444 old.npy"));
    assert_refused(shell("%s ./own-smx softmax x.npy -o old.npy", as_nobody), 1, "old.npy", "Permission denied");
    assert_old_file();
    assert_success(shell("chmod 666 old.npy && %s ./own-smx softmax x.npy -o old.npy", as_nobody));
    assert_true(same_files("old.npy", "y1.npy"));
    write_file("old.npy", old_text, strlen(old_text));
    assert_success(shell("rm own-smx"));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_streams_out_of_order),
        cmocka_unit_test(test_consecutive_arrays),
        cmocka_unit_test(test_input_is_output),
        cmocka_unit_test(test_modes_and_links),
        cmocka_unit_test(test_dangling_links),
        cmocka_unit_test(test_read_only_file),
        cmocka_unit_test(test_failed_writes),
        cmocka_unit_test(test_several_outputs),
        cmocka_unit_test(test_closed_descriptors),
        cmocka_unit_test(test_broken_pipe),
        cmocka_unit_test(test_truncated_meanwhile),
    };
    tool_init(argc, argv);
    return cmocka_run_group_tests(tests, setup, tool_leave);
}
