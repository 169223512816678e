/* What functions over tensors refuse, with which status, and that a refused call writes nothing. */
#include "common/check.h"
#include "common/pools.h"
#include "common/tensor_call.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5, FIRST = 4, LAST = 3 };
static const int64_t shape[] = {FIRST, N, LAST};
enum { AXIS = 1 };

/* A sound call of one function, on tensors of f32 in C order. */
static tensor_call sound(const op *o) {
    rng r = rng_seed(0x83000000);
    element types[OP_ARGUMENTS_MAX];
    int layouts[OP_ARGUMENTS_MAX] = {LAYOUT_C};
    for (int i = 0; i < OP_ARGUMENTS_MAX; i++) {
        types[i] = F32;
    }
    return tensor_call_new(o, op_shape_of(3, shape, AXIS), types, layouts, &r);
}

static int arguments(const op *o) { return o->inputs + o->outputs; }

/* Runs it with one argument in another's place, which must be refused (or not), and nothing be written. */
static void expect(tensor_call *c, int which, DLTensor *instead, int axis, const smx_tensor_options *opt,
                   smx_status wanted, const char *what) {
    DLTensor *t[OP_ARGUMENTS_MAX];
    unsigned char *before[OP_ARGUMENTS_MAX];
    for (int i = 0; i < arguments(c->o); i++) {
        t[i] = i == which ? instead : tensor_dl(&c->t[i]);
        before[i] = malloc(c->t[i].bytes);
        memcpy(before[i], c->t[i].memory, c->t[i].bytes);
    }
    assert_refused_for(wanted, what, c->o->tensors(t, axis, opt));
    for (int i = 0; i < arguments(c->o); i++) {
        if (wanted != SMX_OK && memcmp(before[i], c->t[i].memory, c->t[i].bytes) != 0) {
            fail_msg("%s: refused, and argument %d was written", label_text(), i);
        }
        memcpy(c->t[i].memory, before[i], c->t[i].bytes);
        free(before[i]);
    }
}

/* For every argument of every function, spoiled in one way. It is named, but for the first, whose shape is the call's:
 * that is ITSELF, another name, or null for the second argument. */
#define ITSELF ""
static void for_all_arguments(const char *what, void (*spoil)(DLTensor *t, int64_t *extents, int64_t *steps),
                              smx_status wanted, const char *of_first) {
    for (size_t i = 0; i < TENSOR_OPS; i++) {
        tensor_call c = sound(tensor_op(i));
        for (int a = 0; a < arguments(c.o); a++) {
            DLTensor t = *tensor_dl(&c.t[a]);
            int64_t extents[TENSOR_NDIM_MAX], steps[TENSOR_NDIM_MAX];
            memcpy(extents, c.t[a].shape, sizeof extents);
            memcpy(steps, c.t[a].strides, sizeof steps);
            t.shape = extents, t.strides = steps;
            label("%s, argument %d: %s", c.o->name, a, what);
            expect(&c, -1, NULL, AXIS, NULL, SMX_OK, NULL);
            spoil(&t, extents, steps);
            const char *other = of_first == NULL ? c.o->f->arguments[1].name : of_first;
            bool itself = a > 0 || strcmp(other, ITSELF) == 0;
            expect(&c, a, &t, AXIS, NULL, wanted, itself ? c.o->f->arguments[a].name : other);
        }
        tensor_call_free(&c);
    }
}

#define SPOIL(name, ...)                                              \
    static void name(DLTensor *t, int64_t *extents, int64_t *steps) { \
        (void)t, (void)extents, (void)steps;                          \
        __VA_ARGS__;                                                  \
    }
