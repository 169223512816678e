/* Products that are the same by definition have the same bits: the JVP of softmax and its backward pass, a Jacobian
 * times several vectors and one at a time, the gradient with respect to dy and the backward pass, the Hessian and the
 * Jacobian of the softmax. */
#include "common/check.h"
#include "common/isas.h"
#include "common/problem.h"
#include "common/sampled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 300, Y = 0, DY = 1, DX = 2, DDX = 2, GDY = 4 };

static void for_seeds(void **state, const char *name, uint64_t seed, void (*check)(problem *p, uint64_t seed)) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (uint64_t k = 0; k < sampled(ROUNDS); k++) {
            problem p = problem_new(function_named(name), *state, 0, 0, 7, seed + k);
            call_must_run(&p.c, &p.m.opt);
            check(&p, seed + k);
            problem_free(&p);
        }
    }
}

/* Row `from` of a block over row `to` of another. */
static void copy_row(const block *to_block, size_t to, const block *from_block, size_t from) {
    memcpy(block_element(to_block, to, 0), block_element(from_block, from, 0), to_block->n * to_block->size);
}

static void expect_rows(const dtype *t, const block *expected, size_t first, const block *got, size_t got_first,
                        size_t rows) {
    for (size_t k = 0; k < rows; k++) {
        assert_same_bits(t, block_element(expected, first + k, 0), block_element(got, got_first + k, 0), got->n);
    }
}

static call backward_like(const problem *p, size_t dy) {
    call c = call_new(function_named("softmax_backward"), p->c.t, p->c.rows, p->c.n, 0, NULL);
    for (size_t k = 0; k < p->c.rows; k++) {
        copy_row(&c.b[Y], k, &p->c.b[Y], k);
        copy_row(&c.b[DY], k, &p->c.b[dy], k);
    }
    call_must_run(&c, &p->m.opt);
    return c;
}

static void check_jvp(problem *p, uint64_t seed) {
    (void)seed;
    call c = backward_like(p, DY);
    expect_rows(p->c.t, &c.b[DX], 0, &p->c.b[DX], 0, p->c.rows);
    call_free(&c);
}

static void test_jvp(void **state) { for_seeds(state, "softmax_jvp", 0x3900000, check_jvp); }

static void check_double_backward(problem *p, uint64_t seed) {
    (void)seed;
    call c = backward_like(p, DDX);
    expect_rows(p->c.t, &c.b[DX], 0, &p->c.b[GDY], 0, p->c.rows);
    call_free(&c);
    block unwanted = p->c.b[GDY], gy = p->c.b[GDY - 1]; /* each without the other */
    call same = call_copy(&p->c, 0, NULL);
    void *a = same.b[GDY].a;
    same.b[GDY].a = NULL;
    assert_ok(call_run(&same, &p->m.opt));
    expect_rows(p->c.t, &gy, 0, &same.b[GDY - 1], 0, p->c.rows);
    same.b[GDY].a = a, a = same.b[GDY - 1].a;
    same.b[GDY - 1].a = NULL;
    assert_ok(call_run(&same, &p->m.opt));
    expect_rows(p->c.t, &unwanted, 0, &same.b[GDY], 0, p->c.rows);
    same.b[GDY - 1].a = a;
    call_free(&same);
}

static void test_double_backward(void **state) {
    for_seeds(state, "softmax_double_backward", 0x3a00000, check_double_backward);
}

/* Vector c of every row at a time. */
static void check_jacobian_product(problem *p, uint64_t seed) {
    (void)seed;
    call c = call_new(function_named("softmax_backward"), p->c.t, p->c.rows, p->c.n, 0, NULL);
    for (size_t vector = 0; vector < VECTORS; vector++) {
        for (size_t k = 0; k < p->c.rows; k++) {
            copy_row(&c.b[Y], k, &p->c.b[Y], k);
            copy_row(&c.b[DY], k, &p->c.b[DY], k * VECTORS + vector);
        }
        call_must_run(&c, &p->m.opt);
        for (size_t k = 0; k < p->c.rows; k++) {
            expect_rows(p->c.t, &c.b[DX], k, &p->c.b[DX], k * VECTORS + vector, 1);
        }
    }
    call_free(&c);
}

