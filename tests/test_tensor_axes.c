/* Rows over several axes, all or none: which layouts take no copy, rows that go through scratch memory in many groups,
 * functions that have no row function of the same shape, tensors without dimensions, and what is refused. (test_tensor
 * and its sisters compare every function over every set of axes with the row functions.) */
#include "common/check.h"
#include "common/isas.h"
#include "common/tensor_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Allocations of the library: linked with -Wl,--wrap=aligned_alloc. */
static int allocations;
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    allocations++;
    return __real_aligned_alloc(alignment, bytes);
}

static void fill(tensor *t, rng *r) {
    for (size_t k = 0; k < tensor_elements(t); k++) {
        tensor_set(t, k, rng_normal(r));
    }
}

static DLTensor array_f32(float *data, int ndim, int64_t *shape, int64_t *strides) {
    DLTensor t = {data, {kDLCPU, 0}, ndim, element_type(F32), shape, strides, 0};
    return t;
}

static smx_tensor_options over(const int *axes, int count) {
    smx_tensor_options opt = {.size = sizeof opt, .threads = 1, .axes = axes, .axes_count = count};
    return opt;
}

/* ---- Where no copy is made ---- */

enum { PLANES = 3, HEIGHT = 40, WIDTH = 50, ALL = PLANES * HEIGHT * WIDTH };
static float x[ALL + PLANES * HEIGHT], y[ALL], expected[ALL];

/* Softmax over some axes of x, with these strides, as `planes` rows of memory. */
static void check_no_copy(const char *what, int64_t *strides, int axis, const smx_tensor_options *opt, size_t planes) {
    int64_t shape[] = {PLANES, HEIGHT, WIDTH}, flat_shape[] = {(int64_t)planes, ALL / (int64_t)planes};
    DLTensor in = array_f32(x, 3, shape, strides), out = array_f32(y, 3, shape, strides);
    DLTensor flat_in = array_f32(x, 2, flat_shape, NULL), flat_out = array_f32(expected, 2, flat_shape, NULL);
    label("%s", what);
    assert_ok(smx_softmax(&flat_in, 1, &flat_out, NULL));
    allocations = 0;
    assert_ok(smx_softmax(&in, axis, &out, opt));
    assert_int_equal(allocations, 0);
    assert_memory_equal(y, expected, sizeof y);
}

static void test_no_copy(void **state) {
    (void)state;
    rng r = rng_seed(0x9a000000);
    for (size_t k = 0; k < sizeof x / sizeof *x; k++) {
        x[k] = (float)rng_normal(&r);
    }
    static const int inner[] = {1, -1}, all[] = {2, 0, 1};
    const smx_tensor_options images = over(inner, 2), everything = over(all, 3);
    check_no_copy("the last two axes", NULL, SMX_AXES, &images, PLANES);
    check_no_copy("all axes", NULL, SMX_AXIS_ALL, NULL, 1);
    check_no_copy("all axes, listed", NULL, SMX_AXES, &everything, 1);
    int64_t columns[] = {1, PLANES, PLANES * HEIGHT}, transposed[] = {HEIGHT * WIDTH, 1, HEIGHT};
    check_no_copy("all axes, the first one fastest", columns, SMX_AXIS_ALL, NULL, 1);
    check_no_copy("the last two axes, transposed", transposed, SMX_AXES, &images, PLANES);
    /* Channels last: rows lie side by side. */
    int64_t shape[] = {PLANES, HEIGHT, WIDTH};
    DLTensor in = array_f32(x, 3, shape, columns), out = array_f32(y, 3, shape, NULL), in_place = in;
    label("the last two axes, the first one fastest");
    allocations = 0;
    assert_ok(smx_softmax(&in, SMX_AXES, &out, &images));
    assert_int_equal(allocations, 1);
    assert_ok(smx_softmax(&in_place, SMX_AXES, &in_place, &images));
    for (size_t p = 0; p < PLANES; p++) {
        for (size_t k = 0; k < HEIGHT * WIDTH; k++) {
            size_t row = k % WIDTH * HEIGHT + k / WIDTH;
            assert_memory_equal(&x[p + row * PLANES], &y[p * HEIGHT * WIDTH + k], sizeof *x);
        }
    }
    /* A gap after each line, so that the rows are scattered. */
    int64_t gaps[] = {HEIGHT * (WIDTH + 1), WIDTH + 1, 1};
    in.strides = gaps;
    label("the last two axes, with gaps");
    allocations = 0;
    assert_ok(smx_softmax(&in, SMX_AXES, &out, &images));
    assert_int_equal(allocations, 1);
}

