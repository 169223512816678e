/* A deadly signal leaves no temporary file behind, and the old file as it was, at whatever moment it comes: right where
 * a file is made or gets its name, and at random. And how far long work is, on a terminal. The second argument is the
 * tool of signals/wrapped.c. */
#define _XOPEN_SOURCE 700 /* pseudo-terminals */
#include "array.h"
#include "tool.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char wrapped[4096];

static void make_input(size_t rows) {
    const array x = {.t = &dtype_f32, .ndim = 2, .shape = {rows, 1024}};
    array_write_sparse(&x, "x.npy");
    assert_success(shell("rm -f a.npy b.npy"));
}

static void expect_nothing_left(void) {
    assert_int_equal(count_entries(".smx"), 0);
    assert_int_equal(count_entries("smx-"), 0);
}

/* Two results, and one from a pipe that is spooled to a file without a name, in $TMPDIR. */
static void test_places(void **state) {
    (void)state;
    static const char *const places[] = {"mkstemp 1",      "mkstemp 2",       "before rename 1",
                                         "after rename 1", "before rename 2", "after rename 2"};
    make_input(256);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        outcome o = shell("SMX_TEST_SIGNAL='%s' %s double-backward x.npy x.npy x.npy --grad-y a.npy --grad-dy b.npy "
                          "--threads 8",
                          places[i], wrapped);
        label("signal at %s", places[i]);
        if (o.status != 128 + SIGTERM) {
            fail_msg("%s: status %d, %s", label_text(), o.status, o.err);
        }
        expect_nothing_left();
    }
    outcome o = shell("cat x.npy | SMX_TEST_SIGNAL='mkstemp 1' TMPDIR=. %s softmax - -o - --axis 0 > a.npy", wrapped);
    assert_int_equal(o.status, 128 + SIGTERM);
    expect_nothing_left();
    assert_success(shell("%s softmax x.npy -o a.npy", wrapped)); /* no signal: the same tool does its work */
}

static void test_any_time(void **state) {
    (void)state;
    enum { ROUNDS = 60, LATEST = 30000000 };
    rng r = rng_seed(0x516);
    int ended = 0;
    make_input(4096);
    for (int i = 0; i < ROUNDS; i++) {
        struct timespec delay = {.tv_nsec = (long)rng_below(&r, LATEST)};
        label("signal after %ld ns", delay.tv_nsec);
        pid_t tool = start_tool(-1, "softmax", "x.npy", "-o", "a.npy", "--threads", "8", (char *)NULL);
        nanosleep(&delay, NULL);
        kill(tool, SIGTERM);
        int status = wait_for(tool);
        assert_true(status == 0 || status == 128 + SIGTERM);
        ended += status != 0;
        expect_nothing_left();
    }
    assert_true(ended > 0);
}

/* ---- Long work --------------------------------------------------------------------------------------------------- */

static void expect_old_file(void) {
    assert_success(shell("grep -qx 'the old file' old.npy"));
    expect_nothing_left();
}

/* A minute at most, until the condition holds. */
static int eventually(int (*condition)(void)) {
    for (int i = 0; i < 6000; i++) {
        if (condition())
            return 1;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return 0;
}

static size_t temporaries;
static int temporary_is_there(void) { return count_entries(".smx") == temporaries; }

/* A Jacobian of 64 GiB, to be interrupted long before it is done. */
static void make_endless(void) {
    assert_success(shell("echo the old file > old.npy"));
    array y = {.t = &dtype_f32, .ndim = 1, .shape = {1 << 17}};
    rng r = rng_seed(3);
    array_allocate(&y);
    array_fill_probabilities(&y, &r);
    array_write(&y, "long.npy", 1, 0);
    free(y.data);
}

static void test_interrupted(void **state) {
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    make_endless();
    temporaries = 1;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        label("signal %d", signals[i]);
        pid_t tool = start_tool(-1, "jacobian", "long.npy", "-o", "old.npy", (char *)NULL);
        assert_true(eventually(temporary_is_there));
        assert_int_equal(kill(tool, signals[i]), 0);
        assert_int_equal(wait_for(tool), 128 + signals[i]);
        expect_old_file();
    }
}

/* Work on 2 GiB, interrupted long before it is done. */
static void test_interrupted_with_several_outputs(void **state) {
    (void)state;
    const array x = {.t = &dtype_f32, .ndim = 2, .shape = {1 << 17, 1 << 12}};
    array_write_sparse(&x, "x-long.npy");
    assert_success(shell("echo the old file > old.npy"));
    temporaries = 2;
    pid_t tool = start_tool(-1, "double-backward", "x-long.npy", "x-long.npy", "x-long.npy", "--grad-y", "old.npy",
                            "--grad-dy", "fresh.npy", (char *)NULL);
    assert_true(eventually(temporary_is_there));
    assert_int_equal(kill(tool, SIGTERM), 0);
    assert_int_equal(wait_for(tool), 128 + SIGTERM);
    expect_old_file();
    assert_success(shell("! test -e fresh.npy; rm x-long.npy"));
}

/* Under nohup, a lost terminal stops nothing. */
static void test_ignored_signal(void **state) {
    (void)state;
    make_endless();
    temporaries = 1;
    signal(SIGHUP, SIG_IGN);
    pid_t tool = start_tool(-1, "jacobian", "long.npy", "-o", "old.npy", (char *)NULL);
    signal(SIGHUP, SIG_DFL);
    assert_true(eventually(temporary_is_there));
    assert_int_equal(kill(tool, SIGHUP), 0);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    assert_int_equal(kill(tool, SIGTERM), 0);
    assert_int_equal(wait_for(tool), 128 + SIGTERM);
    expect_old_file();
}

static char terminal_text[1 << 16];

/* Runs the tool with a terminal as stderr; what it draws there is in terminal_text. */
static int run_on_terminal(const char *command, const char *input) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    pid_t tool = start_tool(slave, command, input, "-o", "/dev/null", (char *)NULL);
    close(slave);
    size_t used = 0;
    for (ssize_t got; used < sizeof terminal_text - 1; used += (size_t)got) {
        got = read(master, terminal_text + used, sizeof terminal_text - 1 - used);
        if (got <= 0)
            break; /* the other side was closed */
        if (strchr(terminal_text, '%') != NULL)
            kill(tool, SIGTERM);
    }
    terminal_text[used] = '\0';
    close(master);
    return wait_for(tool);
}

static void test_progress(void **state) {
    (void)state;
    const array brief = {.t = &dtype_f32, .ndim = 2, .shape = {10, 10}};
    array_write_sparse(&brief, "short.npy");
    memset(terminal_text, 0, sizeof terminal_text);
    assert_int_equal(run_on_terminal("softmax", "short.npy"), 0);
    assert_string_equal(terminal_text, "");
    make_endless();
    assert_int_equal(run_on_terminal("jacobian", "long.npy"), 128 + SIGTERM);
    assert_non_null(strstr(terminal_text, "\r\033[Ksmx jacobian  "));
    assert_non_null(strstr(terminal_text, " %  "));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),         cmocka_unit_test(test_any_time),
        cmocka_unit_test(test_interrupted),    cmocka_unit_test(test_interrupted_with_several_outputs),
        cmocka_unit_test(test_ignored_signal), cmocka_unit_test(test_progress)};
    if (argc != 3 || realpath(argv[2], wrapped) == NULL) {
        fail_msg("usage: %s PATH-OF-SMX PATH-OF-WRAPPED-SMX", argv[0]);
    }
    return RUN_CLI_TESTS(2, argv, tests);
}
