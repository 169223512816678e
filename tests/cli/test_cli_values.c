/* The tool's results have the bits of the library's functions, for every axis, order, dtype and shape, and whether an
 * array is in memory whole, in blocks, or a row in parts. */
#include "array.h"
#include "fill.h"
#include "tool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct shape {
    size_t ndim;
    size_t shape[ARRAY_DIMS];
} shape;

/* The rows are many and short here. */
static const smx_options one_thread = {.size = sizeof one_thread, .threads = 1};

static array make_array(const dtype *t, const shape *s, int fortran) {
    array a = {.t = t, .fortran = fortran, .ndim = s->ndim};
    memcpy(a.shape, s->shape, sizeof a.shape);
    array_allocate(&a);
    return a;
}

static size_t rows_along(const array *a, size_t axis) { return array_count(a) / a->shape[axis]; }

/* Each row of the output has the bits of the library's result for that row of the input. */
static void check_softmax(const array *x, const array *y, size_t axis, const smx_options *opt) {
    size_t n = x->shape[axis];
    if (array_count(x) == 0)
        return;
    void *row = elements(x->t, n), *expected = elements(x->t, n), *actual = elements(x->t, n);
    for (size_t k = 0; k < rows_along(x, axis); k++) {
        array_get_row(x, axis, k, row);
        array_get_row(y, axis, k, actual);
        assert_ok(x->t->softmax(1, n, row, n, expected, n, opt));
        assert_same_bits(x->t, expected, actual, n);
    }
    free(row);
    free(expected);
    free(actual);
}

static void check_backward(const array *y, const array *dy, const array *dx, size_t axis) {
    size_t n = y->shape[axis];
    if (array_count(y) == 0)
        return;
    void *row_y = elements(y->t, n), *row_dy = elements(y->t, n);
    void *expected = elements(y->t, n), *actual = elements(y->t, n);
    for (size_t k = 0; k < rows_along(y, axis); k++) {
        array_get_row(y, axis, k, row_y);
        array_get_row(dy, axis, k, row_dy);
        array_get_row(dx, axis, k, actual);
        assert_ok(y->t->backward(1, n, row_y, n, row_dy, n, expected, n, &one_thread));
        assert_same_bits(y->t, expected, actual, n);
    }
    free(row_y);
    free(row_dy);
    free(expected);
    free(actual);
}

static void check_jacobian(const array *y, const array *jac) {
    size_t axis = y->ndim - 1, n = y->shape[axis];
    if (array_count(y) == 0)
        return;
    void *row = elements(y->t, n), *expected = elements(y->t, n * n);
    for (size_t k = 0; k < rows_along(y, axis); k++) {
        array_get_row(y, axis, k, row);
        assert_ok(y->t->jacobian(1, n, row, n, expected, n, n * n, &one_thread));
        assert_same_bits(y->t, expected, at_const(jac->t, jac->data, k * n * n), n * n);
    }
    free(row);
    free(expected);
}

static void run_softmax(const array *x, long axis, const char *options, const smx_options *opt) {
    array y = *x;
    assert_success(shell("$SMX softmax x.npy -o softmax.npy --axis %ld %s", axis, options));
    array_read(&y, "softmax.npy");
    check_softmax(x, &y, (size_t)(axis < 0 ? axis + (long)x->ndim : axis), opt);
    free(y.data);
}

static void run_backward(const array *y, const array *dy, long axis, const char *options) {
    array dx = *y;
    assert_success(shell("$SMX backward y.npy dy.npy -o dx.npy --axis %ld %s", axis, options));
    array_read(&dx, "dx.npy");
    check_backward(y, dy, &dx, (size_t)(axis < 0 ? axis + (long)y->ndim : axis));
    free(dx.data);
}

static void run_jacobian(const array *y, const char *options) {
    array jac = {.t = y->t, .ndim = y->ndim + 1};
    memcpy(jac.shape, y->shape, sizeof jac.shape);
    jac.shape[y->ndim] = y->shape[y->ndim - 1];
    assert_success(shell("$SMX jacobian y.npy -o jac.npy %s", options));
    array_read(&jac, "jac.npy");
    check_jacobian(y, &jac);
    free(jac.data);
}

