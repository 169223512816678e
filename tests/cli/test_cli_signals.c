/* A deadly signal leaves no temporary file behind, at whatever moment it comes: right where a file is made or gets its
 * name, and at random. The second argument is the tool of signals/wrapped.c. */
#include "array.h"
#include "tool.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_any_time)};
    if (argc != 3 || realpath(argv[2], wrapped) == NULL) {
        fail_msg("usage: %s PATH-OF-SMX PATH-OF-WRAPPED-SMX", argv[0]);
    }
    return RUN_CLI_TESTS(2, argv, tests);
}
