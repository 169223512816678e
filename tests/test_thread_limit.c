/* More threads than the system has to give must not end the program: the library never aborts. In a child process whose
 * address space has no room for them. */
#include "common/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 2000, N = 16384 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZER = 1 };
#else
enum { SANITIZER = 0 };
#endif

/* Room for the array and for some threads a processor with stacks of 8 MB, but not for as many as there are rows. */
static int compute_in_little_memory(void) {
    rlim_t room = ((rlim_t)1 << 30) + (rlim_t)sysconf(_SC_NPROCESSORS_ONLN) * ((rlim_t)1 << 26);
    struct rlimit limit = {room, room};
    float *x = calloc((size_t)ROWS * N, sizeof *x);
    if (!x || setrlimit(RLIMIT_AS, &limit) != 0) {
        return 0;
    }
    smx_options opt = {.size = sizeof opt, .threads = 1000000};
    int ok = smx_softmax_f32(ROWS, N, x, N, x, N, &opt) == SMX_OK;
    ok = ok && x[0] == 1.0f / N && x[(size_t)ROWS * N - 1] == 1.0f / N;
    free(x);
    return ok;
}

static void test_a_million_threads(void **state) {
    (void)state;
    if (SANITIZER) {
        printf("skipped: a limited address space, which leaves no room for the sanitizer\n");
        return;
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(compute_in_little_memory() ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_million_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
