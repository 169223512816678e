/* A row's bits do not depend on the batch it stands in, its masks written out or not, its stride, its alignment, or
 * whether it is done in place; and nothing outside the rows is read or written. */
#include "common/check.h"
#include "common/isas.h"
#include "common/problem.h"
#include "common/sampled.h"
#include "common/thresholds.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 33, SPREAD = 17, LONGEST_MATRIX = 40 };

static void on_every_isa(void (*check)(const dtype *t), const dtype *t) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        check(t);
    }
    assert_ok(smx_isa_set(NULL));
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

/* Packed rows together, and each by itself in the same memory. */
static void check_batch(const function *f, const dtype *t, size_t rows, size_t n, uint64_t seed) {
    problem p = problem_plain(f, t, rows, n, 0, seed % CALL_KINDS, seed);
    call alone = call_copy(&p.c, 0, NULL);
    call_must_run(&p.c, &p.m.opt);
    problem_say(&p, ", and its rows alone");
    for (size_t k = 0; k < rows; k++) {
        call row = call_rows(&alone, k, 1);
        smx_options opt = p.m.opt;
        opt.scale = opt.scale ? at(t, p.m.scale, k * opt.scale_stride) : NULL;
        assert_ok(call_run(&row, &opt));
        call_expect_row(&row, 0, &p.c, k, NULL);
    }
    call_free(&alone), problem_free(&p);
}

static void check_batches(const dtype *t) {
    static const size_t lengths[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,  16,
                                     17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 80, 95, 96, 97, 127, 128};
    for (size_t which = 0; which < functions_count; which++) {
        size_t step = sample_step(8) * (is_basic(&functions[which]) ? 1 : 8);
        for (size_t b = 0; threshold_rows(b) != 0; b++) {
            for (size_t k = (b + which) % step; k < sizeof lengths / sizeof *lengths; k += step) {
                if (!has_matrices(&functions[which]) || lengths[k] <= LONGEST_MATRIX) {
                    check_batch(&functions[which], t, threshold_rows(b), lengths[k],
                                0x710000 + 100000 * which + 200 * b + lengths[k]);
                }
            }
        }
    }
}

static void test_batches(void **state) { on_every_isa(check_batches, *state); }

/* Each row alone, its masks written out for it: they say the same, so the bits are the same. */
static void check_masks_of_rows(const function *f, const dtype *t, uint64_t seed) {
    problem p = problem_new(f, t, 0, 0, SPREAD, seed);
    call_must_run(&p.c, &p.m.opt);
    for (size_t k = 0; k < p.c.rows; k++) {
        if (!masks_can_be_alone(&p.m, k)) {
            continue;
        }
        call alone = call_new(f, t, 1, p.c.n, 0, NULL);
        masks m = masks_of_row(&p.m, k, NULL);
        call_copy_row(&alone, 0, &p.c, k, NULL);
        call_must_run(&alone, masks_options(&m, f));
        call_expect_row(&alone, 0, &p.c, k, NULL);
        call_free(&alone), masks_free(&m);
    }
    problem_free(&p);
}

static void check_masks(const dtype *t) { for_all_functions(t, ROUNDS, 0x2400000, check_masks_of_rows); }

static void test_masks(void **state) { on_every_isa(check_masks, *state); }

/* ---- Strides, alignments, and in place --------------------------------------------------------------------------- */

/* An input's place, with its stride, for the output's. */
static void check_in_place(const problem *p, rng *r) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        size_t output = output_in_place(p->c.f, i);
        if (output) {
            call copy = call_copy(&p->c, SPREAD, r);
            block own = copy.b[output];
            copy.b[output] = copy.b[i];
            problem_say(p, ", in place");
            assert_ok(call_run(&copy, &p->m.opt));
            call_expect_same(&p->c, &copy);
            block_check_gaps(&copy.b[output], p->c.f->arguments[i].name);
            copy.b[output] = own;
            call_free(&copy);
        }
    }
}

/* Packed and aligned, then at any stride and alignment. */
static void check_layout(problem p) {
    rng r = rng_seed(p.seed);
    call_must_run(&p.c, &p.m.opt);
    call moved = call_copy(&p.c, SPREAD, &r);
    problem_say(&p, ", somewhere else");
    call_must_run(&moved, &p.m.opt);
    call_expect_same(&p.c, &moved);
    call_free(&moved);
    check_in_place(&p, &r);
    problem_free(&p);
}

static void check_plain(const function *f, const dtype *t, size_t n, size_t kind, uint64_t seed) {
    check_layout(problem_plain(f, t, 1 + seed % 6, n, 0, kind, seed));
}

static void check_with_options(const function *f, const dtype *t, uint64_t seed) {
    check_layout(problem_new(f, t, 0, 0, 0, seed));
}

static void check_layouts(const dtype *t) {
    for_all_short_sizes(t, 0x720000, check_plain);
    for_all_functions(t, ROUNDS, 0x2200000, check_with_options);
}

static void test_layouts(void **state) { on_every_isa(check_layouts, *state); }

static void check_long_row(const function *f, const dtype *t, size_t n, size_t kind, uint64_t seed) {
    if (is_basic(f)) {
        check_layout(problem_plain(f, t, 2, n, 0, kind, seed));
    }
}

static void check_long_rows(const dtype *t) { for_all_long_sizes(t, 16, 0x750000, check_long_row); }

static void test_long_rows(void **state) { on_every_isa(check_long_rows, *state); }

/* ---- Matrices ---------------------------------------------------------------------------------------------------- */

static smx_status matrices(const call *c, size_t matrix_stride) {
    const block *y = &c->b[0], *jac = &c->b[1];
    return c->t->jacobian(c->rows, c->n, y->a, y->ld, jac->a, jac->ld, matrix_stride, NULL);
}

/* Room between the matrices of two rows. */
static void check_matrix_strides(const dtype *t) {
    for (size_t n = 1; n <= LONGEST_MATRIX; n++) {
        problem p = problem_plain(function_named("softmax_jacobian"), t, 3, n, 0, n % CALL_KINDS, 0x760000 + n);
        size_t ld = n + n % 3, gap = 1 + n % 5;
        call apart = p.c;
        apart.b[1] = block_new(t->size, 3, (n - 1) * ld + n, n * ld + gap, n % 7);
        apart.b[1].ld = ld;
        call_must_run(&p.c, NULL);
        problem_say(&p, ", matrices apart");
        assert_ok(matrices(&apart, n * ld + gap));
        for (size_t k = 0; k < 3 * n; k++) {
            const void *row = at(t, apart.b[1].a, k / n * (n * ld + gap) + k % n * ld);
            assert_same_bits(t, block_element(&p.c.b[1], k, 0), row, n);
        }
        apart.b[1].ld = n * ld + gap;
        block_check_gaps(&apart.b[1], "jac");
        block_free(&apart.b[1]), problem_free(&p);
    }
}

static void test_matrix_strides(void **state) { on_every_isa(check_matrix_strides, *state); }

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_batches),   TEST_BOTH(test_masks),          TEST_BOTH(test_layouts),
        TEST_BOTH(test_long_rows), TEST_BOTH(test_matrix_strides),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
