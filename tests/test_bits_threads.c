/* The number of threads changes no bit of any function, whether there are fewer rows than threads or more, nor does the
 * caller's pool, whatever its order. */
#include "common/check.h"
#include "common/isas.h"
#include "common/pools.h"
#include "common/problem.h"
#include "common/sampled.h"

#include <stdio.h>
#include <string.h>

typedef struct crew {
    const char *name;
    unsigned threads;
    smx_parallel_for run; /* null: the library's own */
} crew;

static const crew crews[] = {
    {"own threads", 2, NULL},       {"own threads", 3, NULL},
    {"own threads", 5, NULL},       {"own threads", 8, NULL},
    {"own threads", 17, NULL},      {"own threads", 0, NULL},
    {"pthreads", 5, pool_threads},  {"all at once", 16, pool_all_at_once},
    {"reversed", 4, pool_reversed}, {"shuffled", 64, pool_shuffled},
};
enum { CREWS = sizeof crews / sizeof *crews };

/* Few long rows; many short ones; about as many as threads. The last ones are large, and for the basic functions. */
static const size_t shapes[][2] = {{1, 1},    {1, 7},     {3, 5},      {5, 1031},  {3, 9001},  {700, 61},
                                   {2000, 3}, {1, 40000}, {1000, 101}, {65, 1024}, {7, 30011}, {1, 262145}};
enum { SHAPES = sizeof shapes / sizeof *shapes, SMALL = 8 };

/* Matrices take more memory and time. */
static size_t longest_matrix(size_t rows) { return rows == 1 ? 701 : rows < 100 ? 200 : 40; }

static smx_options options_of(const problem *p, const crew *w, pool *workers) {
    smx_options opt = p->m.opt;
    opt.threads = w->threads;
    opt.parallel_for = w->run;
    opt.pool = workers;
    return opt;
}

/* An input's place for the output's. */
static void check_in_place(problem *p, const crew *w) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        size_t output = output_in_place(p->c.f, i);
        if (output) {
            pool workers = {.threads = 6};
            smx_options opt = options_of(p, w, &workers);
            call copy = call_copy(&p->c, 0, NULL);
            block own = copy.b[output];
            copy.b[output] = copy.b[i];
            problem_say(p, ", in place on threads");
            assert_ok(call_run(&copy, &opt));
            call_expect_same(&p->c, &copy);
            copy.b[output] = own;
            call_free(&copy);
        }
    }
}

static void check_crews(const function *f, const dtype *t, size_t rows, size_t n, uint64_t seed) {
    problem p = problem_new(f, t, rows, n, 0, seed);
    call_must_run(&p.c, &p.m.opt);
    call same = call_copy(&p.c, 0, NULL);
    for (size_t i = 0; i < CREWS; i++) {
        pool workers = {.threads = 6};
        smx_options opt = options_of(&p, &crews[i], &workers);
        char text[60];
        snprintf(text, sizeof text, ", %s with %u threads", crews[i].name, crews[i].threads);
        problem_say(&p, text);
        call_must_run(&same, &opt);
        call_expect_same(&p.c, &same);
    }
    check_in_place(&p, &crews[seed % CREWS]);
    call_free(&same), problem_free(&p);
}

static void check_shapes(const function *f, const dtype *t, uint64_t seed) {
    const size_t step = sample_step(4);
    for (size_t i = seed % step; i < (is_basic(f) ? SHAPES : SMALL); i += step) {
        size_t rows = shapes[i][0], n = shapes[i][1], longest = longest_matrix(rows);
        check_crews(f, t, rows, has_matrices(f) && n > longest ? longest : n, seed + 101 * i);
    }
}

static void check_on_isas(const function *f, const dtype *t, uint64_t seed) {
    for (size_t i = 1; smx_isa_available(i) && is_basic(f); i++) {
        use_isa(smx_isa_available(i));
        check_shapes(f, t, seed + i);
    }
    use_isa(smx_isa_available(0));
    check_shapes(f, t, seed);
}

static void test_crews(void **state) { for_all_functions(*state, 1, 0x2500000, check_on_isas); }

/* The work really goes through the caller's pool: one that leaves a task out leaves a part of the result out. */
static void check_pool_is_used(const function *f, const dtype *t, uint64_t seed) {
    problem p = problem_new(f, t, 500, has_matrices(f) ? 50 : 500, 0, seed);
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
    if (smx_threads() == 1) {
        printf("skip: more than one thread by default: there is one processor, or the environment says so\n");
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
