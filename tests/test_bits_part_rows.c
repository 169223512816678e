/* Rows in parts have the bits of whole rows: softmax, its backward pass, log-softmax, logsumexp, also with weights, and
 * cross-entropy with all that it gives, under all options, for any cut. What parts tell each other goes through plain
 * maxima and sums of 64-bit integers, as a library of messages would take them. */
#include "common/check.h"
#include "common/cuts.h"
#include "common/isas.h"
#include "common/problem.h"
#include "common/sizes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What one part holds, as a process of its own would. */
typedef struct share {
    size_t first, n;
    int64_t *maxima, *sums;
} share;

static int64_t *words(size_t count) {
    int64_t *a = malloc((count ? count : 1) * sizeof *a);
    assert_non_null(a);
    memset(a, 0x5a, count * sizeof *a); /* nothing is to be there beforehand */
    return a;
}

/* MPI_Allreduce with MPI_MAX and MPI_SUM, in a random order of the parts. */
static void reduce(share *s, size_t parts, size_t count, int sum, rng *r) {
    size_t *order = malloc(parts * sizeof *order);
    int64_t *all = words(count);
    assert_non_null(order);
    rng_permutation(r, parts, order);
    for (size_t k = 0; k < parts; k++) {
        const int64_t *own = sum ? s[order[k]].sums : s[order[k]].maxima;
        for (size_t i = 0; i < count; i++) {
            all[i] = k == 0 ? own[i] : sum ? all[i] + own[i] : own[i] > all[i] ? own[i] : all[i];
        }
    }
    for (size_t k = 0; k < parts; k++) {
        memcpy(sum ? s[k].sums : s[k].maxima, all, count * sizeof *all);
    }
    free(order), free(all);
}

static void *moved(const void *a, size_t bytes) {
    union {
        const void *in;
        unsigned char *out;
    } u = {a};
    return a == NULL ? NULL : u.out + bytes;
}

/* The blocks and options of a call from entry `first` on. */
static void blocks_from(const call *c, size_t first, block *b) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        b[i] = c->b[i];
        if (c->f->arguments[i].form == FORM_ROW) {
            b[i].a = moved(b[i].a, first * b[i].size);
        }
    }
}

static smx_options options_from(const dtype *t, const smx_options *opt, size_t first) {
    smx_options from = {.size = sizeof from};
    if (opt) {
        from = *opt;
        from.add = moved(from.add, first * t->size);
        from.keep = moved(from.keep, first);
    }
    return from;
}

static void any_isa(rng *r) {
    size_t count = 0;
    while (smx_isa_available(count)) {
        count++;
    }
    assert_ok(smx_isa_set(smx_isa_available(rng_below(r, count))));
}

static smx_part_kind kind_of(const function *f) {
    return f->run == OPERATION_SOFTMAX            ? SMX_PART_SOFTMAX
           : f->run == OPERATION_SOFTMAX_BACKWARD ? SMX_PART_SOFTMAX_BACKWARD
                                                  : SMX_PART_LOGARITHMS;
}

static void step(const call *c, const smx_options *opt, const share *s, int number) {
    block b[ARGUMENTS_MAX];
    blocks_from(c, s->first, b);
    const smx_options from = options_from(c->t, opt, s->first);
    part_call p = {number, SMX_PART_INIT};
    p.part.kind = kind_of(c->f);
    if (c->f->run == OPERATION_LOGSUMEXP_WEIGHTED || p.part.kind == SMX_PART_SOFTMAX_BACKWARD) {
        p.part.b = b[1].a;
        p.part.ldb = b[1].ld;
    }
    p.part.row_n = c->n;
    p.part.first = s->first;
    p.part.maxima = s->maxima;
    p.part.sums = s->sums;
    assert_ok((c->t == &dtype_f32 ? part_step_f32 : part_step_f64)(c->f, c->rows, s->n, b, &p, &from));
}

static void run_in_parts(call *c, const smx_options *opt, const cut *where, rng *r) {
    size_t maxima = c->rows * SMX_PART_MAXIMA, sums = c->rows * SMX_PART_SUMS;
    share *s = calloc(where->parts, sizeof *s);
    assert_non_null(s);
    for (size_t k = 0; k < where->parts; k++) {
        s[k] = (share){where->begin[k], where->begin[k + 1] - where->begin[k], words(maxima), words(sums)};
    }
    int rounds = is_loss(c->f) ? SMX_PART_ROUNDS : kind_of(c->f) == SMX_PART_LOGARITHMS ? 2 : 1;
    for (int number = 1; number <= STEP_FINISH; number += number == rounds ? STEP_SUMS - rounds : 1) {
        for (size_t k = 0; k < where->parts; k++) {
            any_isa(r);
            step(c, opt, &s[k], number);
        }
        if (number < STEP_SUMS) {
            reduce(s, where->parts, maxima, 0, r);
        } else if (number == STEP_SUMS) {
            reduce(s, where->parts, sums, 1, r);
        }
    }
    for (size_t k = 0; k < where->parts; k++) {
        free(s[k].maxima), free(s[k].sums);
    }
    free(s);
    assert_ok(smx_isa_set(NULL));
}