SPOIL(null_data, t->data = NULL)
SPOIL(null_shape, t->shape = NULL)
SPOIL(negative_ndim, t->ndim = -1)
SPOIL(huge_ndim, t->ndim = 33)
SPOIL(no_dimensions, t->ndim = 1)
SPOIL(negative_extent, extents[0] = -1)
SPOIL(other_extent, extents[0]++)
SPOIL(more_lanes, t->dtype.lanes = 2)
SPOIL(no_lanes, t->dtype.lanes = 0)
SPOIL(integers, t->dtype.code = kDLInt)
SPOIL(complex_numbers, t->dtype.code = kDLComplex; t->dtype.bits = 64)
SPOIL(eight_bits, t->dtype.bits = 8)
SPOIL(bfloat_of_32, t->dtype.code = kDLBfloat)
SPOIL(on_gpu, t->device.device_type = kDLCUDA)
SPOIL(managed, t->device.device_type = kDLCUDAManaged)
SPOIL(huge_stride, steps[0] = INT64_MAX / 2)
SPOIL(least_stride, steps[0] = INT64_MIN)
SPOIL(huge_offset, t->byte_offset = UINT64_MAX - 8)
SPOIL(huge_extents, extents[0] = (int64_t)1 << 62; steps[0] = 0)

static void test_tensors(void **state) {
    (void)state;
    for_all_arguments("null data", null_data, SMX_ERROR_NULL, ITSELF);
    for_all_arguments("null shape", null_shape, SMX_ERROR_NULL, ITSELF);
    for_all_arguments("ndim -1", negative_ndim, SMX_ERROR_SHAPE, ITSELF);
    for_all_arguments("ndim 33", huge_ndim, SMX_ERROR_SHAPE, ITSELF);
    for_all_arguments("one dimension", no_dimensions, SMX_ERROR_SHAPE, "axis");
    for_all_arguments("a negative extent", negative_extent, SMX_ERROR_SHAPE, ITSELF);
    for_all_arguments("another extent", other_extent, SMX_ERROR_SHAPE, NULL);
    for_all_arguments("2 lanes", more_lanes, SMX_ERROR_DTYPE, ITSELF);
    for_all_arguments("0 lanes", no_lanes, SMX_ERROR_DTYPE, ITSELF);
    for_all_arguments("int32", integers, SMX_ERROR_DTYPE, ITSELF);
    for_all_arguments("complex64", complex_numbers, SMX_ERROR_DTYPE, ITSELF);
    for_all_arguments("floats of 8 bits", eight_bits, SMX_ERROR_DTYPE, ITSELF);
    for_all_arguments("bfloats of 32 bits", bfloat_of_32, SMX_ERROR_DTYPE, ITSELF);
    for_all_arguments("CUDA", on_gpu, SMX_ERROR_DEVICE, ITSELF);
    for_all_arguments("CUDA's managed memory", managed, SMX_ERROR_DEVICE, ITSELF);
    for_all_arguments("a huge stride", huge_stride, SMX_ERROR_SIZE, ITSELF);
    for_all_arguments("the least stride", least_stride, SMX_ERROR_SIZE, ITSELF);
    for_all_arguments("a huge byte_offset", huge_offset, SMX_ERROR_SIZE, ITSELF);
    for_all_arguments("more elements than there are bytes", huge_extents, SMX_ERROR_SIZE, ITSELF);
}

static void test_null(void **state) {
    (void)state;
    for (size_t i = 0; i < TENSOR_OPS; i++) {
        tensor_call c = sound(tensor_op(i));
        for (int a = 0; a < arguments(c.o); a++) {
            label("%s, argument %d null", c.o->name, a);
            const struct argument *given = &c.o->f->arguments[a];
            expect(&c, a, NULL, AXIS, NULL, given->optional ? SMX_OK : SMX_ERROR_NULL, given->name);
        }
        tensor_call_free(&c);
    }
}

static void test_axis(void **state) {
    (void)state;
    static const int axes[] = {3, -4, 100, SMX_AXES + 1, INT32_MAX};
    for (size_t i = 0; i < TENSOR_OPS; i++) {
        tensor_call c = sound(tensor_op(i));
        for (size_t k = 0; k < sizeof axes / sizeof *axes; k++) {
            label("%s, axis %d", c.o->name, axes[k]);
            expect(&c, -1, NULL, axes[k], NULL, SMX_ERROR_SHAPE, "axis");
        }
        label("%s, axis -2", c.o->name);
        expect(&c, -1, NULL, AXIS - 3, NULL, SMX_OK, NULL);
        tensor_call_free(&c);
    }
}

/* ---- Overlap ---- */

