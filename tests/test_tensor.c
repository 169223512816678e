/* Functions over tensors have the bits of the row function on packed data: whatever the axes, the types (inputs exact
 * in the type of the arithmetic, outputs rounded once more), the layout, in place or not; nothing else is written.
 * With the argument "all" rows of up to three million entries too. */
#include "common/check.h"
#include "common/isas.h"
#include "common/sampled.h"
#include "common/tensor_call.h"

#include <stdbool.h>
#include <string.h>

static bool all;

/* Out of place, then in place of each input that it may be, if that has the output's type. */
static void check_call(const op *o, op_shape s, const element *types, const int *layouts, unsigned threads,
                       uint64_t seed) {
    const smx_options one = {.size = sizeof one, .threads = 1};
    if (tensor_call_too_large(o, &s)) {
        return;
    }
    for (int output_is = -1; output_is < o->inputs; output_is++) {
        if (output_is >= 0 && !(argument_may_be(&o->f->arguments[o->inputs], (size_t)output_is) &&
                                types[output_is] == types[o->inputs])) {
            continue;
        }
        rng r = rng_seed(seed);
        label("%s on %s, %zu rows, n = %zu, %d dimensions, axes %#x, %u threads, in place of %d, seed %#llx: %s",
              o->name, smx_isa(), s.rows, s.n, s.ndim, s.axes, threads, output_is, (unsigned long long)seed,
              tensor_call_text(o, types, layouts));
        tensor_call c = tensor_call_new(o, s, types, layouts, &r);
        smx_tensor_options opt = {.size = sizeof opt, .threads = threads};
        assert_ok(tensor_call_expect(&c, &one));
        int axis = op_axis(&s, &opt, &r);
        assert_ok(tensor_call_run(&c, axis, output_is, &opt));
        tensor_call_check(&c, output_is);
        tensor_call_free(&c);
    }
}

static const struct {
    int ndim;
    int64_t shape[5];
} shapes[] = {
    {0, {0}},        {1, {1}},       {1, {37}},         {2, {5, 7}},        {2, {70, 3}},         {3, {3, 9, 40}},
    {3, {2, 33, 5}}, {3, {1, 4, 1}}, {4, {2, 3, 4, 5}}, {4, {3, 1, 70, 2}}, {5, {2, 2, 3, 2, 3}}, {3, {5, 3, 300}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static element random_type(rng *r) { return (element)rng_below(r, ELEMENTS_FLOAT); }

/* Layouts and types at random. */
static void check_random(const op *o, op_shape s, uint64_t seed) {
    rng r = rng_seed(seed);
    int layout = (int)rng_below(&r, LAYOUTS); /* of most arguments */
    element types[OP_ARGUMENTS_MAX];
    int layouts[OP_ARGUMENTS_MAX];
    for (int a = 0; a < OP_ARGUMENTS_MAX; a++) {
        types[a] = rng_below(&r, 3) || a == 0 ? random_type(&r) : types[a - 1];
        layouts[a] = rng_below(&r, 2) ? layout : (int)rng_below(&r, LAYOUTS);
    }
    check_call(o, s, types, layouts, 1 + (unsigned)rng_below(&r, 3), seed);
}

/* Every set of axes of every shape, the more often the fewer there are. */
static void test_layouts(void **state) {
    (void)state;
    uint64_t seed = 0x7e000000;
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; i < TENSOR_OPS; i++) {
            for (size_t k = 0; k < SHAPES; k++) {
                for (unsigned axes = 0; axes < 1u << shapes[k].ndim; axes++) {
                    bool one = axes != 0 && (axes & (axes - 1)) == 0;
                    for (int variant = 0; variant < (one ? 6 : 2); variant++) {
                        if ((i + k + axes + (unsigned)variant) % sample_step(8) != 0) {
                            continue;
                        }
                        op_shape s = op_shape_over(shapes[k].ndim, shapes[k].shape, axes, variant % 2);
                        check_random(tensor_op(i), s, ++seed);
                    }
                }
            }
        }
    }
}

/* Every pair of types of first input and output. */
static void test_types(void **state) {
    (void)state;
    uint64_t seed = 0x7f000000;
    static const int64_t shape[] = {3, 11, 21};
    for (size_t i = 0; i < TENSOR_OPS; i++) {
        for (int pair = 0; pair < ELEMENTS_FLOAT * ELEMENTS_FLOAT; pair++) {
            for (int axis = 0; axis < 3; axis++) {
                const op *o = tensor_op(i);
                element types[OP_ARGUMENTS_MAX];
                int layouts[OP_ARGUMENTS_MAX] = {0};
                for (int a = 0; a < o->inputs + o->outputs; a++) {
                    types[a] = (element)(a < o->inputs ? pair % ELEMENTS_FLOAT : pair / ELEMENTS_FLOAT);
                }
                check_call(o, op_shape_of(3, shape, axis), types, layouts, 1, ++seed);
            }
        }
    }
}

/* Two long rows, or columns, of equal logits, whose sums are the largest that there are. */
static void check_long(const op *o, int64_t n, int axis, element e, uint64_t seed) {
    const smx_options one = {.size = sizeof one, .threads = 1};
    const smx_tensor_options two = {.size = sizeof two, .threads = 2};
    const int64_t shape[2] = {axis == 0 ? n : 2, axis == 0 ? 2 : n};
    const element types[OP_ARGUMENTS_MAX] = {e, e, e, e, e};
    const int layouts[OP_ARGUMENTS_MAX] = {LAYOUT_C};
    rng r = rng_seed(seed);
    label("%s of %s, n = %lld along axis %d", o->name, element_names[e], (long long)n, axis);
    tensor_call c = tensor_call_new(o, op_shape_of(2, shape, axis), types, layouts, &r);
    for (size_t k = 0; o->f->arguments[0].content == CONTENT_LOGITS && k < tensor_elements(&c.t[0]); k++) {
        tensor_set(&c.t[0], k, 0.34375);
    }
    assert_ok(tensor_call_expect(&c, &one));
    assert_ok(tensor_call_run(&c, axis, -1, &two));
    tensor_call_check(&c, -1);
    tensor_call_free(&c);
}

static void test_long(void **state) {
    (void)state;
    static const int64_t lengths[] = {(1 << 18) + 1, (1 << 18) - 1, 1 << 19, 1000000, 3000000};
    for (size_t i = 0; i < TENSOR_OPS; i += sample_step(4)) {
        for (size_t k = 0; k < (all ? 5 : 1) && !has_matrices(tensor_op(i)->f); k++) {
            check_long(tensor_op(i), lengths[k], (int)(i + k) % 2, k % 2 ? F64 : F32, 0x80000000 + 10 * i + k);
            check_long(tensor_op(i), lengths[k], (int)(i + k + 1) % 2, F64, 0x80001000 + 10 * i + k);
        }
    }
}

int main(int argc, char **argv) {
    all = argc == 2 && strcmp(argv[1], "all") == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_long),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