static int is_in_parts(const function *f) {
    return f->run == OPERATION_SOFTMAX || f->run == OPERATION_SOFTMAX_BACKWARD || f->run == OPERATION_LOG_SOFTMAX ||
           f->run == OPERATION_LOGSUMEXP || f->run == OPERATION_LOGSUMEXP_WEIGHTED || (is_loss(f) && !f->ce.log_probs);
}

static void erase_outputs(call *c) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (argument_is_output(&c->f->arguments[i])) {
            block_erase(&c->b[i]);
        }
    }
}

static void check_problem(problem *p, size_t parts) {
    rng r = rng_seed(p->seed ^ 0x9a27);
    const smx_options *given = masks_options(&p->m, p->c.f);
    smx_options opt = SMX_OPTIONS_INIT;
    opt = given ? *given : opt;
    opt.plus_inf = rng_below(&r, 2) ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
    opt.minus_inf_row = rng_below(&r, 2) ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
    opt.threads = 1 + (unsigned)rng_below(&r, 3);
    call whole = call_copy(&p->c, 0, NULL);
    call_must_run(&whole, &opt);
    erase_outputs(&p->c);
    cut c = cut_random(&r, p->c.n, parts);
    run_in_parts(&p->c, &opt, &c, &r);
    call_expect_same(&whole, &p->c);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (argument_is_output(&p->c.f->arguments[i])) {
            block_check_gaps(&p->c.b[i], p->c.f->arguments[i].name);
        }
    }
    cut_free(&c);
    call_free(&whole);
}

/* One part that is all, uneven ones, and more than there are entries. */
static size_t some_parts(uint64_t seed) {
    static const size_t counts[] = {1, 2, 3, 5, 40};
    return counts[seed % 5];
}

static void check_options(const function *f, const dtype *t, uint64_t seed) {
    if (is_in_parts(f)) {
        problem p = problem_new(f, t, 0, 0, 3, seed);
        check_problem(&p, some_parts(seed));
        problem_free(&p);
    }
}

static void test_options(void **state) { for_all_functions(*state, 600, 0xb10000000, check_options); }

static void check_size(const function *f, const dtype *t, size_t n, size_t kind, uint64_t seed) {
    if (is_in_parts(f)) {
        problem p = problem_plain(f, t, n > 10000 ? 1 : 3, n, 3, kind, seed);
        check_problem(&p, some_parts(seed));
        problem_free(&p);
    }
}

static void test_short(void **state) { for_all_short_sizes(*state, 0xb20000000, check_size); }

static void test_long(void **state) { for_all_long_sizes(*state, 4, 0xb30000000, check_size); }

/* Parts of few entries, and equal ones among them: who leaves out which one shows nowhere. In some rows they are
 * special ones. */
static void check_ties(const function *f, const dtype *t, uint64_t seed) {
    if (!is_in_parts(f)) {
        return;
    }
    enum { N = 9 };
    static const double values[] = {0.0, -0.0, 1.0, 1.0, -1.0, 3.0e4, -(double)INFINITY, (double)INFINITY, (double)NAN};
    problem p = problem_new(f, t, 3, N, 0, seed);
    rng r = rng_seed(seed);
    for (size_t k = 0; k < p.c.rows; k++) {
        size_t kinds = 2 + rng_below(&r, sizeof values / sizeof *values - 1);
        for (size_t i = 0; i < N; i++) {
            t->store(block_element(&p.c.b[0], k, i), 0, values[rng_below(&r, kinds)]);
        }
    }
    if (f->run == OPERATION_LOGSUMEXP_WEIGHTED && rng_below(&r, 2)) {
        block *b = &p.c.b[1]; /* of which there may be one row for all */
        t->store(block_element(b, rng_below(&r, b->rows), rng_below(&r, N)), 0, values[rng_below(&r, 9)]);
    }
    check_problem(&p, 1 + rng_below(&r, 20));
    problem_free(&p);
}

static void test_ties(void **state) { for_all_functions(*state, 400, 0xb40000000, check_ties); }

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_options), TEST_BOTH(test_short), TEST_BOTH(test_long),
                                       TEST_BOTH(test_ties)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
