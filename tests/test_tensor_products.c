/* The functions over tensors that have no row function of the same shape: Jacobian times vectors, the gradient of one
 * scale for all rows, and copies. */
#include "common/check.h"
#include "common/isas.h"
#include "common/tensor_ops.h"

#include <stdlib.h>
#include <string.h>

static void fill(tensor *t, double low, double high, rng *r) {
    for (size_t k = 0; k < tensor_elements(t); k++) {
        tensor_set(t, k, rng_uniform(r, low, high));
    }
}

static void expect_bits(const tensor *t, size_t k, uint64_t wanted) {
    if (wanted != tensor_bits(t, k)) {
        fail_msg("%s: element %zu: expected %llx, got %llx", label_text(), k, (unsigned long long)wanted,
                 (unsigned long long)tensor_bits(t, k));
    }
}

/* ---- Jacobian times vectors ---- */

/* The vectors' shape is that of y with a dimension more before the axis; scale and mask are y's. */
static void check_product(int ndim, const int64_t *shape, int axis, uint64_t seed) {
    rng r = rng_seed(seed);
    op_shape s = op_shape_of(ndim, shape, axis);
    int64_t counted[TENSOR_NDIM_MAX], rows_shape[TENSOR_NDIM_MAX], count = 1 + (int64_t)rng_below(&r, 4);
    int rows_ndim = op_argument_shape(&s, FORM_VALUE, rows_shape);
    for (int d = 0; d <= ndim; d++) {
        counted[d] = d < axis ? shape[d] : d == axis ? count : shape[d - 1];
    }
    element e[3], real = F32;
    for (int i = 0; i < 3; i++) {
        e[i] = (element)rng_below(&r, ELEMENTS_FLOAT);
        real = e[i] == F64 ? F64 : real;
    }
    tensor y = tensor_new(e[0], ndim, shape, (int)rng_below(&r, LAYOUTS), &r);
    tensor v = tensor_new(e[1], ndim + 1, counted, (int)rng_below(&r, LAYOUTS), &r);
    tensor out = tensor_new(e[2], ndim + 1, counted, (int)rng_below(&r, LAYOUTS), &r);
    tensor scale = tensor_new(F32, rows_ndim, rows_shape, (int)rng_below(&r, LAYOUTS), &r);
    tensor keep = tensor_new(U8, ndim, shape, (int)rng_below(&r, LAYOUTS), &r);
    fill(&y, 0, 1.5 / (double)s.n, &r), fill(&v, -2, 2, &r), fill(&scale, 0.5, 2, &r), fill(&keep, 0, 4, &r);
    smx_tensor_options opt = {.size = sizeof opt, .threads = 2, .scale = tensor_dl(&scale), .keep = tensor_dl(&keep)};
    label("Jacobian product, %d dimensions, axis %d, seed %#llx", ndim, axis, (unsigned long long)seed);
    assert_ok(smx_softmax_jacobian_product(tensor_dl(&y), axis - (int)rng_below(&r, 2) * ndim, tensor_dl(&v),
                                           tensor_dl(&out), &opt));
    double row[3][60];
    uint8_t mask[60];
    assert_in_range(s.n, 1, 60);
    for (size_t k = 0; k < s.rows * (size_t)count; k++) {
        /* Row k of v, as C order of its shape without the axis has them, is row `of_y` of y. */
        size_t before = k / s.after / (size_t)count, of_y = before * s.after + k % s.after, first = 0;
        for (size_t j = 0; j < s.n; j++) {
            size_t at = op_element(&s, FORM_ROW, of_y, j), of_v = (k / s.after * s.n + j) * s.after + k % s.after;
            first = j == 0 ? of_v : first;
            real_set(real, row[0], j, tensor_get(&y, at));
            real_set(real, row[1], j, tensor_get(&v, of_v));
            mask[j] = tensor_bits(&keep, at) != 0;
        }
        double scale_of_row;
        real_set(real, &scale_of_row, 0, tensor_get(&scale, of_y));
        smx_options one = {.size = sizeof one, .threads = 1, .scale = &scale_of_row, .keep = mask, .keep_ld = s.n};
        assert_ok(real == F64 ? smx_softmax_jvp_f64(1, s.n, row[0], s.n, row[1], s.n, row[2], s.n, &one)
                              : smx_softmax_jvp_f32(1, s.n, (float *)row[0], s.n, (float *)row[1], s.n, (float *)row[2],
                                                    s.n, &one));
        for (size_t j = 0; j < s.n; j++) {
            expect_bits(&out, first + j * s.after, element_rounded(e[2], real_get(real, row[2], j)));
        }
    }
    tensor *const all[] = {&y, &v, &out, &scale, &keep};
    for (size_t i = 0; i < 5; i++) {
        tensor_check_gaps(all[i]);
        tensor_free(all[i]);
    }
}