/* Every subcommand on one shape, along every axis. */
static void test_shape(const dtype *t, const shape *s, int fortran, const char *options, rng *r) {
    array x = make_array(t, s, fortran), y = make_array(t, s, fortran), dy = make_array(t, s, fortran);
    array_fill_logits(&x, r);
    array_fill_probabilities(&y, r);
    array_fill_logits(&dy, r);
    array_write(&x, "x.npy", 1, 0);
    array_write(&y, "y.npy", 1, 0);
    array_write(&dy, "dy.npy", 1, 0);
    for (size_t axis = 0; axis < s->ndim; axis++) {
        run_softmax(&x, (long)axis, options, &one_thread);
        run_backward(&y, &dy, (long)axis - (long)s->ndim, options);
    }
    free(x.data);
    free(y.data);
    free(dy.data);
}

static void test_shapes(void **state) {
    const dtype *t = *state;
    static const shape shapes[] = {{1, {1}},       {1, {17}},      {2, {3, 4}},       {2, {65, 33}},
                                   {3, {4, 3, 5}}, {3, {1, 7, 1}}, {1, {0}},          {2, {0, 3}},
                                   {2, {3, 0}},    {3, {2, 0, 3}}, {4, {2, 3, 4, 5}}, {5, {3, 1, 2, 1, 2}}};
    rng r = rng_seed(1);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        test_shape(t, &shapes[i], 0, "", &r);
        test_shape(t, &shapes[i], 1, "", &r);
    }
}

/* With a block of a MiB or less: whole rows in several blocks; columns in several strips; a row in parts, alone, with
 * others beside it, and both. */
static void test_blocks(void **state) {
    const dtype *t = *state;
    static const shape shapes[] = {{2, {300, 1000}}, {2, {100, 4000}}, {2, {400, 1500}},
                                   {1, {300000}},    {2, {2, 150000}}, {3, {2, 60000, 3}}};
    rng r = rng_seed(2);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        test_shape(t, &shapes[i], 0, "--memory 1", &r);
        test_shape(t, &shapes[i], 1, "--memory 1 --threads 2", &r);
    }
}

static void test_jacobian_shapes(void **state) {
    const dtype *t = *state;
    static const shape shapes[] = {{1, {1}},    {1, {17}},   {2, {3, 4}},       {2, {65, 33}},    {3, {4, 3, 5}},
                                   {2, {0, 3}}, {2, {3, 0}}, {4, {2, 3, 2, 5}}, {2, {100000, 1}}, {2, {3, 700}}};
    rng r = rng_seed(3);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (int fortran = 0; fortran < 2; fortran++) {
            array y = make_array(t, &shapes[i], fortran);
            array_fill_probabilities(&y, &r);
            array_write(&y, "y.npy", 1, 0);
            run_jacobian(&y, "");
            run_jacobian(&y, "--memory 1 --threads 2");
            free(y.data);
        }
    }
}

/* A number that is not finite spoils its own matrix and no other, however the matrix is cut. */
static void test_jacobian_not_finite(void **state) {
    const dtype *t = *state;
    const shape s = {2, {3, 600}};
    rng r = rng_seed(4);
    array y = make_array(t, &s, 0);
    array_fill_probabilities(&y, &r);
    t->store(y.data, 600 + 599, (double)INFINITY);
    array_write(&y, "y.npy", 1, 0);
    run_jacobian(&y, "");
    run_jacobian(&y, "--memory 1");
    free(y.data);
}

/* All kinds of numbers, and the policies for infinities, for whole rows and for rows in parts. */
static void test_special(void **state) {
    const dtype *t = *state;
    const shape s = {2, {FILL_X_KINDS + 1, 140000}};
    const smx_options opt = {
        .size = sizeof opt, .threads = 1, .plus_inf = SMX_PLUS_INF_LIMIT, .minus_inf_row = SMX_MINUS_INF_ROW_ZEROS};
    rng r = rng_seed(5);
    array x = make_array(t, &s, 0);
    for (size_t k = 0; k < FILL_X_KINDS; k++)
        fill_x(t, at(t, x.data, k * s.shape[1]), s.shape[1], k, &r);
    for (size_t i = 0; i < s.shape[1]; i++)
        t->store(x.data, FILL_X_KINDS * s.shape[1] + i, -(double)INFINITY);
    array_write(&x, "x.npy", 1, 0);
    run_softmax(&x, 1, "", &one_thread);
    run_softmax(&x, 1, "--memory 1 --plus-inf nan --minus-inf-row nan", &one_thread);
    run_softmax(&x, 1, "--plus-inf limit --minus-inf-row zeros", &opt);
    run_softmax(&x, 1, "--memory 1 --plus-inf limit --minus-inf-row zeros", &opt);
    free(x.data);
}