/* ---- Many groups, many threads ---- */

static void expect_same(const tensor *got, const tensor *wanted) {
    for (size_t k = 0; k < tensor_elements(wanted); k++) {
        if (tensor_bits(got, k) != tensor_bits(wanted, k)) {
            fail_msg("%s: element %zu differs", label_text(), k);
        }
    }
    tensor_check_gaps(got);
}

/* Large tensors of any layout against rows of the same elements in C order, with a mask, a scale and sinks that
 * broadcast. */
static void check_large(element e, int layout, unsigned threads, uint64_t seed) {
    rng r = rng_seed(seed);
    static const int64_t shape[] = {2, 30, 25, 40}, flat_shape[] = {50, 1200}, row_shape[] = {2, 25};
    static const int64_t add_shape[] = {30, 1, 40}, scale_shape[] = {25, 1}, flat_scale_shape[] = {50};
    static const int axes[] = {3, 1};
    tensor in = tensor_new(e, 4, shape, layout, &r), out = tensor_new(e, 4, shape, layout, &r);
    tensor add = tensor_new(F32, 3, add_shape, layout, &r), scale = tensor_new(e, 2, scale_shape, layout, &r);
    tensor lse = tensor_new(e, 2, row_shape, layout, &r);
    tensor flat = tensor_new(e, 2, flat_shape, LAYOUT_C, &r), wanted = tensor_new(e, 2, flat_shape, LAYOUT_C, &r);
    tensor flat_add = tensor_new(F32, 1, &flat_shape[1], LAYOUT_C, &r);
    tensor flat_scale = tensor_new(e, 1, flat_scale_shape, LAYOUT_C, &r);
    tensor flat_lse = tensor_new(e, 1, flat_scale_shape, LAYOUT_C, &r);
    fill(&in, &r), fill(&add, &r);
    op_shape s = op_shape_over(4, shape, 1u << 1 | 1u << 3, 0);
    for (size_t k = 0; k < 50; k++) {
        tensor_set(&scale, k % 25, 0.5 + (double)(k % 25) / 16);
        tensor_set(&flat_scale, k, 0.5 + (double)(k % 25) / 16);
        for (size_t i = 0; i < 1200; i++) {
            tensor_set_bits(&flat, k * 1200 + i, tensor_bits(&in, op_element(&s, FORM_ROW, k, i)));
            tensor_set_bits(&flat_add, i, tensor_bits(&add, i));
        }
    }
    smx_tensor_options opt = over(axes, 2), flat_opt = {.size = sizeof flat_opt, .threads = 1};
    opt.threads = threads, opt.add = tensor_dl(&add), opt.scale = tensor_dl(&scale), opt.keepdims = 1;
    flat_opt.add = tensor_dl(&flat_add), flat_opt.scale = tensor_dl(&flat_scale);
    opt.sink = opt.scale, flat_opt.sink = flat_opt.scale;
    opt.softcap = flat_opt.softcap = 2;
    label("%s, layout %d, %u threads on %s", element_names[e], layout, threads, smx_isa());
    assert_ok(smx_softmax(tensor_dl(&flat), 1, tensor_dl(&wanted), &flat_opt));
    assert_ok(smx_logsumexp(tensor_dl(&flat), 1, tensor_dl(&flat_lse), &flat_opt));
    int64_t lse_kept[] = {2, 1, 25, 1}, lse_strides[] = {lse.strides[0], 0, lse.strides[1], 0};
    DLTensor kept = *tensor_dl(&lse);
    kept.ndim = 4, kept.shape = lse_kept, kept.strides = lse_strides;
    assert_ok(smx_softmax(tensor_dl(&in), SMX_AXES, tensor_dl(&out), &opt));
    assert_ok(smx_logsumexp(tensor_dl(&in), SMX_AXES, &kept, &opt));
    expect_same(&lse, &flat_lse);
    for (size_t k = 0; k < 50; k++) {
        for (size_t i = 0; i < 1200; i++) {
            assert_true(tensor_bits(&out, op_element(&s, FORM_ROW, k, i)) == tensor_bits(&wanted, k * 1200 + i));
        }
    }
    tensor_check_gaps(&out);
    tensor *const every[] = {&in, &out, &add, &scale, &lse, &flat, &wanted, &flat_add, &flat_scale, &flat_lse};
    for (size_t i = 0; i < sizeof every / sizeof *every; i++) {
        tensor_free(every[i]);
    }
}

