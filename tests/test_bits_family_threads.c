/* The number of threads changes no bit of any function of the family, nor does the caller's pool, whatever its order.
 * */
#include "common/check.h"
#include "common/isas.h"
#include "common/pools.h"
#include "common/problem.h"

#include <string.h>

typedef struct crew {
    const char *name;
    unsigned threads;
    smx_parallel_for run; /* null: the library's own */
} crew;

static const crew crews[] = {
    {"own threads", 2, NULL},       {"own threads", 3, NULL},        {"own threads", 7, NULL},
    {"own threads", 0, NULL},       {"pthreads", 5, pool_threads},   {"all at once", 16, pool_all_at_once},
    {"reversed", 4, pool_reversed}, {"shuffled", 64, pool_shuffled},
};
enum { CREWS = sizeof crews / sizeof *crews };

/* Few long rows; many short ones; about as many as threads. */
static const size_t shapes[][2] = {{1, 40000}, {3, 9001}, {700, 61}, {5, 1031}, {2000, 3}};
enum { SHAPES = sizeof shapes / sizeof *shapes, LONGEST_MATRIX = 200 };

static void check_crews(const function *f, const dtype *t, size_t rows, size_t n, uint64_t seed) {
    problem p = problem_new(f, t, rows, n, 0, seed);
    call_must_run(&p.c, &p.m.opt);
    call same = call_copy(&p.c, 0, NULL);
    for (size_t i = 0; i < CREWS; i++) {
        pool workers = {.threads = 6};
        smx_options opt = p.m.opt;
        opt.threads = crews[i].threads;
        opt.parallel_for = crews[i].run;
        opt.pool = &workers;
        label("%s %s on %s, %zu rows, n = %zu, %s with %u threads, seed %#llx", f->name, t->name, smx_isa(), rows, n,
              crews[i].name, crews[i].threads, (unsigned long long)seed);
        call_must_run(&same, &opt);
        call_expect_same(&p.c, &same);
    }
    call_free(&same), problem_free(&p);
}

static void check_shapes(const function *f, const dtype *t, uint64_t seed) {
    for (size_t i = 0; i < SHAPES; i++) {
        size_t rows = shapes[i][0], n = shapes[i][1];
        if (f->arguments[1].form == FORM_MATRICES && n > LONGEST_MATRIX) {
            n = LONGEST_MATRIX;
        }
        check_crews(f, t, rows, n, seed + 100 * i);
    }
}

static void test_crews(void **state) { for_all_functions(*state, 1, 0x2500000, check_shapes); }

/* The work really goes through the caller's pool: one that leaves a task out leaves a part of the result out. */
static void check_pool_is_used(const function *f, const dtype *t, uint64_t seed) {
    size_t n = f->arguments[1].form == FORM_MATRICES ? 50 : 500;
    problem p = problem_new(f, t, 500, n, 0, seed);
    pool workers = {.threads = 4};
    p.m.opt.threads = 4;
    p.m.opt.parallel_for = pool_forgetful;
    p.m.opt.pool = &workers;
    call_must_run(&p.c, &p.m.opt);
    if (workers.largest <= 1) {
        fail_msg("%s: the pool was called %zu times, with at most %zu tasks", label_text(), workers.calls,
                 workers.largest);
    }
    problem_free(&p);
}

static void test_pool_is_used(void **state) { for_all_functions(*state, 1, 0x2510000, check_pool_is_used); }

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_crews), TEST_BOTH(test_pool_is_used)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
