/* Where the system gives fewer threads than a call could use, or none, the result is the same: the library never
 * aborts. In child processes: of an address space without room for threads, and of a pthread_create that refuses. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "common/check.h"
#include "common/fill.h"
#include "common/sanitizers.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 2000, N = 16384, SECONDS = 120 };

/* Stands before the C library's in the whole program. */
static _Atomic int creates, creates_allowed = 1 << 30;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
    return creates++ < creates_allowed ? next(thread, attributes, body, argument) : EAGAIN;
}

/* Whether the child ends well, and in time. */
static int in_child(int (*body)(int), int argument) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        exit(body(argument) ? 0 : 1);
    }
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Room for the array and `mebibytes` more. */
static int compute_in_little_memory(int mebibytes) {
    float *x = calloc((size_t)ROWS * N, sizeof *x);
    FILE *sizes = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    if (x == NULL || sizes == NULL || fscanf(sizes, "%lu", &pages) != 1) {
        return 0;
    }
    fclose(sizes);
    rlim_t room = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)mebibytes << 20);
    struct rlimit limit = {room, room};
    if (setrlimit(RLIMIT_AS, &limit) != 0) {
        return 0;
    }
    smx_options opt = {.size = sizeof opt, .threads = 1000000};
    int ok = smx_softmax_f32(ROWS, N, x, N, x, N, &opt) == SMX_OK;
    for (size_t i = 0; i < (size_t)ROWS * N; i++) {
        ok = ok && x[i] == 1.0f / N;
    }
    free(x);
    return ok && creates > 0;
}

static void test_little_memory(void **state) {
    (void)state;
    if (ANY_SANITIZER) {
        printf("skip: a limited address space, which leaves no room for the sanitizer\n");
        return;
    }
    for (int mebibytes = 0; mebibytes <= 16; mebibytes = 2 * mebibytes + 1) {
        label("%d MiB for threads", mebibytes);
        assert_true(in_child(compute_in_little_memory, mebibytes));
    }
}

/* Then as many as it likes: it must try again some time, after so many calls, each with work for two threads. */
static int compute_with_few_threads(int allowed) {
    enum { ENTRIES = 300 * 1000, CALLS = 1200, ROWS_FOR_TWO = 40 };
    static float x[ENTRIES], y[ENTRIES], expected[ENTRIES];
    rng r = rng_seed(0x1420000);
    fill_x(&dtype_f32, x, ENTRIES, 0, &r);
    smx_options one = {.size = sizeof one, .threads = 1}, many = {.size = sizeof many, .threads = 8};
    int ok = smx_softmax_f32(300, 1000, x, 1000, expected, 1000, &one) == SMX_OK;
    creates = 0;
    creates_allowed = allowed;
    for (int call = 0; call < 3; call++) {
        memset(y, 0, sizeof y);
        ok = ok && smx_softmax_f32(300, 1000, x, 1000, y, 1000, &many) == SMX_OK && !memcmp(y, expected, sizeof y);
    }
    int tried = creates;
    ok = ok && tried > 0 && tried <= 8;
    creates_allowed = 1 << 30;
    for (int call = 0; call < CALLS; call++) {
        ok = ok && smx_softmax_f32(ROWS_FOR_TWO, 1000, x, 1000, y, 1000, &many) == SMX_OK;
    }
    memset(y, 0, sizeof y);
    ok = ok && smx_softmax_f32(300, 1000, x, 1000, y, 1000, &many) == SMX_OK;
    return ok && (allowed >= tried || creates > tried) && memcmp(y, expected, sizeof y) == 0;
}

static void test_refused_threads(void **state) {
    (void)state;
    for (int allowed = 0; allowed < 8; allowed++) {
        label("%d threads, then none", allowed);
        assert_true(in_child(compute_with_few_threads, allowed));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_little_memory), cmocka_unit_test(test_refused_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