static void test_large(void **state) {
    (void)state;
    uint64_t seed = 0x9a100000;
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (element e = F16; e <= F64; e++) {
            for (int layout = 0; layout < LAYOUTS; layout += 3) {
                check_large(e, layout, 1 + (unsigned)layout % 4, ++seed);
            }
        }
    }
    assert_ok(smx_isa_set(NULL));
}

/* ---- Functions that have no row function of the same shape ---- */

/* A vector for each index of a dimension right before the first axis, or at the end if there is none. */
static void check_product(const int *axes, int count, const int64_t *v_shape, size_t at, uint64_t seed) {
    rng r = rng_seed(seed);
    static const int64_t shape[] = {3, 4, 5, 6};
    unsigned set = 0;
    for (int i = 0; i < count; i++) {
        set |= 1u << axes[i];
    }
    op_shape s = op_shape_over(4, shape, set, 0), of_v = op_shape_over(5, v_shape, set << 1, 0);
    tensor probabilities = tensor_new(F32, 4, shape, (int)rng_below(&r, LAYOUTS), &r);
    tensor v = tensor_new(F32, 5, v_shape, (int)rng_below(&r, LAYOUTS), &r);
    tensor out = tensor_new(F32, 5, v_shape, (int)rng_below(&r, LAYOUTS), &r);
    fill(&probabilities, &r), fill(&v, &r);
    smx_tensor_options opt = over(axes, count);
    label("Jacobian product over %d axes, seed %#llx", count, (unsigned long long)seed);
    assert_ok(smx_softmax_jacobian_product(tensor_dl(&probabilities), SMX_AXES, tensor_dl(&v), tensor_dl(&out), &opt));
    float row[3][360];
    for (size_t k = 0; k < of_v.rows; k++) {
        /* Row k of v in C order, without the index of the vector, is row `of_y` of y. */
        size_t after = 1, vectors = (size_t)v_shape[at];
        for (size_t d = at + 1; d < 5; d++) {
            after *= of_v.axes >> d & 1 ? 1 : (size_t)v_shape[d];
        }
        size_t of_y = k / after / vectors * after + k % after;
        for (size_t i = 0; i < s.n; i++) {
            row[0][i] = (float)tensor_get(&probabilities, op_element(&s, FORM_ROW, of_y, i));
            row[1][i] = (float)tensor_get(&v, op_element(&of_v, FORM_ROW, k, i));
        }
        assert_ok(smx_softmax_jvp_f32(1, s.n, row[0], s.n, row[1], s.n, row[2], s.n, NULL));
        for (size_t i = 0; i < s.n; i++) {
            float got = (float)tensor_get(&out, op_element(&of_v, FORM_ROW, k, i));
            assert_memory_equal(&got, &row[2][i], sizeof got);
        }
    }
    tensor_check_gaps(&out);
    tensor_free(&probabilities), tensor_free(&v), tensor_free(&out);
}

static void test_products(void **state) {
    (void)state;
    static const int64_t first[] = {2, 3, 4, 5, 6}, second[] = {3, 2, 4, 5, 6}, last[] = {3, 4, 5, 6, 2};
    for (uint64_t seed = 0x9a200000; seed < 0x9a200010; seed++) {
        check_product((const int[]){3, 1}, 2, second, 1, seed);
        check_product((const int[]){1, 2, 3}, 3, second, 1, seed);
        check_product((const int[]){0, 2}, 2, first, 0, seed);
        check_product((const int[]){0, 1, 2, 3}, 4, first, 0, seed);
        check_product((const int[]){0}, 0, last, 4, seed);
    }
}

