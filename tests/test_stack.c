/* A call takes less stack than smx.h says: every function of rows, and down columns, on every way through the code, in
 * both types and on all instruction sets; tasks run in the calling thread, or the caller's pool runs them there. */
#include "common/block.h"
#include "common/check.h"
#include "common/isas.h"
#include "common/pools.h"
#include "common/problem.h"
#include "common/stack.h"
#include "common/thresholds.h"

#include <math.h>
#include <stdio.h>

enum { ELEMENTS = 20000, LONGEST_MATRIX = 100 };

static size_t check_below(size_t used, size_t most) {
    if (used >= STACK_BELOW) {
        fail_msg("%s: %zu bytes of stack", label_text(), used);
    }
    return used > most ? used : most;
}

/* ---- Functions of rows ---- */

typedef struct measured_call {
    const call *c;
    const smx_options *opt;
    smx_status status;
} measured_call;

static void run_rows(void *data) {
    measured_call *r = data;
    r->status = call_run(r->c, r->opt);
}

static size_t stack_of_rows(const function *f, const dtype *t, size_t rows, size_t n, uint64_t seed) {
    problem p = problem_new(f, t, rows, n, 0, seed);
    pool workers = {.threads = 1};
    if (seed % 3 == 0) {
        p.m.opt.threads = 4;
        p.m.opt.parallel_for = pool_reversed;
        p.m.opt.pool = &workers;
    }
    measured_call r = {&p.c, &p.m.opt, SMX_OK};
    size_t used = stack_of(run_rows, &r);
    assert_ok(r.status);
    problem_free(&p);
    return used;
}

static size_t most_of_function(const function *f, const dtype *t, uint64_t seed) {
    static const size_t rows[] = {1, 7, 16, 64, 130};
    size_t most = 0, n;
    for (size_t i = seed % 4; (n = threshold_length(i)) != 0 && n <= ELEMENTS; i += 4) {
        size_t longest = f->arguments[1].form == FORM_MATRIX ? LONGEST_MATRIX : ELEMENTS;
        size_t length = n < longest ? n : longest, some = rows[i / 4 % 5];
        some = some * length <= ELEMENTS ? some : 1;
        label("%s %s on %s, %zu rows of %zu, seed %#llx", f->name, t->name, smx_isa(), some, length,
              (unsigned long long)seed);
        most = check_below(stack_of_rows(f, t, some, length, seed + 16 * i), most);
    }
    return most;
}

static void test_rows(void **state) {
    for (size_t isa = 0; smx_isa_available(isa) && stack_is_plain(); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; i < functions_count; i++) {
            size_t most = most_of_function(&functions[i], *state, 0x9100000 + i);
            printf("%-8s %-60s %6zu\n", smx_isa(), functions[i].name, most);
        }
    }
    assert_ok(smx_isa_set(NULL));
}

/* ---- Down columns ---- */

typedef struct columns_call {
    int logarithm;
    const dtype *t;
    block x;
    smx_status status;
} columns_call;

/* In place. */
static void run_columns(void *data) {
    columns_call *c = data;
    const block *x = &c->x;
    size_t columns = x->n, n = x->rows;
    const smx_options opt = {.size = sizeof opt, .threads = 1};
    if (c->t == &dtype_f32) {
        c->status = c->logarithm ? smx_log_softmax_columns_f32(columns, n, x->a, x->ld, x->a, x->ld, &opt)
                                 : smx_softmax_columns_f32(columns, n, x->a, x->ld, x->a, x->ld, &opt);
    } else {
        c->status = c->logarithm ? smx_log_softmax_columns_f64(columns, n, x->a, x->ld, x->a, x->ld, &opt)
                                 : smx_softmax_columns_f64(columns, n, x->a, x->ld, x->a, x->ld, &opt);
    }
}

static size_t stack_of_columns(const dtype *t, int logarithm, size_t columns, size_t n) {
    columns_call c = {logarithm, t, block_new(t->size, n, columns, columns, 0), SMX_OK};
    for (size_t i = 0; i < n * columns; i++) {
        /* The last of many goes by itself. */
        t->store(c.x.a, i, columns > 40 && i == columns - 1 ? (double)INFINITY : (double)(i % 11));
    }
    size_t used = stack_of(run_columns, &c);
    assert_ok(c.status);
    block_free(&c.x);
    return used;
}

static void test_columns(void **state) {
    static const size_t columns[] = {1, 3, 40, 300};
    const dtype *t = *state;
    for (size_t isa = 0; smx_isa_available(isa) && stack_is_plain(); isa++) {
        size_t most = 0, n;
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; (n = threshold_length(i)) != 0 && n <= ELEMENTS; i++) {
            size_t some = columns[i % 4];
            label("columns %s on %s, %zu of %zu", t->name, smx_isa(), some, n);
            most = check_below(stack_of_columns(t, i / 4 % 2 == 0, n <= ELEMENTS / 5 ? some : 1, n), most);
        }
        printf("%-8s %-60s %6zu\n", smx_isa(), "columns", most);
    }
    assert_ok(smx_isa_set(NULL));
}

/* What measures sees what is taken. */
static void take(void *data) {
    volatile unsigned char array[30000];
    for (size_t i = 0; i < sizeof array; i++) {
        array[i] = (unsigned char)(uintptr_t)data;
    }
}

static void test_measure(void **state) {
    (void)state;
    if (stack_is_plain()) {
        assert_in_range(stack_of(take, NULL), 30000, 31000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_measure), TEST_BOTH(test_rows), TEST_BOTH(test_columns)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