static void test_jacobian_product(void **state) {
    (void)state;
    static const struct {
        int ndim;
        int64_t shape[3];
    } shapes[] = {{1, {7}}, {2, {5, 9}}, {2, {60, 3}}, {3, {3, 11, 40}}};
    uint64_t seed = 0x88000000;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        for (int axis = 0; axis < shapes[k].ndim; axis++) {
            for (int variant = 0; variant < 30; variant++) {
                check_product(shapes[k].ndim, shapes[k].shape, axis, ++seed);
            }
        }
    }
}

/* ---- The gradient of one scale ---- */

static void test_scale_gradient(void **state) {
    (void)state;
    static const int64_t shape[] = {7, 30, 20};
    for (uint64_t seed = 0x89000000; seed < 0x89000080; seed++) {
        rng r = rng_seed(seed);
        op_shape s = op_shape_of(3, shape, (int)rng_below(&r, 3));
        element e[3], real = F32;
        for (int i = 0; i < 3; i++) {
            e[i] = (element)rng_below(&r, ELEMENTS_FLOAT);
            real = e[i] == F64 ? F64 : real;
        }
        tensor x = tensor_new(e[0], 3, shape, (int)rng_below(&r, LAYOUTS), &r);
        tensor dx = tensor_new(e[1], 3, shape, (int)rng_below(&r, LAYOUTS), &r);
        tensor dscale = tensor_new(e[2], 0, NULL, (int)rng_below(&r, LAYOUTS), &r);
        tensor scale = tensor_new(F32, 0, NULL, LAYOUT_C, &r);
        fill(&x, -3, 3, &r), fill(&dx, -1, 1, &r), tensor_set(&scale, 0, 0.7);
        smx_tensor_options opt = {.size = sizeof opt, .threads = 1 + (unsigned)rng_below(&r, 3)};
        smx_options one = {.size = sizeof one, .threads = 1};
        double scale_value, *packed = malloc(s.rows * s.n * 16), total;
        real_set(real, &scale_value, 0, tensor_get(&scale, 0));
        if (rng_below(&r, 2)) {
            opt.scale = tensor_dl(&scale), one.scale = &scale_value;
        }
        void *x_packed = packed, *dx_packed = packed + s.rows * s.n;
        for (size_t k = 0; k < s.rows * s.n; k++) {
            size_t at = op_element(&s, FORM_ROW, k / s.n, k % s.n);
            real_set(real, x_packed, k, tensor_get(&x, at));
            real_set(real, dx_packed, k, tensor_get(&dx, at));
        }
        label("gradient of one scale, axis %d, seed %#llx", s.axis, (unsigned long long)seed);
        assert_ok(real == F64
                      ? smx_scale_gradient_f64(s.rows, s.n, x_packed, s.n, dx_packed, s.n, &total, &one)
                      : smx_scale_gradient_f32(s.rows, s.n, x_packed, s.n, dx_packed, s.n, (float *)&total, &one));
        assert_ok(smx_scale_gradient(tensor_dl(&x), s.axis, tensor_dl(&dx), tensor_dl(&dscale), &opt));
        expect_bits(&dscale, 0, element_rounded(e[2], real_get(real, &total, 0)));
        tensor_check_gaps(&dscale);
        tensor_free(&x), tensor_free(&dx), tensor_free(&dscale), tensor_free(&scale), free(packed);
    }
}

/* ---- Copies ---- */

static void test_copy(void **state) {
    (void)state;
    static const int64_t shapes[][4] = {{2, 3, 4, 5}, {1, 70, 1, 40}, {100, 1, 65, 2}, {1, 1, 1, 1}, {3, 0, 2, 2}};
    uint64_t seed = 0x8a000000;
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            for (int ndim = 0; ndim <= 4; ndim++) {
                for (int variant = 0; variant < 40; variant++) {
                    rng r = rng_seed(++seed);
                    element from = (element)rng_below(&r, ELEMENTS_FLOAT), to = (element)rng_below(&r, ELEMENTS_FLOAT);
                    tensor src = tensor_new(from, ndim, shapes[k], (int)rng_below(&r, LAYOUTS), &r);
                    tensor dst = tensor_new(to, ndim, shapes[k], (int)rng_below(&r, LAYOUTS), &r);
                    for (size_t i = 0; i < tensor_elements(&src); i++) {
                        tensor_set_bits(&src, i, rng_next(&r));
                    }
                    smx_tensor_options opt = {.size = sizeof opt, .threads = 1 + (unsigned)rng_below(&r, 3)};
                    label("%s to %s, shape %zu, %d dimensions, seed %#llx", element_names[from], element_names[to], k,
                          ndim, (unsigned long long)seed);
                    assert_ok(smx_tensor_copy(tensor_dl(&src), tensor_dl(&dst), &opt));
                    for (size_t i = 0; i < tensor_elements(&src); i++) {
                        uint64_t bits = tensor_bits(&src, i);
                        expect_bits(&dst, i, from == to ? bits : element_rounded(to, element_value(from, bits)));
                    }
                    tensor_check_gaps(&src), tensor_check_gaps(&dst);
                    tensor_free(&src), tensor_free(&dst);
                }
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jacobian_product),
        cmocka_unit_test(test_scale_gradient),
        cmocka_unit_test(test_copy),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