/* Places count in C order, whatever the layout. */
static void test_argmax(void **state) {
    (void)state;
    static const int64_t shape[] = {3, 4, 5};
    for (uint64_t seed = 0x9a280000; seed < 0x9a280020; seed++) {
        rng r = rng_seed(seed);
        tensor in = tensor_new(F32, 3, shape, (int)rng_below(&r, LAYOUTS), &r);
        size_t wanted = rng_below(&r, 60);
        fill(&in, &r);
        tensor_set(&in, wanted, 100), tensor_set(&in, wanted + rng_below(&r, 60 - wanted), 100);
        int64_t place = -1;
        DLTensor out = {&place, {kDLCPU, 0}, 0, element_type(I64), NULL, NULL, 0};
        label("argmax, seed %#llx", (unsigned long long)seed);
        assert_ok(smx_argmax(tensor_dl(&in), SMX_AXIS_ALL, &out, NULL));
        assert_int_equal(place, wanted);
        tensor_free(&in);
    }
}

static void test_scale_gradient(void **state) {
    (void)state;
    for (uint64_t seed = 0x9a300000; seed < 0x9a300010; seed++) {
        rng r = rng_seed(seed);
        static const int64_t shape[] = {3, 40, 50}, flat_shape[] = {40, 150};
        static const int axes[] = {0, 2};
        tensor logits = tensor_new(F32, 3, shape, (int)rng_below(&r, LAYOUTS), &r);
        tensor dx = tensor_new(F32, 3, shape, (int)rng_below(&r, LAYOUTS), &r);
        fill(&logits, &r), fill(&dx, &r);
        op_shape s = op_shape_over(3, shape, 1u << 0 | 1u << 2, 0);
        tensor flat = tensor_new(F32, 2, flat_shape, LAYOUT_C, &r),
               flat_dx = tensor_new(F32, 2, flat_shape, LAYOUT_C, &r);
        for (size_t k = 0; k < s.rows * s.n; k++) {
            size_t from = op_element(&s, FORM_ROW, k / s.n, k % s.n);
            tensor_set_bits(&flat, k, tensor_bits(&logits, from));
            tensor_set_bits(&flat_dx, k, tensor_bits(&dx, from));
        }
        float got = 0, wanted = 1;
        DLTensor total = array_f32(&got, 0, NULL, NULL), flat_total = array_f32(&wanted, 0, NULL, NULL);
        smx_tensor_options opt = over(axes, 2);
        opt.threads = 1 + (unsigned)rng_below(&r, 3);
        float value = 0.75f;
        DLTensor scale = array_f32(&value, 0, NULL, NULL);
        smx_tensor_options flat_opt = {.size = sizeof flat_opt, .scale = &scale};
        opt.use_scale_value = 1, opt.scale_value = value;
        label("gradient of one scale, seed %#llx", (unsigned long long)seed);
        assert_ok(smx_scale_gradient(tensor_dl(&flat), 1, tensor_dl(&flat_dx), &flat_total, &flat_opt));
        assert_ok(smx_scale_gradient(tensor_dl(&logits), SMX_AXES, tensor_dl(&dx), &total, &opt));
        assert_memory_equal(&got, &wanted, sizeof got);
        tensor_free(&logits), tensor_free(&dx), tensor_free(&flat), tensor_free(&flat_dx);
    }
}

/* ---- No dimensions, no axes, no elements ---- */