/* Outputs in places where they overlap something, or themselves. */
static void test_overlap(void **state) {
    (void)state;
    for (size_t i = 0; i < TENSOR_OPS; i++) {
        tensor_call c = sound(tensor_op(i));
        const op *o = c.o;
        for (int out = o->inputs; out < arguments(o); out++) {
            for (int a = 0; a < arguments(o); a++) {
                DLTensor t = *tensor_dl(&c.t[out]);
                bool whole = argument_may_be(&o->f->arguments[out], (size_t)a);
                const char *name = o->f->arguments[a >= o->inputs && a < out ? a : out].name; /* of two, the first */
                label("%s: output %d at argument %d", o->name, out, a);
                t.data = c.t[a].memory, t.byte_offset = c.t[a].dl.byte_offset;
                if (a != out) {
                    expect(&c, out, &t, AXIS, NULL, whole ? SMX_OK : SMX_ERROR_OVERLAP, name);
                    t.byte_offset += sizeof(float);
                    expect(&c, out, &t, AXIS, NULL, SMX_ERROR_OVERLAP, name);
                    t.byte_offset -= 1;
                    expect(&c, out, &t, AXIS, NULL, SMX_ERROR_OVERLAP, name);
                }
            }
            DLTensor t = *tensor_dl(&c.t[out]);
            int64_t steps[TENSOR_NDIM_MAX];
            memcpy(steps, c.t[out].strides, sizeof steps);
            t.strides = steps;
            label("%s: output %d overlaps itself", o->name, out);
            steps[0] = 0;
            expect(&c, out, &t, AXIS, NULL, SMX_ERROR_OVERLAP, o->f->arguments[out].name);
            steps[0] = 1;
            expect(&c, out, &t, AXIS, NULL, SMX_ERROR_OVERLAP, o->f->arguments[out].name);
        }
        tensor_call_free(&c);
    }
}

/* Two tensors inside one array: element by element, do they meet? */
static void test_interleaved(void **state) {
    (void)state;
    enum { SPACE = 400 };
    float memory[SPACE], copy[SPACE];
    rng r = rng_seed(0x84000000);
    size_t refused = 0, accepted = 0;
    for (int round = 0; round < 20000; round++) {
        int64_t extents[2] = {1 + (int64_t)rng_below(&r, 4), 1 + (int64_t)rng_below(&r, 4)};
        int64_t inner = 1 + (int64_t)rng_below(&r, 3), outer = extents[1] * inner + (int64_t)rng_below(&r, 12);
        int64_t steps[2] = {rng_below(&r, 2) ? outer : -outer, rng_below(&r, 2) ? inner : -inner};
        DLTensor t[2];
        int taken[SPACE] = {0}, meet = 0;
        for (size_t k = 0; k < 2; k++) {
            size_t at = 150 + rng_below(&r, 60);
            t[k] = (DLTensor){memory, {kDLCPU, 0}, 2, element_type(F32), extents, steps, at * sizeof(float)};
            for (int64_t e = 0; e < extents[0] * extents[1]; e++) {
                int64_t place = (int64_t)at + e / extents[1] * steps[0] + e % extents[1] * steps[1];
                meet |= k == 1 && taken[place];
                taken[place] = 1;
            }
        }
        for (size_t k = 0; k < SPACE; k++) {
            memory[k] = (float)k * 0.01f;
        }
        memcpy(copy, memory, sizeof copy);
        label("two tensors of %dx%d, strides %d %d, %td elements apart", (int)extents[0], (int)extents[1],
              (int)steps[0], (int)steps[1], (ptrdiff_t)(t[1].byte_offset - t[0].byte_offset) / 4);
        bool same = t[0].byte_offset == t[1].byte_offset;
        smx_status wanted = meet && !same ? SMX_ERROR_OVERLAP : SMX_OK;
        assert_status(wanted, smx_softmax(&t[0], 1, &t[1], NULL));
        refused += wanted != SMX_OK, accepted += wanted == SMX_OK && !same;
        if (wanted != SMX_OK) {
            assert_memory_equal(memory, copy, sizeof copy);
        }
    }
    assert_true(refused > 1000 && accepted > 1000);
}

/* ---- Options ---- */

