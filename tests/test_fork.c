/* A child of fork has none of the parent's threads: it must compute all the same, with the same bits, and end in time,
 * wherever the parent's threads were at that moment. */
#include "common/check.h"
#include "common/fill.h"
#include "common/sanitizers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 40, N = 4096, BYTES = ROWS * N * sizeof(float), CALLERS = 4, FORKS = 100, SECONDS = 60 };

#if ADDRESS_SANITIZER
#define LEAVE _exit /* the search for leaks takes the parent's threads for the child's */
#else
#define LEAVE exit
#endif

static float x[ROWS * N], expected[ROWS * N];

static int computes(unsigned threads) {
    smx_options opt = {.size = sizeof opt, .threads = threads};
    float *y = calloc(1, BYTES);
    int ok = y != NULL && smx_softmax_f32(ROWS, N, x, N, y, N, &opt) == SMX_OK && memcmp(y, expected, BYTES) == 0;
    free(y);
    return ok;
}

static int computes_often(void) {
    int ok = 1;
    for (unsigned i = 0; i < 10; i++) {
        ok = ok && computes(2 + i % 4);
    }
    return ok;
}

/* `depth` generations. What fails to end is ended by its alarm. Ends by exit, which is to wait for the child's threads,
 * not for the parent's. */
static int child_computes(unsigned depth) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        int ok = computes_often() && (depth <= 1 || child_computes(depth - 1)) && computes_often();
        LEAVE(ok ? 0 : 1);
    }
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Must come first: the parent has no threads yet. */
static void test_before_any_call(void **state) {
    (void)state;
    assert_true(child_computes(1));
    assert_true(child_computes(3));
}

static void test_after_calls(void **state) {
    (void)state;
    assert_true(computes_often());
    assert_true(child_computes(3));
    assert_true(computes_often());
}

static atomic_bool callers_stop;
static atomic_int failures;

static void *keep_calling(void *unused) {
    (void)unused;
    while (!callers_stop) {
        failures += !computes_often();
    }
    return NULL;
}

static void test_while_others_call(void **state) {
    (void)state;
#if ADDRESS_SANITIZER
    printf("skip: fork while others call: AddressSanitizer's allocator keeps, in the child, locks of the parent's "
           "threads\n");
    return;
#endif
    pthread_t callers[CALLERS];
    callers_stop = false;
    for (size_t i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_create(&callers[i], NULL, keep_calling, NULL), 0);
    }
    int ok = 1;
    for (size_t i = 0; ok && i < FORKS; i++) {
        ok = child_computes(i % 10 == 0 ? 2 : 1);
    }
    callers_stop = true;
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(callers[i], NULL);
    }
    assert_true(ok);
    assert_int_equal(failures, 0);
    assert_true(computes_often());
}

int main(void) {
    rng r = rng_seed(0x1410000);
    fill_x(&dtype_f32, x, ROWS * N, 0, &r);
    smx_options one = {.size = sizeof one, .threads = 1};
    if (smx_softmax_f32(ROWS, N, x, N, expected, N, &one) != SMX_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_any_call),
        cmocka_unit_test(test_after_calls),
        cmocka_unit_test(test_while_others_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