static void test_no_dimensions(void **state) {
    (void)state;
    float value = 3, out = 0, copy = 0;
    int64_t label_of_value = 0, place = 7;
    DLTensor in = array_f32(&value, 0, NULL, NULL), result = array_f32(&out, 0, NULL, NULL);
    DLTensor labels = {&label_of_value, {kDLCPU, 0}, 0, element_type(I64), NULL, NULL, 0}, argmax = labels;
    argmax.data = &place;
    static const int none[] = {0}, axes[] = {0, -1, SMX_AXIS_ALL, SMX_AXES};
    for (size_t k = 0; k < 4; k++) {
        label("no dimensions, axis %d", axes[k]);
        smx_tensor_options opt = over(axes[k] == SMX_AXES ? none : NULL, 0);
        opt.keepdims = k % 2 != 0;
        assert_ok(smx_softmax(&in, axes[k], &result, &opt));
        assert_true(out == 1);
        assert_ok(smx_log_softmax(&in, axes[k], &result, &opt));
        assert_true(out == 0);
        assert_ok(smx_logsumexp(&in, axes[k], &result, &opt));
        assert_true(out == 3);
        smx_tensor_cross_entropy_args ce = {.size = sizeof ce, .labels = &labels, .loss = &result, .argmax = &argmax};
        assert_ok(smx_cross_entropy(&in, axes[k], &ce, &opt));
        assert_true(out == 0 && place == 0);
        out = 5, place = 7;
    }
    result.data = &copy;
    assert_ok(smx_tensor_copy(&in, &result, NULL));
    assert_true(copy == 3);
    label("no dimensions");
    assert_refused_for(SMX_ERROR_SHAPE, "axis", smx_softmax(&in, 1, &result, NULL));
    assert_refused_for(SMX_ERROR_SHAPE, "axis", smx_softmax(&in, -2, &result, NULL));
    int64_t one = 1;
    DLTensor vector = array_f32(&out, 1, &one, NULL);
    assert_refused_for(SMX_ERROR_SHAPE, "y", smx_softmax(&in, 0, &vector, NULL));
}

/* The sum of nothing for each row without entries; of no rows, nothing. */
static void test_empty(void **state) {
    (void)state;
    static const struct {
        int64_t shape[3];
        int axes[2];
        int rows;
    } cases[] = {{{2, 0, 3}, {0, 1}, 3},
                 {{2, 0, 3}, {0, 2}, 0},
                 {{0, 2, 0}, {0, 2}, 2},
                 {{0, 4, 5}, {1, 2}, 0},
                 {{(int64_t)1 << 40, 2, 0}, {0, 2}, 2}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int64_t shape[3], row_shape[1] = {cases[k].shape[3 - cases[k].axes[0] - cases[k].axes[1]]};
        float lse[3] = {1, 1, 1}, addend[12] = {0};
        memcpy(shape, cases[k].shape, sizeof shape);
        DLTensor in = array_f32(NULL, 3, shape, NULL), out = array_f32(lse, 1, row_shape, NULL);
        int64_t add_shape[] = {1, 3}, gaps[] = {4, 1};
        DLTensor add = array_f32(addend, 2, add_shape, gaps);
        smx_tensor_options opt = over(cases[k].axes, 2);
        opt.add = shape[2] == 3 ? &add : NULL;
        label("shape %zu", k);
        assert_ok(smx_softmax(&in, SMX_AXES, &in, &opt));
        assert_ok(smx_logsumexp(&in, SMX_AXES, &out, &opt));
        for (int i = 0; i < 3; i++) {
            assert_true(i < cases[k].rows ? lse[i] == -INFINITY : lse[i] == 1);
        }
    }
}

/* ---- What is refused ---- */