static smx_tensor_options defaults(void) {
    smx_tensor_options opt = {.size = sizeof opt};
    return opt;
}

static void expect_option(const char *what, const smx_tensor_options *opt, smx_status wanted, const char *field) {
    for (size_t i = 0; i < TENSOR_OPS; i++) {
        tensor_call c = sound(tensor_op(i));
        bool takes = c.o->f->takes != 0;
        label("%s, options: %s", c.o->name, what);
        expect(&c, -1, NULL, AXIS, opt, wanted == SMX_OK && !takes ? SMX_ERROR_OPTION : wanted, field);
        tensor_call_free(&c);
    }
}

static void test_options(void **state) {
    (void)state;
    smx_tensor_options opt = defaults();
    opt.size = sizeof opt.size - 1;
    expect_option("a size smaller than itself", &opt, SMX_ERROR_OPTION, "options.size");
    struct {
        smx_tensor_options known;
        unsigned char unknown[8];
    } longer = {.known = {.size = sizeof longer}, .unknown = {0, 0, 1}};
    expect_option("a longer struct, not all zero", &longer.known, SMX_ERROR_OPTION, "options.size");
    opt = defaults(), opt.plus_inf = (smx_plus_inf)2;
    expect_option("an unknown plus_inf", &opt, SMX_ERROR_OPTION, "options.plus_inf");
    opt = defaults(), opt.minus_inf_row = (smx_minus_inf_row)2;
    expect_option("an unknown minus_inf_row", &opt, SMX_ERROR_OPTION, "options.minus_inf_row");
    opt = defaults(), opt.parallel_for = pool_threads;
    expect_option("a hook and no threads", &opt, SMX_ERROR_OPTION, "options.threads");
    opt = defaults(), opt.causal = (smx_causal)3;
    expect_option("an unknown causal", &opt, SMX_ERROR_OPTION, "options.causal");
    opt = defaults(), opt.causal = SMX_CAUSAL_TOP_LEFT;
    expect_option("causal", &opt, SMX_OK, "options.causal");
    opt.query_axis = 2;
    expect_option("query_axis without use_query_axis", &opt, SMX_ERROR_OPTION, "options.query_axis");
    opt.use_query_axis = 1;
    expect_option("query_axis", &opt, SMX_OK, "options.causal");
    opt.use_query_axis = 2;
    expect_option("use_query_axis of 2", &opt, SMX_ERROR_OPTION, "options.use_query_axis");
    opt.use_query_axis = 1, opt.query_axis = AXIS;
    expect_option("query_axis is the axis", &opt, SMX_ERROR_OPTION, "options.query_axis");
    opt.query_axis = 3;
    expect_option("query_axis 3", &opt, SMX_ERROR_SHAPE, "options.query_axis");
    opt.query_axis = -4;
    expect_option("query_axis -4", &opt, SMX_ERROR_SHAPE, "options.query_axis");
    opt = defaults(), opt.use_query_axis = 1;
    expect_option("use_query_axis without causal", &opt, SMX_ERROR_OPTION, "options.use_query_axis");
    opt = defaults(), opt.scale_value = 2;
    expect_option("scale_value without use_scale_value", &opt, SMX_ERROR_OPTION, "options.scale_value");
    opt.use_scale_value = 2;
    expect_option("use_scale_value of 2", &opt, SMX_ERROR_OPTION, "options.use_scale_value");
    opt.use_scale_value = 1;
    expect_option("a scale of 2", &opt, SMX_OK, "options.scale");
    opt.scale_value = 0;
    expect_option("a scale of 0", &opt, SMX_ERROR_SCALE, "options.scale_value");
    opt.scale_value = (double)NAN;
    expect_option("a scale of NaN", &opt, SMX_ERROR_SCALE, "options.scale_value");
    opt.scale_value = 0x1.000001p64;
    expect_option("a scale that is rounded to 2^64", &opt, SMX_OK, "options.scale");
    opt.scale_value = 0x1.00001p64;
    expect_option("a scale above 2^64", &opt, SMX_ERROR_SCALE, "options.scale_value");
    float number = 2;
    DLTensor scale = {&number, {kDLCPU, 0}, 0, element_type(F32), NULL, NULL, 0};
    opt.scale = &scale;
    expect_option("a number and a tensor", &opt, SMX_ERROR_OPTION, "options.use_scale_value");
    label("causal along the first axis");
    opt = defaults(), opt.causal = SMX_CAUSAL_TOP_LEFT;
    float x[2] = {0};
    int64_t two = 2;
    DLTensor t = {x, {kDLCPU, 0}, 1, element_type(F32), &two, NULL, 0};
    assert_refused_for(SMX_ERROR_SHAPE, "options.causal", smx_softmax(&t, 0, &t, &opt));
}

