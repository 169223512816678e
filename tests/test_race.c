/* The library's first use by many threads at the same moment, and the choice of an instruction set while others
 * compute: for ThreadSanitizer, though the results are checked too. */
#include "common/check.h"
#include "common/fill.h"
#include "common/pools.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 16, N = 61, ROUNDS = 200 };

/* Every thread has its own output, and all share the input. */
typedef struct racer {
    pthread_t thread;
    pthread_barrier_t *start;
    size_t index;
    const float *x;
    float y[N], dx[N];
    double y_f64[N];
    const char *isa;
    int failures;
} racer;

static void compute(racer *r) {
    static const smx_options one = {.size = sizeof one, .threads = 1};
    double x_f64[N];
    for (size_t i = 0; i < N; i++) {
        x_f64[i] = (double)r->x[i];
    }
    r->failures += smx_softmax_f32(1, N, r->x, N, r->y, N, &one) != SMX_OK;
    r->failures += smx_softmax_backward_f32(1, N, r->y, N, r->x, N, r->dx, N, &one) != SMX_OK;
    r->failures += smx_softmax_f64(1, N, x_f64, N, r->y_f64, N, &one) != SMX_OK;
}

/* The first call of each thread is another one, so that each kind of first use meets the others. */
static void *first_use(void *argument) {
    racer *r = argument;
    pthread_barrier_wait(r->start);
    if (r->index % 4 == 1) {
        r->failures += smx_isa() == NULL;
    } else if (r->index % 4 == 2) {
        r->failures += smx_isa_available(0) == NULL;
    } else if (r->index % 4 == 3) {
        r->failures += smx_threads() == 0;
    }
    compute(r);
    r->isa = smx_isa();
    return NULL;
}

static void race(void *(*body)(void *), racer racers[THREADS], const float *x) {
    pthread_barrier_t start;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    memset(racers, 0, THREADS * sizeof *racers);
    for (size_t k = 0; k < THREADS; k++) {
        racers[k].start = &start;
        racers[k].index = k;
        racers[k].x = x;
        assert_int_equal(pthread_create(&racers[k].thread, NULL, body, &racers[k]), 0);
    }
    for (size_t k = 0; k < THREADS; k++) {
        assert_int_equal(pthread_join(racers[k].thread, NULL), 0);
    }
    pthread_barrier_destroy(&start);
}

static void check_equal_results(const racer racers[THREADS]) {
    for (size_t k = 0; k < THREADS; k++) {
        assert_int_equal(racers[k].failures, 0);
        assert_same_bits(&dtype_f32, racers[0].y, racers[k].y, N);
        assert_same_bits(&dtype_f32, racers[0].dx, racers[k].dx, N);
        assert_same_bits(&dtype_f64, racers[0].y_f64, racers[k].y_f64, N);
    }
}

static void fill(float *x) {
    rng r = rng_seed(0x1310000);
    fill_x(&dtype_f32, x, N, 0, &r);
}

/* Must come first: nothing has called the library yet. */
static void test_first_use(void **state) {
    (void)state;
    static racer racers[THREADS];
    float x[N];
    fill(x);
    label("first use by %d threads", THREADS);
    race(first_use, racers, x);
    check_equal_results(racers);
    for (size_t k = 0; k < THREADS; k++) {
        assert_string_equal(racers[k].isa, smx_isa());
    }
}

/* Half the threads choose, half compute. */
static void *choose_or_compute(void *argument) {
    racer *r = argument;
    size_t count = 0;
    while (smx_isa_available(count)) {
        count++;
    }
    pthread_barrier_wait(r->start);
    for (size_t round = 0; round < ROUNDS; round++) {
        if (r->index % 2) {
            const char *name = smx_isa_available((r->index + round) % count);
            r->failures += smx_isa_set(round % 7 ? name : NULL) != SMX_OK;
            r->failures += smx_isa_set("bogus") != SMX_ERROR_ISA;
            r->failures += smx_isa() == NULL;
        }
        compute(r);
    }
    return NULL;
}

static void test_choice_while_computing(void **state) {
    (void)state;
    static racer racers[THREADS];
    float x[N];
    fill(x);
    label("choice of instruction sets by some threads while others compute");
    race(choose_or_compute, racers, x);
    check_equal_results(racers);
}

/* Parts of one row, and many rows, by threads of a pool: they share the call's state. */
static void test_threads_of_one_call(void **state) {
    const dtype *t = *state;
    static const size_t shapes[][2] = {{1, 200003}, {500, 301}};
    assert_ok(smx_isa_set(NULL));
    for (size_t i = 0; i < 2; i++) {
        size_t rows = shapes[i][0], n = shapes[i][1];
        rng r = rng_seed(0x1320000 + i);
        void *y = elements(t, rows * n), *dy = elements(t, rows * n);
        void *expected = elements(t, rows * n), *out = elements(t, rows * n);
        fill_backward(t, y, dy, rows * n, 0, &r);
        pool p = {.threads = 8};
        smx_options one = {.size = sizeof one, .threads = 1};
        smx_options many = {.size = sizeof many, .threads = 8, .parallel_for = pool_all_at_once, .pool = &p};
        label("%zu rows, n = %zu on 8 threads", rows, n);
        assert_ok(t->softmax(rows, n, dy, n, expected, n, &one));
        assert_ok(t->softmax(rows, n, dy, n, out, n, &many));
        assert_same_bits(t, expected, out, rows * n);
        assert_ok(t->backward(rows, n, y, n, dy, n, expected, n, &one));
        assert_ok(t->backward(rows, n, y, n, dy, n, out, n, &many));
        assert_same_bits(t, expected, out, rows * n);
        assert_true(p.largest > 1);
        free(y), free(dy), free(expected), free(out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_use),
        cmocka_unit_test(test_choice_while_computing),
        TEST_BOTH(test_threads_of_one_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