static void test_refused(void **state) {
    (void)state;
    float a[24] = {0}, b[24], lse[24];
    int64_t shape[] = {2, 3, 4}, row_shape[] = {2}, kept_shape[] = {2, 1, 1}, wrong_shape[] = {2, 1, 4};
    DLTensor in = array_f32(a, 3, shape, NULL), out = array_f32(b, 3, shape, NULL);
    DLTensor rows = array_f32(lse, 1, row_shape, NULL), kept = array_f32(lse, 3, kept_shape, NULL);
    DLTensor wrong = array_f32(lse, 3, wrong_shape, NULL);
    static const int last_two[] = {1, 2}, twice[] = {1, 2, -2}, far[] = {1, 3}, one[] = {2};
    smx_tensor_options opt = {.size = sizeof opt};
    label("axes");
    assert_refused_for(SMX_ERROR_OPTION, "options.axes", smx_softmax(&in, SMX_AXES, &out, NULL));
    assert_refused_for(SMX_ERROR_OPTION, "options.axes", smx_softmax(&in, SMX_AXES, &out, &opt));
    opt = over(last_two, 2);
    assert_refused_for(SMX_ERROR_OPTION, "options.axes", smx_softmax(&in, 0, &out, &opt));
    assert_refused_for(SMX_ERROR_OPTION, "options.axes", smx_softmax(&in, SMX_AXIS_ALL, &out, &opt));
    assert_ok(smx_softmax(&in, SMX_AXES, &out, &opt));
    opt = over(last_two, -1);
    assert_refused_for(SMX_ERROR_OPTION, "options.axes_count", smx_softmax(&in, SMX_AXES, &out, &opt));
    opt = over(NULL, 2);
    assert_refused_for(SMX_ERROR_OPTION, "options.axes_count", smx_softmax(&in, 0, &out, &opt));
    opt = over(twice, 3);
    assert_refused_for(SMX_ERROR_OPTION, "options.axes", smx_softmax(&in, SMX_AXES, &out, &opt));
    opt = over(far, 2);
    assert_refused_for(SMX_ERROR_SHAPE, "options.axes", smx_softmax(&in, SMX_AXES, &out, &opt));
    label("keepdims");
    opt = over(last_two, 2), opt.keepdims = 2;
    assert_refused_for(SMX_ERROR_OPTION, "options.keepdims", smx_logsumexp(&in, SMX_AXES, &rows, &opt));
    opt.keepdims = 1;
    assert_refused_for(SMX_ERROR_SHAPE, "lse", smx_logsumexp(&in, SMX_AXES, &rows, &opt));
    assert_refused_for(SMX_ERROR_SHAPE, "lse", smx_logsumexp(&in, SMX_AXES, &wrong, &opt));
    assert_ok(smx_logsumexp(&in, SMX_AXES, &kept, &opt));
    opt.keepdims = 0;
    assert_refused_for(SMX_ERROR_SHAPE, "lse", smx_logsumexp(&in, SMX_AXES, &kept, &opt));
    opt = over(NULL, 0), opt.keepdims = 1;
    assert_refused_for(SMX_ERROR_OPTION, "options.keepdims", smx_tensor_copy(&in, &out, &opt));
    opt = over(one, 1);
    assert_refused_for(SMX_ERROR_OPTION, "options.axes", smx_tensor_copy(&in, &out, &opt));
    label("what counts along one axis");
    opt = over(one, 1), opt.causal = SMX_CAUSAL_TOP_LEFT;
    assert_ok(smx_softmax(&in, SMX_AXES, &out, &opt));
    opt = over(last_two, 2), opt.causal = SMX_CAUSAL_TOP_LEFT;
    assert_refused_for(SMX_ERROR_OPTION, "options.causal", smx_softmax(&in, SMX_AXES, &out, &opt));
    opt = over(last_two, 2), opt.use_window = 1;
    assert_refused_for(SMX_ERROR_OPTION, "options.use_window", smx_softmax(&in, SMX_AXES, &out, &opt));
    float slope = 1;
    DLTensor slopes = array_f32(&slope, 0, NULL, NULL);
    opt = over(last_two, 2), opt.alibi = &slopes;
    assert_refused_for(SMX_ERROR_OPTION, "options.alibi", smx_softmax(&in, SMX_AXES, &out, &opt));
    int64_t three = 3;
    DLTensor length = {&three, {kDLCPU, 0}, 0, element_type(I64), NULL, NULL, 0};
    opt = over(last_two, 2), opt.lengths = &length;
    assert_refused_for(SMX_ERROR_OPTION, "options.lengths", smx_softmax(&in, SMX_AXES, &out, &opt));
    opt = over(last_two, 0), opt.lengths = &length;
    assert_refused_for(SMX_ERROR_OPTION, "options.lengths", smx_softmax(&in, SMX_AXES, &out, &opt));
    label("rows that are too long");
    int64_t huge[] = {(int64_t)1 << 20, (int64_t)1 << 17}, still[] = {0, 0};
    DLTensor longest = array_f32(a, 2, huge, still), total = array_f32(lse, 0, NULL, NULL);
    assert_refused_for(SMX_ERROR_SIZE, "x", smx_logsumexp(&longest, SMX_AXIS_ALL, &total, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_copy), cmocka_unit_test(test_large),          cmocka_unit_test(test_products),
        cmocka_unit_test(test_argmax),  cmocka_unit_test(test_scale_gradient), cmocka_unit_test(test_no_dimensions),
        cmocka_unit_test(test_empty),   cmocka_unit_test(test_refused),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