static const char *name_of_field(size_t field) {
    return field == offsetof(smx_tensor_options, scale)  ? "options.scale"
           : field == offsetof(smx_tensor_options, add)  ? "options.add"
           : field == offsetof(smx_tensor_options, keep) ? "options.keep"
                                                         : "options.lengths";
}

/* One tensor of the options, of that type and shape and full of that value. */
static void expect_option_tensor(const char *what, size_t field, element e, int ndim, const int64_t *extents,
                                 double value, smx_status wanted) {
    rng r = rng_seed(0x85000000);
    smx_tensor_options opt = defaults();
    tensor t = tensor_new(e, ndim, extents, LAYOUT_C, &r);
    for (size_t k = 0; k < tensor_elements(&t); k++) {
        tensor_set(&t, k, e >= ELEMENTS_FLOAT && e != BOOL ? value : 1);
    }
    tensor_set(&t, tensor_elements(&t) - 1, value);
    const DLTensor *dl = tensor_dl(&t);
    memcpy((unsigned char *)&opt + field, &dl, sizeof dl);
    expect_option(what, &opt, wanted, name_of_field(field));
    tensor_free(&t);
}

static void test_option_tensors(void **state) {
    (void)state;
    const size_t scale = offsetof(smx_tensor_options, scale), add = offsetof(smx_tensor_options, add);
    const size_t keep = offsetof(smx_tensor_options, keep), lengths = offsetof(smx_tensor_options, lengths);
    static const int64_t rows[] = {FIRST, LAST}, last[] = {LAST}, odd[] = {2};
    expect_option_tensor("a scale each", scale, F32, 2, rows, 2, SMX_OK);
    expect_option_tensor("a scale of 0", scale, F32, 2, rows, 0, SMX_ERROR_SCALE);
    expect_option_tensor("a scale of 2^65", scale, F32, 1, last, 0x1p65, SMX_ERROR_SCALE);
    expect_option_tensor("a scale of 2^-65", scale, F64, 0, NULL, 0x1p-65, SMX_ERROR_SCALE);
    expect_option_tensor("a scale of NaN", scale, F16, 2, rows, (double)NAN, SMX_ERROR_SCALE);
    expect_option_tensor("an infinite scale", scale, BF16, 2, rows, (double)INFINITY, SMX_ERROR_SCALE);
    expect_option_tensor("a scale of integers", scale, I32, 2, rows, 1, SMX_ERROR_DTYPE);
    expect_option_tensor("scales of x's shape", scale, F32, 3, shape, 1, SMX_ERROR_SHAPE);
    expect_option_tensor("two scales", scale, F32, 1, odd, 1, SMX_ERROR_SHAPE);
    expect_option_tensor("add", add, F16, 3, shape, 1, SMX_OK);
    expect_option_tensor("add of the shape of the rows", add, F16, 2, rows, 1, SMX_ERROR_SHAPE);
    expect_option_tensor("add of integers", add, I64, 3, shape, 1, SMX_ERROR_DTYPE);
    expect_option_tensor("keep", keep, BOOL, 3, shape, 1, SMX_OK);
    expect_option_tensor("keep of floats", keep, F32, 3, shape, 1, SMX_ERROR_DTYPE);
    expect_option_tensor("keep of int32", keep, I32, 3, shape, 1, SMX_ERROR_DTYPE);
    expect_option_tensor("lengths", lengths, I32, 2, rows, N, SMX_OK);
    expect_option_tensor("a length of n + 1", lengths, I32, 2, rows, N + 1, SMX_ERROR_LENGTH);
    expect_option_tensor("a length of -1", lengths, I64, 1, last, -1, SMX_ERROR_LENGTH);
    expect_option_tensor("lengths in a byte", lengths, U8, 2, rows, N, SMX_OK);
    expect_option_tensor("a length of n + 1 in a byte", lengths, U8, 2, rows, N + 1, SMX_ERROR_LENGTH);
    expect_option_tensor("lengths of bool", lengths, BOOL, 2, rows, 1, SMX_ERROR_DTYPE);
    expect_option_tensor("lengths of floats", lengths, F32, 2, rows, 1, SMX_ERROR_DTYPE);
    expect_option_tensor("lengths of x's shape", lengths, I64, 3, shape, 1, SMX_ERROR_SHAPE);
}