static void test_jacobian_product(void **state) {
    for_seeds(state, "softmax_jacobian_product", 0x3b00000, check_jacobian_product);
}

/* Where the scale's square is 1, the softmax of the logits, then what has its result for input. */
static call softmax_of(const problem *p) {
    call y = call_new(function_named("softmax"), p->c.t, p->c.rows, p->c.n, 0, NULL);
    for (size_t k = 0; k < p->c.rows; k++) {
        copy_row(&y.b[0], k, &p->c.b[0], k);
    }
    call_must_run(&y, &p->m.opt);
    return y;
}

static int unit_scale(const problem *p) {
    for (size_t k = 0; p->m.scale && k < p->c.rows; k++) {
        double scale = p->c.t->load(p->m.scale, k * p->m.opt.scale_stride);
        if (scale != 1 && scale != -1) {
            return 0;
        }
    }
    return 1;
}

static void check_hessian_product(problem *p, uint64_t seed) {
    (void)seed;
    if (!unit_scale(p)) {
        return;
    }
    call y = softmax_of(p), c = call_new(function_named("softmax_backward"), p->c.t, p->c.rows, p->c.n, 0, NULL);
    for (size_t k = 0; k < p->c.rows; k++) {
        copy_row(&c.b[Y], k, &y.b[1], k);
        copy_row(&c.b[DY], k, &p->c.b[1], k);
    }
    smx_options opt = p->m.opt;
    opt.scale = NULL;
    opt.scale_stride = 0;
    call_must_run(&c, &opt);
    expect_rows(p->c.t, &c.b[DX], 0, &p->c.b[2], 0, p->c.rows);
    call_free(&y), call_free(&c);
}

static void test_hessian_product(void **state) {
    for_seeds(state, "cross_entropy_hessian_product", 0x3c00000, check_hessian_product);
}

/* Row i of a Jacobian as the Hessian has it: with +0 for -0, and at the largest y as it is there, where it is made
 * another way and judged by MPFR elsewhere. Of a row of NaN, with 0 for masked places. */
static void as_hessian(const dtype *t, size_t n, const void *y, size_t i, void *jac, const void *hess) {
    double largest = 0;
    for (size_t j = 0; j < n; j++) {
        double yj = t->load(y, j);
        largest = yj > largest ? yj : largest;
        if (!isnan(t->load(jac, j))) {
            t->store(jac, j, t->load(jac, j) + 0);
        } else if (!isnan(t->load(y, i)) || !isnan(yj)) {
            t->store(jac, j, 0);
        }
    }
    if (t->load(y, i) == largest) {
        t->store(jac, i, t->load(hess, i));
    }
}

static void check_hessian(problem *p, uint64_t seed) {
    (void)seed;
    if (!unit_scale(p)) {
        return;
    }
    size_t n = p->c.n;
    call y = softmax_of(p);
    block jac = block_new(p->c.t->size, p->c.rows * n, n, n, 0);
    assert_ok(p->c.t->jacobian(p->c.rows, n, y.b[1].a, n, jac.a, n, n * n, NULL));
    for (size_t k = 0; k < p->c.rows * n; k++) {
        const void *row = at_const(p->c.t, y.b[1].a, k / n * n);
        as_hessian(p->c.t, n, row, k % n, block_element(&jac, k, 0), block_element(&p->c.b[1], k, 0));
    }
    expect_rows(p->c.t, &jac, 0, &p->c.b[1], 0, p->c.rows * n);
    block_free(&jac), call_free(&y);
}

static void test_hessian(void **state) { for_seeds(state, "cross_entropy_hessian", 0x3d00000, check_hessian); }

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_jvp),
        TEST_BOTH(test_double_backward),
        TEST_BOTH(test_jacobian_product),
        TEST_BOTH(test_hessian_product),
        TEST_BOTH(test_hessian),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
