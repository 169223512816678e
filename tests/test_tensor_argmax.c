/* Argmax over tensors: the places that the row function gives for packed data, whatever types, layouts, axis and
 * threads; and the type of the result. */
#include "common/check.h"
#include "common/isas.h"
#include "common/tensor_ops.h"

#include <stdlib.h>

static void check_one(const op_shape *s, uint64_t seed) {
    rng r = rng_seed(seed);
    element e = (element)rng_below(&r, ELEMENTS_FLOAT), real = e == F64 ? F64 : F32;
    int64_t shape[TENSOR_NDIM_MAX];
    int ndim = op_argument_shape(s, FORM_VALUE, shape);
    tensor x = tensor_new(e, s->ndim, s->shape, (int)rng_below(&r, LAYOUTS), &r);
    tensor places = tensor_new(I64, ndim, shape, (int)rng_below(&r, LAYOUTS), &r);
    void *packed = malloc(s->rows * s->n * 8 + 1);
    int64_t *wanted = malloc((s->rows + 1) * sizeof *wanted);
    assert_non_null(packed);
    assert_non_null(wanted);
    for (size_t k = 0; k < s->rows * s->n; k++) {
        size_t at = op_element(s, FORM_ROW, k / s->n, k % s->n);
        tensor_set(&x, at, (double)rng_below(&r, 20) - 10); /* some are equal */
        real_set(real, packed, k, tensor_get(&x, at));
    }
    label("argmax of %s on %s, %zu rows, n = %zu, axis %d, seed %#llx", element_names[e], smx_isa(), s->rows, s->n,
          s->axis, (unsigned long long)seed);
    smx_tensor_options opt = {.size = sizeof opt, .threads = 1 + (unsigned)rng_below(&r, 3)};
    assert_ok(real == F64 ? smx_argmax_f64(s->rows, s->n, packed, s->n, wanted, NULL)
                          : smx_argmax_f32(s->rows, s->n, packed, s->n, wanted, NULL));
    assert_ok(smx_argmax(tensor_dl(&x), s->axis, tensor_dl(&places), &opt));
    for (size_t k = 0; k < s->rows; k++) {
        assert_int_equal((int64_t)tensor_bits(&places, k), wanted[k]);
    }
    tensor_check_gaps(&places);
    tensor_free(&x), tensor_free(&places), free(packed), free(wanted);
}

static void test_places(void **state) {
    (void)state;
    static const struct {
        int ndim;
        int64_t shape[4];
    } shapes[] = {{1, {9}}, {2, {40, 7}}, {3, {3, 9, 40}}, {4, {2, 3, 4, 5}}, {2, {5, 0}}};
    uint64_t seed = 0x9300000;
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            for (int axis = 0; axis < shapes[k].ndim; axis++) {
                op_shape s = op_shape_of(shapes[k].ndim, shapes[k].shape, axis);
                for (int i = 0; i < 10; i++) {
                    check_one(&s, ++seed);
                }
            }
        }
    }
}

static void test_refusals(void **state) {
    (void)state;
    rng r = rng_seed(0x9400000);
    const int64_t shape[] = {4, 3}, rows[] = {4};
    tensor x = tensor_new(F32, 2, shape, LAYOUT_C, &r), narrow = tensor_new(I32, 1, rows, LAYOUT_C, &r);
    tensor places = tensor_new(I64, 1, rows, LAYOUT_C, &r), other = tensor_new(I64, 2, shape, LAYOUT_C, &r);
    for (size_t k = 0; k < tensor_elements(&x); k++) {
        tensor_set(&x, k, (double)k);
    }
    DLTensor sink = {.device = {kDLCPU, 0}, .dtype = element_type(F32)};
    float number = 1;
    sink.data = &number;
    smx_tensor_options opt = {.size = sizeof opt, .sink = &sink};
    label("argmax over tensors: refusals");
    assert_refused_for(SMX_ERROR_DTYPE, "argmax", smx_argmax(tensor_dl(&x), 1, tensor_dl(&narrow), NULL));
    assert_refused_for(SMX_ERROR_SHAPE, "argmax", smx_argmax(tensor_dl(&x), 1, tensor_dl(&other), NULL));
    assert_refused_for(SMX_ERROR_SHAPE, "argmax", smx_argmax(tensor_dl(&x), 0, tensor_dl(&places), NULL));
    assert_refused_for(SMX_ERROR_NULL, "argmax", smx_argmax(tensor_dl(&x), 1, NULL, NULL));
    assert_refused_for(SMX_ERROR_DTYPE, "x", smx_argmax(tensor_dl(&places), 0, tensor_dl(&places), NULL));
    assert_refused_for(SMX_ERROR_OPTION, "options.sink", smx_argmax(tensor_dl(&x), 1, tensor_dl(&places), &opt));
    assert_canary(places.memory, places.bytes);
    assert_ok(smx_argmax(tensor_dl(&x), -1, tensor_dl(&places), NULL));
    assert_int_equal((int64_t)tensor_bits(&places, 3), 2);
    tensor_free(&x), tensor_free(&narrow), tensor_free(&places), tensor_free(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_refusals)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