static void test_option_overlap(void **state) {
    (void)state;
    tensor_call c = sound(tensor_op(0));
    smx_tensor_options opt = defaults();
    label("add is the output");
    opt.add = tensor_dl(&c.t[1]);
    expect(&c, -1, NULL, AXIS, &opt, SMX_ERROR_OVERLAP, "y");
    label("add is the input");
    opt.add = tensor_dl(&c.t[0]);
    expect(&c, -1, NULL, AXIS, &opt, SMX_OK, NULL);
    label("keep lies in the output");
    DLTensor keep = *tensor_dl(&c.t[1]);
    keep.dtype = element_type(U8), keep.ndim = 1, keep.shape = &c.t[1].shape[2], keep.strides = NULL;
    opt = defaults(), opt.keep = &keep;
    expect(&c, -1, NULL, AXIS, &opt, SMX_ERROR_OVERLAP, "y");
    tensor_call_free(&c);
}

/* ---- Empty tensors ---- */

static void test_empty(void **state) {
    (void)state;
    static const int64_t shapes[][2] = {{0, 5}, {3, 0}, {0, 0}};
    float lse[3] = {1, 1, 1}, sum = 1;
    for (size_t k = 0; k < 3; k++) {
        label("%d x %d", (int)shapes[k][0], (int)shapes[k][1]);
        int64_t extents[2] = {shapes[k][0], shapes[k][1]};
        DLTensor x = {NULL, {kDLCPU, 0}, 2, element_type(k ? F32 : F16), extents, NULL, 0};
        DLTensor out = {lse, {kDLCPU, 0}, 1, element_type(F32), extents, NULL, 0};
        DLTensor one = {&sum, {kDLCPU, 0}, 0, element_type(F32), NULL, NULL, 0};
        assert_ok(smx_softmax(&x, 1, &x, NULL));
        assert_ok(smx_softmax_backward(&x, 0, &x, &x, NULL));
        assert_ok(smx_logsumexp(&x, 1, &out, NULL));
        assert_ok(smx_scale_gradient(&x, 1, &x, &one, NULL));
        assert_true(sum == 0);
        sum = 1;
    }
    assert_true(lse[0] == -INFINITY && lse[1] == -INFINITY && lse[2] == -INFINITY);
    int64_t extents[2] = {0, 5}, count = 1;
    float mean = 1;
    DLTensor x = {NULL, {kDLCPU, 0}, 2, element_type(BF16), extents, NULL, 0};
    DLTensor labels = {NULL, {kDLCPU, 0}, 1, element_type(I32), extents, NULL, 0};
    DLTensor reduced = {&mean, {kDLCPU, 0}, 0, element_type(F32), NULL, NULL, 0};
    DLTensor counted = {&count, {kDLCPU, 0}, 0, element_type(I64), NULL, NULL, 0};
    smx_tensor_cross_entropy_args ce = {
        .size = sizeof ce, .labels = &labels, .reduction = SMX_REDUCTION_MEAN, .reduced = &reduced, .count = &counted};
    label("cross-entropy of no rows");
    assert_ok(smx_cross_entropy(&x, 1, &ce, NULL));
    assert_true(mean != mean && count == 0);
}

/* ---- Functions that are not in the table ---- */

