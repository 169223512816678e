/* The library's own threads: many callers at once, calls from the tasks of a caller's own pool, more threads than there
 * can be, callers that are cancelled: always the bits of one thread. And signals are left to the program's threads. */
#include "common/check.h"
#include "common/fill.h"
#include "common/pools.h"
#include "common/sanitizers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 40, N = 4096, BYTES = ROWS * N * sizeof(float), CALLERS = 8, CALLS = 50 };

/* So large that thread-local memory and the library's small stacks do not go together. */
static _Thread_local volatile char large[1 << 20];

static float x[ROWS * N], expected[ROWS * N];

static int computes_with(const smx_options *opt) {
    float *y = calloc(1, BYTES);
    int ok = y != NULL && smx_softmax_f32(ROWS, N, x, N, y, N, opt) == SMX_OK && memcmp(y, expected, BYTES) == 0;
    free(y);
    return ok;
}

static int computes(unsigned threads) {
    smx_options opt = {.size = sizeof opt, .threads = threads};
    return computes_with(&opt);
}

static void test_numbers_of_threads(void **state) {
    (void)state;
    static const unsigned threads[] = {2, 3, 1000, 7, 1u << 31, 0};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        label("%u threads", threads[i]);
        assert_true(computes(threads[i]));
    }
}

static atomic_int failures;

static void *call_often(void *argument) {
    size_t caller = *(const size_t *)argument;
    large[caller] = 1;
    for (unsigned i = 0; i < CALLS; i++) {
        failures += !computes(1 + (unsigned)(caller + i) % 9);
    }
    return NULL;
}

static void test_many_callers(void **state) {
    (void)state;
    pthread_t callers[CALLERS];
    size_t numbers[CALLERS];
    failures = 0;
    for (size_t i = 0; i < CALLERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&callers[i], NULL, call_often, &numbers[i]), 0);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(callers[i], NULL);
    }
    assert_int_equal(failures, 0);
}

/* A hook each of whose tasks comes after calls of its own, on threads of the caller's and of the library's. */
typedef struct nest {
    pool threads;
    smx_task task;
    void *data;
    _Atomic size_t calls;
} nest;

static void nested_task(void *argument, size_t i) {
    nest *n = argument;
    n->calls++;
    failures += !computes(2 + (unsigned)i % 4);
    n->task(n->data, i);
    failures += !computes(2);
}

static void run_nested(void *argument, size_t count, smx_task task, void *data) {
    nest *n = argument;
    n->task = task;
    n->data = data;
    pool_all_at_once(&n->threads, count, nested_task, n);
}

static void test_nested_calls(void **state) {
    (void)state;
    failures = 0;
    for (unsigned threads = 2; threads <= 8; threads += 3) {
        nest n = {.threads = {.threads = threads}};
        smx_options opt = {.size = sizeof opt, .threads = threads, .parallel_for = run_nested, .pool = &n};
        label("%u tasks with calls", threads);
        assert_true(computes_with(&opt));
        assert_true(n.calls > 1);
    }
    assert_int_equal(failures, 0);
}

static atomic_uint handled;
static pthread_t main_thread;
static atomic_int handled_elsewhere;

static void handle(int signal_number) {
    (void)signal_number;
    handled++;
    handled_elsewhere += !pthread_equal(pthread_self(), main_thread);
}

/* While the one thread that is the program's own blocks the signal, it must stay pending. */
static void test_signals(void **state) {
    (void)state;
    assert_true(computes(4));
    main_thread = pthread_self();
    struct sigaction action = {.sa_handler = handle}, old_action;
    sigset_t set, old_set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    assert_int_equal(sigaction(SIGUSR1, &action, &old_action), 0);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &old_set), 0);
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < CALLS; i++) {
        assert_true(computes(4));
    }
    assert_int_equal(handled, 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &old_set, NULL), 0);
    assert_int_equal(handled, 1);
    assert_int_equal(handled_elsewhere, 0);
    sigaction(SIGUSR1, &old_action, NULL);
}

/* The caller's own signal mask, cancellation state and errno are as they were. */
static void test_caller_state(void **state) {
    (void)state;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    int cancel;
    for (unsigned threads = 2; threads < 40; threads += 5) {
        smx_options opt = {.size = sizeof opt, .threads = threads};
        float *y = calloc(1, BYTES);
        errno = EDOM;
        smx_status status = smx_softmax_f32(ROWS, N, x, N, y, N, &opt);
        int error = errno;
        free(y);
        assert_ok(status);
        assert_int_equal(error, EDOM);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int i = 1; i < 32; i++) {
        assert_int_equal(sigismember(&before, i), sigismember(&after, i));
    }
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &cancel);
    assert_int_equal(cancel, PTHREAD_CANCEL_ENABLE);
}

static void *cancelled(void *unused) {
    (void)unused;
    for (;;) {
        failures += !computes(4);
        pthread_testcancel();
    }
    return NULL;
}

/* A thread that is cancelled during a call ends after it. */
static void test_cancelled_callers(void **state) {
    (void)state;
#if ADDRESS_SANITIZER
    printf("skip: cancelled threads, whose stacks AddressSanitizer takes for used by those that come after them\n");
    return;
#endif
    failures = 0;
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        void *result;
        assert_int_equal(pthread_create(&thread, NULL, cancelled, NULL), 0);
        usleep(1000);
        pthread_cancel(thread);
        pthread_join(thread, &result);
        assert_ptr_equal(result, PTHREAD_CANCELED);
        assert_true(computes(4));
    }
    assert_int_equal(failures, 0);
}

int main(void) {
    rng r = rng_seed(0x1430000);
    fill_x(&dtype_f32, x, ROWS * N, 0, &r);
    if (smx_softmax_f32(ROWS, N, x, N, expected, N, &(smx_options){.size = sizeof(smx_options), .threads = 1}) != 0) {
        return 1;
    }
    alarm(300); /* a deadlock ends here */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_of_threads), cmocka_unit_test(test_many_callers),
        cmocka_unit_test(test_nested_calls),       cmocka_unit_test(test_signals),
        cmocka_unit_test(test_caller_state),       cmocka_unit_test(test_cancelled_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