/* Many small terms beside a few large ones: their sum shows that a part of a row is rounded to the unit of the whole
 * row's length, as if it were not cut. */
static void test_length_of_row(void **state) {
    const dtype *t = *state;
    const shape s = {1, {300000}};
    rng r = rng_seed(9);
    array x = make_array(t, &s, 0), y = make_array(t, &s, 0), dy = make_array(t, &s, 0);
    for (size_t i = 0; i < s.shape[0]; i++) {
        t->store(x.data, i, i < 3 ? -0.3 * (double)i : rng_uniform(&r, -33, -31));
        t->store(y.data, i, i == 0 ? 1 : rng_uniform(&r, 0x1p-48, 0x1p-45));
        t->store(dy.data, i, 1);
    }
    array_write(&x, "x.npy", 1, 0);
    array_write(&y, "y.npy", 1, 0);
    array_write(&dy, "dy.npy", 1, 0);
    run_softmax(&x, 0, "--memory 1", &one_thread);
    run_backward(&y, &dy, 0, "--memory 1");
    free(x.data);
    free(y.data);
    free(dy.data);
}

/* Headers of the later versions, and numbers at odd addresses. */
static void test_headers(void **state) {
    const dtype *t = *state;
    const shape s = {3, {4, 3, 5}};
    rng r = rng_seed(6);
    array x = make_array(t, &s, 0);
    array_fill_probabilities(&x, &r);
    for (int version = 1; version <= 3; version++) {
        for (size_t extra = 0; extra < 10; extra += 3) {
            array_write(&x, "x.npy", version, extra);
            array_write(&x, "y.npy", version, extra);
            array_write(&x, "dy.npy", 4 - version, 9 - extra);
            run_softmax(&x, 1, "", &one_thread);
            run_softmax(&x, 2, "", &one_thread);
            run_backward(&x, &x, 1, "");
            run_backward(&x, &x, 2, "");
            run_jacobian(&x, "");
        }
    }
    free(x.data);
}

/* Against the formula itself, so that this does not rest on the library's own word alone. */
static void test_formula(void **state) {
    const dtype *t = *state;
    const shape s = {2, {20, 30}};
    rng r = rng_seed(7);
    array x = make_array(t, &s, 0), y = x;
    array_fill_logits(&x, &r);
    array_write(&x, "x.npy", 1, 0);
    assert_success(shell("$SMX softmax x.npy -o y.npy --axis 0"));
    array_read(&y, "y.npy");
    for (size_t column = 0; column < 30; column++) {
        long double sum = 0;
        for (size_t i = 0; i < 20; i++)
            sum += expl((long double)t->load(x.data, i * 30 + column));
        for (size_t i = 0; i < 20; i++) {
            long double exact = expl((long double)t->load(x.data, i * 30 + column)) / sum;
            long double error = fabsl((long double)t->load(y.data, i * 30 + column) - exact);
            assert_true(error <= 3 * (long double)t->epsilon * exact);
        }
    }
    free(x.data);
    free(y.data);
}

static void test_threads(void **state) {
    (void)state;
    const shape s = {2, {300, 1000}};
    rng r = rng_seed(8);
    array x = make_array(&dtype_f32, &s, 0);
    array_fill_logits(&x, &r);
    array_write(&x, "x.npy", 1, 0);
    assert_success(shell("$SMX softmax x.npy -o y1.npy --threads 1"));
    for (int threads = 2; threads < 5; threads++) {
        assert_success(shell("$SMX softmax x.npy -o y.npy -t %d", threads));
        assert_true(same_files("y1.npy", "y.npy"));
    }
    free(x.data);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_shapes),          TEST_BOTH(test_blocks),
        TEST_BOTH(test_jacobian_shapes), TEST_BOTH(test_jacobian_not_finite),
        TEST_BOTH(test_special),         TEST_BOTH(test_headers),
        TEST_BOTH(test_length_of_row),   TEST_BOTH(test_formula),
        cmocka_unit_test(test_threads),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