static void test_jacobian_product(void **state) {
    (void)state;
    float y[6] = {0}, v[24] = {0}, out[24];
    int64_t y_shape[] = {2, 3}, v_shape[] = {2, 4, 3}, other[] = {2, 4, 2};
    DLTensor a = {y, {kDLCPU, 0}, 2, element_type(F32), y_shape, NULL, 0};
    DLTensor b = {v, {kDLCPU, 0}, 3, element_type(F32), v_shape, NULL, 0}, c = b;
    label("Jacobian product");
    c.data = out;
    assert_ok(smx_softmax_jacobian_product(&a, 1, &b, &c, NULL));
    assert_ok(smx_softmax_jacobian_product(&a, 1, &b, &b, NULL));
    c.shape = other;
    assert_refused_for(SMX_ERROR_SHAPE, "out", smx_softmax_jacobian_product(&a, 1, &b, &c, NULL));
    assert_refused_for(SMX_ERROR_SHAPE, "v", smx_softmax_jacobian_product(&a, 1, &a, &a, NULL));
    assert_refused_for(SMX_ERROR_SHAPE, "v", smx_softmax_jacobian_product(&b, 1, &a, &a, NULL));
}

static void test_cross_entropy(void **state) {
    (void)state;
    float x[6] = {0}, loss[2] = {7, 7}, weights[3] = {1, -1, 1};
    int64_t labels[2] = {0, 1}, x_shape[] = {2, 3}, rows[] = {2}, classes[] = {3};
    DLTensor logits = {x, {kDLCPU, 0}, 2, element_type(F32), x_shape, NULL, 0};
    DLTensor label_tensor = {labels, {kDLCPU, 0}, 1, element_type(I64), rows, NULL, 0};
    DLTensor loss_tensor = {loss, {kDLCPU, 0}, 1, element_type(F32), rows, NULL, 0};
    DLTensor weight_tensor = {weights, {kDLCPU, 0}, 1, element_type(F32), classes, NULL, 0};
    const smx_tensor_cross_entropy_args plain = {.size = sizeof plain, .labels = &label_tensor, .loss = &loss_tensor};
    smx_tensor_cross_entropy_args ce = plain;
    label("cross-entropy");
    assert_refused_for(SMX_ERROR_NULL, "ce", smx_cross_entropy(&logits, 1, NULL, NULL));
    ce.labels = NULL;
    assert_refused_for(SMX_ERROR_OPTION, "labels", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.targets = &logits;
    assert_refused_for(SMX_ERROR_OPTION, "targets", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.size = 4;
    assert_refused_for(SMX_ERROR_OPTION, "size", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.reduction = (smx_reduction)3;
    assert_refused_for(SMX_ERROR_OPTION, "reduction", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.smoothing = 1.5;
    assert_refused_for(SMX_ERROR_OPTION, "smoothing", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.softcap = (double)NAN;
    assert_refused_for(SMX_ERROR_OPTION, "softcap", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.class_weights = &weight_tensor;
    assert_refused_for(SMX_ERROR_OPTION, "class_weights", smx_cross_entropy(&logits, 1, &ce, NULL));
    weights[1] = 1, loss_tensor.data = weights;
    assert_refused_for(SMX_ERROR_OVERLAP, "loss", smx_cross_entropy(&logits, 1, &ce, NULL));
    loss_tensor.data = loss;
    ce = plain, ce.dtargets = &logits;
    assert_refused_for(SMX_ERROR_OVERLAP, "dtargets", smx_cross_entropy(&logits, 1, &ce, NULL));
    labels[1] = 3;
    assert_refused_for(SMX_ERROR_LABEL, "labels", smx_cross_entropy(&logits, 1, &plain, NULL));
    labels[1] = 1;
    const smx_status unusable = SMX_ERROR_OPTION;
    ce = plain, ce.z_loss = -1;
    assert_refused_for(unusable, "z_loss", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.empty_mean = (smx_empty_mean)2;
    assert_refused_for(unusable, "empty_mean", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.use_ignore_index = 2;
    assert_refused_for(unusable, "use_ignore_index", smx_cross_entropy(&logits, 1, &ce, NULL));
    DLTensor one = {&x[5], {kDLCPU, 0}, 0, element_type(F32), NULL, NULL, 0};
    ce = plain, ce.reduced = &one;
    assert_refused_for(SMX_ERROR_OVERLAP, "reduced", smx_cross_entropy(&logits, 1, &ce, NULL));
    one.data = &weights[0];
    assert_refused_for(unusable, "reduced", smx_cross_entropy(&logits, 1, &ce, NULL));
    DLTensor half = loss_tensor;
    half.dtype = element_type(F16);
    ce = plain, ce.argmax = &half;
    assert_refused_for(SMX_ERROR_DTYPE, "argmax", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.lse = &logits;
    assert_refused_for(SMX_ERROR_SHAPE, "lse", smx_cross_entropy(&logits, 1, &ce, NULL));
    ce = plain, ce.class_weights = &loss_tensor;
    assert_refused_for(SMX_ERROR_SHAPE, "class_weights", smx_cross_entropy(&logits, 1, &ce, NULL));
    assert_true(loss[0] == 7 && loss[1] == 7);
    assert_ok(smx_cross_entropy(&logits, 1, &plain, NULL));
    assert_true(loss[0] > 1 && loss[0] < 1.2f);
}

static void test_copy(void **state) {
    (void)state;
    float a[6] = {0, 1, 2, 3, 4, 5};
    int64_t two[] = {2, 3}, other[] = {3, 2};
    DLTensor src = {a, {kDLCPU, 0}, 2, element_type(F32), two, NULL, 0}, dst = src;
    smx_tensor_options opt = defaults();
    label("copy");
    assert_refused_for(SMX_ERROR_NULL, "src", smx_tensor_copy(NULL, &dst, NULL));
    assert_refused_for(SMX_ERROR_NULL, "dst", smx_tensor_copy(&src, NULL, NULL));
    assert_ok(smx_tensor_copy(&src, &dst, NULL));
    dst.shape = other;
    assert_refused_for(SMX_ERROR_SHAPE, "dst", smx_tensor_copy(&src, &dst, NULL));
    dst.shape = two, dst.ndim = 1;
    assert_refused_for(SMX_ERROR_SHAPE, "dst", smx_tensor_copy(&src, &dst, NULL));
    dst.ndim = 2, dst.dtype = element_type(F16);
    assert_refused_for(SMX_ERROR_OVERLAP, "dst", smx_tensor_copy(&src, &dst, NULL));
    dst.dtype = element_type(I32);
    assert_refused_for(SMX_ERROR_DTYPE, "dst", smx_tensor_copy(&src, &dst, NULL));
    dst = src, opt.plus_inf = SMX_PLUS_INF_LIMIT;
    assert_refused_for(SMX_ERROR_OPTION, "options.plus_inf", smx_tensor_copy(&src, &dst, &opt));
    opt = defaults(), opt.add = &src;
    assert_true(smx_tensor_copy(&src, &dst, &opt) != SMX_OK); /* refused twice over */
    float addend = 0;
    DLTensor add = {&addend, {kDLCPU, 0}, 0, element_type(F32), NULL, NULL, 0};
    opt.add = &add;
    assert_refused_for(SMX_ERROR_OPTION, "options.add", smx_tensor_copy(&src, &dst, &opt));
    for (int i = 0; i < 6; i++) {
        assert_true(a[i] == (float)i);
    }
}

/* A row that takes no memory, and that no sum has room for. */
static void test_longest(void **state) {
    (void)state;
    double entry = 1, lse = 7;
    int64_t extent[] = {((int64_t)1 << 36) + 1}, strides[] = {0};
    DLTensor x = {&entry, {kDLCPU, 0}, 1, element_type(F64), extent, strides, 0};
    DLTensor out = {&lse, {kDLCPU, 0}, 0, element_type(F64), NULL, NULL, 0};
    label("a row of 2^36 + 1");
    assert_refused_for(SMX_ERROR_SIZE, "x", smx_logsumexp(&x, 0, &out, NULL));
    assert_true(lse == 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensors),          cmocka_unit_test(test_null),           cmocka_unit_test(test_axis),
        cmocka_unit_test(test_overlap),          cmocka_unit_test(test_interleaved),    cmocka_unit_test(test_options),
        cmocka_unit_test(test_option_tensors),   cmocka_unit_test(test_option_overlap), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_jacobian_product), cmocka_unit_test(test_cross_entropy),  cmocka_unit_test(test_copy),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
