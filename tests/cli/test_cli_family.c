/* Each function of the family: the tool gives the bits of the library, along every axis, in both orders, and whether
 * the arrays are in memory whole or in tiles. */
#include "array.h"
#include "functions.h"
#include "tool.h"

#include <stdlib.h>
#include <string.h>

/* Row by row along the axis. The result of the tool is in out.npy. */
static void check_rows(const function *f, const dtype *t, const array *in, size_t axis, const smx_options *opt) {
    size_t n = in[0].shape[axis], rows = array_count(&in[0]) / n;
    array shape = f->one_a_row ? array_without_axis(&in[0], axis) : in[0];
    array out = {.t = t, .fortran = shape.fortran, .ndim = shape.ndim};
    memcpy(out.shape, shape.shape, sizeof out.shape);
    array_read(&out, "out.npy");
    void *row[INPUTS] = {elements(t, n), elements(t, n)};
    void *expected = elements(t, n), *actual = elements(t, n);
    for (size_t k = 0; k < rows; k++) {
        for (int i = 0; i < INPUTS && f->in[i] != NOTHING; i++) {
            if (f->in[i] == ONE_A_ROW)
                t->store_bits(row[i], 0, t->bits(in[i].data, array_row_start(&in[i], in[i].ndim, k)));
            else
                array_get_row(&in[i], axis, k, row[i]);
        }
        if (f->one_a_row)
            t->store_bits(actual, 0, t->bits(out.data, array_row_start(&out, out.ndim, k)));
        else
            array_get_row(&out, axis, k, actual);
        assert_ok(f->library(t, 1, n, row, expected, opt));
        assert_same_bits(t, expected, actual, f->one_a_row ? 1 : n);
    }
    free(row[0]);
    free(row[1]);
    free(expected);
    free(actual);
    free(out.data);
}

