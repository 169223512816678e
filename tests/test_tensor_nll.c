/* Negative log-likelihood over tensors: what the row function gives for packed data, whatever types, layouts, axis and
 * threads; and what is refused. */
#include "common/check.h"
#include "common/isas.h"
#include "common/tensor_ops.h"

#include <stdlib.h>

static void check_one(const op_shape *s, uint64_t seed) {
    rng r = rng_seed(seed);
    element e = (element)rng_below(&r, F64), of_labels = rng_below(&r, 2) ? U8 : I16;
    int64_t shape[TENSOR_NDIM_MAX];
    int ndim = op_argument_shape(s, FORM_VALUE, shape);
    tensor x = tensor_new(e, s->ndim, s->shape, (int)rng_below(&r, LAYOUTS), &r);
    tensor dx = tensor_new(F32, s->ndim, s->shape, (int)rng_below(&r, LAYOUTS), &r);
    tensor labels = tensor_new(of_labels, ndim, shape, (int)rng_below(&r, LAYOUTS), &r);
    tensor loss = tensor_new(e, ndim, shape, (int)rng_below(&r, LAYOUTS), &r);
    float *packed = calloc(2 * s->rows * s->n + s->rows, sizeof *packed), mean = 0, mean_of_tensors = 1;
    int64_t *packed_labels = calloc(s->rows, sizeof *packed_labels);
    assert_non_null(packed);
    assert_non_null(packed_labels);
    float *packed_dx = packed + s->rows * s->n, *packed_loss = packed_dx + s->rows * s->n;
    for (size_t k = 0; k < s->rows * s->n; k++) {
        size_t at = op_element(s, FORM_ROW, k / s->n, k % s->n);
        tensor_set(&x, at, -rng_uniform(&r, 0, 9));
        packed[k] = (float)tensor_get(&x, at);
    }
    for (size_t k = 0; k < s->rows; k++) {
        packed_labels[k] = rng_below(&r, 4) ? (int64_t)rng_below(&r, s->n) : 255;
        tensor_set(&labels, k, (double)packed_labels[k]);
    }
    label("nll of %s on %s, %zu rows, n = %zu, axis %d, seed %#llx", element_names[e], smx_isa(), s->rows, s->n,
          s->axis, (unsigned long long)seed);
    smx_cross_entropy_args_f32 of_rows = {.size = sizeof of_rows, .labels_i64 = packed_labels, .use_ignore_index = 1};
    of_rows.ignore_index = 255, of_rows.reduction = SMX_REDUCTION_MEAN, of_rows.reduced = &mean;
    of_rows.loss = packed_loss, of_rows.dx = packed_dx, of_rows.lddx = s->n;
    assert_ok(smx_nll_f32(s->rows, s->n, packed, s->n, &of_rows, NULL));
    DLTensor reduced = {.data = &mean_of_tensors, .device = {kDLCPU, 0}, .dtype = element_type(F32)};
    smx_tensor_cross_entropy_args ce = {.size = sizeof ce, .labels = tensor_dl(&labels), .use_ignore_index = 1};
    ce.ignore_index = 255, ce.reduction = SMX_REDUCTION_MEAN, ce.reduced = &reduced;
    ce.loss = tensor_dl(&loss), ce.dx = tensor_dl(&dx);
    smx_tensor_options opt = {.size = sizeof opt, .threads = 1 + (unsigned)rng_below(&r, 3)};
    assert_ok(smx_nll(tensor_dl(&x), s->axis, &ce, &opt));
    assert_memory_equal(&mean, &mean_of_tensors, sizeof mean);
    for (size_t k = 0; k < s->rows; k++) {
        assert_int_equal(tensor_bits(&loss, k), element_rounded(e, (double)packed_loss[k]));
    }
    for (size_t k = 0; k < s->rows * s->n; k++) {
        size_t at = op_element(s, FORM_ROW, k / s->n, k % s->n);
        assert_int_equal(tensor_bits(&dx, at), element_rounded(F32, (double)packed_dx[k]));
    }
    tensor_check_gaps(&dx), tensor_check_gaps(&loss);
    tensor_free(&x), tensor_free(&dx), tensor_free(&labels), tensor_free(&loss), free(packed), free(packed_labels);
}

static void test_results(void **state) {
    (void)state;
    static const struct {
        int ndim;
        int64_t shape[4];
    } shapes[] = {{1, {9}}, {2, {40, 7}}, {3, {3, 9, 40}}, {4, {2, 3, 4, 5}}};
    uint64_t seed = 0x9600000;
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
    float numbers[6] = {-1, -2, -3, -1, -1, -1}, out[6], one = 1;
    uint8_t classes[2] = {0, 3};
    int64_t shape[] = {2, 3};
    DLTensor x = {numbers, {kDLCPU, 0}, 2, element_type(F32), shape, NULL, 0},
             loss = {out, {kDLCPU, 0}, 1, element_type(F32), shape, NULL, 0},
             labels = {classes, {kDLCPU, 0}, 1, element_type(U8), shape, NULL, 0};
    DLTensor scale = {.data = &one, .device = {kDLCPU, 0}, .dtype = element_type(F32)};
    smx_tensor_cross_entropy_args sound = {.size = sizeof sound, .labels = &labels, .loss = &loss}, ce = sound;
    smx_tensor_options opt = {.size = sizeof opt, .scale = &scale};
    size_t bad_row = 7;
    label("nll over tensors: refusals");
    fill_canary(out, sizeof out);
    assert_refused_for(SMX_ERROR_NULL, "ce", smx_nll(&x, 1, NULL, NULL));
    ce.bad_row = &bad_row;
    assert_refused_for(SMX_ERROR_LABEL, "labels", smx_nll(&x, 1, &ce, NULL));
    assert_int_equal(bad_row, 1);
    classes[1] = 2;
    assert_refused_for(SMX_ERROR_OPTION, "options.scale", smx_nll(&x, 1, &sound, &opt));
    ce = sound, ce.smoothing = 0.5;
    assert_refused_for(SMX_ERROR_OPTION, "smoothing", smx_nll(&x, 1, &ce, NULL));
    ce = sound, ce.lse = &loss, ce.loss = NULL;
    assert_refused_for(SMX_ERROR_OPTION, "lse", smx_nll(&x, 1, &ce, NULL));
    ce = sound, ce.labels = NULL, ce.targets = &x;
    assert_refused_for(SMX_ERROR_OPTION, "targets", smx_nll(&x, 1, &ce, NULL));
    assert_canary(out, sizeof out);
    assert_ok(smx_nll(&x, 1, &sound, NULL));
    assert_true(out[0] == 1 && out[1] == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_results), cmocka_unit_test(test_refusals)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