static void test_axes(void **state) {
    const dtype *t = *state;
    static const array shapes[] = {{.ndim = 1, .shape = {17}},
                                   {.ndim = 2, .shape = {7, 33}},
                                   {.ndim = 3, .shape = {4, 3, 5}},
                                   {.fortran = 1, .ndim = 3, .shape = {4, 3, 5}}};
    const smx_options opt = {.size = sizeof opt, .threads = 1};
    rng r = rng_seed(1);
    for (size_t i = 0; i < FUNCTIONS * sizeof shapes / sizeof *shapes; i++) {
        const function *f = &functions[i % FUNCTIONS];
        const array *shape = &shapes[i / FUNCTIONS];
        for (size_t axis = 0; axis < shape->ndim; axis++) {
            array in[INPUTS] = {{0}};
            make_inputs(f, t, shape, axis, in, &r);
            assert_success(shell("$SMX %s %s -o out.npy --axis %zu", f->command, inputs_of(f), axis));
            check_rows(f, t, in, axis, &opt);
            free_inputs(in);
        }
    }
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

/* Many rows, strips of columns, and rows longer than the memory that is allowed. */
static void test_memory(void **state) {
    const dtype *t = *state;
    static const array shapes[] = {{.ndim = 2, .shape = {600, 1000}}, {.ndim = 2, .shape = {3, 200000}}};
    rng r = rng_seed(3);
    for (size_t i = 0; i < FUNCTIONS * sizeof shapes / sizeof *shapes; i++) {
        const function *f = &functions[i % FUNCTIONS];
        for (size_t axis = 0; axis < 2; axis++) {
            array in[INPUTS] = {{0}};
            make_inputs(f, t, &shapes[i / FUNCTIONS], axis, in, &r);
            assert_success(shell("$SMX %s %s -o out.npy --axis %zu", f->command, inputs_of(f), axis));
            assert_success(
                shell("$SMX %s %s -o tiles.npy --axis %zu --memory 1 --threads 2", f->command, inputs_of(f), axis));
            assert_true(same_files("out.npy", "tiles.npy"));
            free_inputs(in);
        }
    }
}

/* ---- Those of another shape -------------------------------------------------------------------------------------- */

static void assert_file(const dtype *t, const char *path, array shape, const void *expected) {
    shape.t = t;
    array_read(&shape, path);
    assert_same_bits(t, expected, shape.data, array_count(&shape));
    free(shape.data);
}

static void test_weighted(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(5);
    const array shape = {.ndim = 2, .shape = {9, 31}}, rows = {.ndim = 1, .shape = {9}};
    array x = make(t, "x.npy", LOGITS, shape, &r), b = make(t, "b.npy", LOGITS, shape, &r);
    array one = make(t, "one.npy", LOGITS, (array){.ndim = 1, .shape = {31}}, &r);
    void *lse = elements(t, 9), *sign = elements(t, 9);
    assert_success(shell("$SMX logsumexp x.npy --weights b.npy -o lse.npy --sign sign.npy"));
    assert_ok(CALL(t, smx_logsumexp_weighted, 9, 31, x.data, 31, b.data, 31, lse, sign, NULL));
    assert_file(t, "lse.npy", rows, lse);
    assert_file(t, "sign.npy", rows, sign);
    assert_success(shell("$SMX logsumexp x.npy --weights one.npy --sign sign.npy"));
    assert_ok(CALL(t, smx_logsumexp_weighted, 9, 31, x.data, 31, one.data, 0, lse, sign, NULL));
    assert_file(t, "sign.npy", rows, sign);
    free(x.data);
    free(b.data);
    free(one.data);
    free(lse);
    free(sign);
}

static void test_jacobian_product(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(6);
    const array shape = {.ndim = 3, .shape = {2, 3, 20}}, vectors = {.ndim = 4, .shape = {2, 3, 5, 20}};
    array y = make(t, "y.npy", PROBABILITIES, shape, &r), v = make(t, "v.npy", LOGITS, vectors, &r);
    void *out = elements(t, array_count(&v));
    assert_success(shell("$SMX jacobian-product y.npy v.npy -o out.npy"));
    assert_ok(CALL(t, smx_softmax_jacobian_product, 6, 20, y.data, 20, 5, v.data, 20, out, 20, NULL));
    assert_file(t, "out.npy", vectors, out);
    free(y.data);
    free(v.data);
    free(out);
    const array long_shape = {.ndim = 2, .shape = {50, 900}}, long_vectors = {.ndim = 3, .shape = {50, 11, 900}};
    free(make(t, "y.npy", PROBABILITIES, long_shape, &r).data);
    free(make(t, "v.npy", LOGITS, long_vectors, &r).data);
    assert_success(shell("$SMX jacobian-product y.npy v.npy -o out.npy"));
    assert_success(shell("$SMX jacobian-product y.npy v.npy -o tiles.npy --memory 1"));
    assert_true(same_files("out.npy", "tiles.npy"));
}

static void test_double_backward(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(7);
    const array shape = {.ndim = 2, .shape = {400, 500}};
    array y = make(t, "y.npy", PROBABILITIES, shape, &r), dy = make(t, "dy.npy", LOGITS, shape, &r);
    array ddx = make(t, "ddx.npy", LOGITS, shape, &r);
    void *gy = elements(t, array_count(&y)), *gdy = elements(t, array_count(&y));
    assert_success(shell("$SMX double-backward y.npy dy.npy ddx.npy --grad-y gy.npy --grad-dy gdy.npy --memory 1"));
    assert_ok(CALL(t, smx_softmax_double_backward, 400, 500, y.data, 500, dy.data, 500, ddx.data, 500, gy, 500, gdy,
                   500, NULL));
    assert_file(t, "gy.npy", shape, gy);
    assert_file(t, "gdy.npy", shape, gdy);
    assert_success(shell("$SMX double-backward y.npy dy.npy ddx.npy --grad-dy gdy2.npy"));
    assert_true(same_files("gdy.npy", "gdy2.npy"));
    free(y.data);
    free(dy.data);
    free(ddx.data);
    free(gy);
    free(gdy);
}

static void test_hessian(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(8);
    const array shape = {.ndim = 3, .shape = {2, 3, 300}}, matrices = {.ndim = 4, .shape = {2, 3, 300, 300}};
    array x = make(t, "x.npy", LOGITS, shape, &r);
    void *hess = elements(t, array_count(&x) * 300), *scale = elements(t, 1);
    t->store(scale, 0, -0.5);
    const smx_options opt = {.size = sizeof opt, .scale = scale};
    assert_success(shell("$SMX hessian x.npy -o h.npy --scale -0.5"));
    assert_ok(CALL(t, smx_cross_entropy_hessian, 6, 300, x.data, 300, hess, 300, 90000, &opt));
    assert_file(t, "h.npy", matrices, hess);
    assert_success(shell("$SMX hessian x.npy -o tiles.npy --scale -0.5 --memory 1"));
    assert_true(same_files("h.npy", "tiles.npy"));
    free(x.data);
    free(hess);
    /* Rows in Fortran order; the matrices are in C order all the same. */
    array f = {.t = t, .fortran = 1, .ndim = 3, .shape = {2, 3, 7}};
    array_allocate(&f);
    array_fill_logits(&f, &r);
    array_write(&f, "x.npy", 1, 0);
    assert_success(shell("$SMX hessian x.npy -o h.npy --scale -0.5"));
    void *ordered = elements(t, 42);
    hess = elements(t, 42 * 7);
    for (size_t k = 0; k < 6; k++)
        array_get_row(&f, 2, k, at(t, ordered, k * 7));
    assert_ok(CALL(t, smx_cross_entropy_hessian, 6, 7, ordered, 7, hess, 7, 49, &opt));
    assert_file(t, "h.npy", (array){.ndim = 4, .shape = {2, 3, 7, 7}}, hess);
    free(f.data);
    free(ordered);
    free(hess);
    free(scale);
}

static void test_scale_gradient(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(9);
    const array shape = {.ndim = 2, .shape = {900, 400}}, rows = {.ndim = 1, .shape = {900}};
    array x = make(t, "x.npy", LOGITS, shape, &r), dx = make(t, "dx.npy", LOGITS, shape, &r);
    array scales = make(t, "scales.npy", PROBABILITIES, rows, &r);
    void *each = elements(t, 900), *all = elements(t, 1), *scale = elements(t, 1);
    t->store(scale, 0, 0.5);
    const smx_options one = {.size = sizeof one, .scale = scale};
    const smx_options one_a_row = {.size = sizeof one_a_row, .scale = scales.data, .scale_stride = 1};
    assert_success(shell("$SMX scale-gradient x.npy dx.npy -o all.npy --scale 0.5 --memory 1"));
    assert_ok(CALL(t, smx_scale_gradient, 900, 400, x.data, 400, dx.data, 400, all, &one));
    assert_file(t, "all.npy", (array){.ndim = 0}, all);
    assert_success(shell("$SMX scale-gradient x.npy dx.npy -o each.npy --scale-file scales.npy --memory 1"));
    assert_ok(CALL(t, smx_scale_gradient, 900, 400, x.data, 400, dx.data, 400, each, &one_a_row));
    assert_file(t, "each.npy", rows, each);
    free(x.data);
    free(dx.data);
    free(scales.data);
    free(each);
    free(all);
    free(scale);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_axes),
        TEST_BOTH(test_memory),
        TEST_BOTH(test_weighted),
        TEST_BOTH(test_jacobian_product),
        TEST_BOTH(test_double_backward),
        TEST_BOTH(test_hessian),
        TEST_BOTH(test_scale_gradient),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
