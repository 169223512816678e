/* Functions over tensors have the bits of the row function on packed data: whatever the axis, the types (inputs exact
 * in the type of the arithmetic, outputs rounded once more), the layout, in place or not; nothing else is written. */
#include "common/check.h"
#include "common/isas.h"
#include "common/tensor_ops.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One call: its tensors, inputs first. */
typedef struct call {
    const op *o;
    op_shape s;
    element real;
    tensor t[OP_INPUTS_MAX + OP_OUTPUTS_MAX];
    void *expected[OP_INPUTS_MAX + OP_OUTPUTS_MAX]; /* the same packed, in the type of the arithmetic */
} call;

static op_form form_of(const op *o, int i) { return i < o->inputs ? o->input[i].form : o->output[i - o->inputs]; }

static int arguments(const op *o) { return o->inputs + o->outputs; }

/* Types and layouts of all arguments; inputs filled. */
static call call_new(const op *o, op_shape s, const element *types, const int *layouts, rng *r) {
    call c = {.o = o, .s = s, .real = F32};
    int64_t shape[TENSOR_NDIM_MAX];
    for (int i = 0; i < arguments(o); i++) {
        int ndim = op_argument_shape(&s, form_of(o, i), shape);
        c.t[i] = tensor_new(types[i], ndim, shape, layouts[i], r);
        c.real = types[i] == F64 ? F64 : c.real;
        if (i < o->inputs) {
            op_fill(o, i, &s, &c.t[i], r);
        }
    }
    return c;
}

/* What the row function makes of the packed inputs. */
static void expect_rows(call *c) {
    for (int i = 0; i < arguments(c->o); i++) {
        op_form form = form_of(c->o, i);
        size_t each = op_row_elements(&c->s, form);
        c->expected[i] = malloc(c->s.rows * each * 8 + 1);
        assert_non_null(c->expected[i]);
        for (size_t k = 0; i < c->o->inputs && k < c->s.rows; k++) {
            for (size_t j = 0; j < each; j++) {
                real_set(c->real, c->expected[i], k * each + j, tensor_get(&c->t[i], op_element(&c->s, form, k, j)));
            }
        }
    }
    smx_options one = {.size = sizeof one, .threads = 1};
    assert_ok(c->o->rows(c->real, c->s.rows, c->s.n, c->expected, &one));
}

/* Argument i has the bits of the packed one, once rounded. */
static void check_argument(const call *c, int i, const tensor *t) {
    op_form form = form_of(c->o, i);
    size_t each = op_row_elements(&c->s, form);
    for (size_t k = 0; k < c->s.rows; k++) {
        for (size_t j = 0; j < each; j++) {
            uint64_t wanted = element_rounded(t->e, real_get(c->real, c->expected[i], k * each + j));
            uint64_t got = tensor_bits(t, op_element(&c->s, form, k, j));
            if (wanted != got) {
                fail_msg("%s: argument %d, row %zu, element %zu: expected %llx (%a), got %llx (%a)", label_text(), i, k,
                         j, (unsigned long long)wanted, element_value(t->e, wanted), (unsigned long long)got,
                         element_value(t->e, got));
            }
        }
    }
    tensor_check_gaps(t);
}

static smx_status run(call *c, int axis, int output_is, const smx_tensor_options *opt) {
    const DLTensor *t[OP_INPUTS_MAX + OP_OUTPUTS_MAX];
    for (int i = 0; i < arguments(c->o); i++) {
        t[i] = tensor_dl(&c->t[i == c->o->inputs && output_is >= 0 ? output_is : i]);
    }
    return c->o->tensors(t, axis, opt);
}

static void call_free(call *c) {
    for (int i = 0; i < arguments(c->o); i++) {
        tensor_free(&c->t[i]);
        free(c->expected[i]);
    }
}

/* Matrices of long rows would take most of the time. */
static bool too_large(const op *o, const op_shape *s) { return o->output[0] == OP_MATRIX && s->n > 50; }

/* Out of place, then in place of each input that it may be, if that has the output's type. */
static void check_call(const op *o, op_shape s, const element *types, const int *layouts, unsigned threads,
                       uint64_t seed) {
    char what[200];
    int used = 0;
    if (too_large(o, &s)) {
        return;
    }
    for (int i = 0; i < arguments(o); i++) {
        used += snprintf(what + used, sizeof what - (size_t)used, " %s/%d", element_names[types[i]], layouts[i]);
    }
    for (int output_is = -1; output_is < o->inputs; output_is++) {
        if (output_is >= 0 && !(o->input[output_is].in_place && types[output_is] == types[o->inputs])) {
            continue;
        }
        rng r = rng_seed(seed);
        label("%s on %s, %zu rows, n = %zu, %d dimensions, axis %d, %u threads, in place of %d, seed %#llx: %s",
              o->name, smx_isa(), s.rows, s.n, s.ndim, s.axis, threads, output_is, (unsigned long long)seed, what);
        call c = call_new(o, s, types, layouts, &r);
        smx_tensor_options opt = {.size = sizeof opt, .threads = threads};
        expect_rows(&c);
        assert_ok(run(&c, rng_below(&r, 2) ? s.axis : s.axis - s.ndim, output_is, &opt));
        for (int i = 0; i < arguments(o); i++) {
            if (i < o->inputs && i != output_is) {
                check_argument(&c, i, &c.t[i]); /* as it was */
            } else if (i >= o->inputs && (output_is < 0 || i > o->inputs)) {
                check_argument(&c, i, &c.t[i]);
            }
        }
        if (output_is >= 0) {
            check_argument(&c, o->inputs, &c.t[output_is]);
        }
        call_free(&c);
    }
}

typedef struct tensor_shape {
    int ndim;
    int64_t shape[5];
} tensor_shape;

static const tensor_shape shapes[] = {
    {1, {1}},       {1, {37}},         {2, {5, 7}},        {2, {70, 3}},         {3, {3, 9, 40}},  {3, {2, 33, 5}},
    {3, {1, 4, 1}}, {4, {2, 3, 4, 5}}, {4, {3, 1, 70, 2}}, {5, {2, 2, 3, 2, 3}}, {3, {5, 3, 300}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static element random_type(rng *r) { return (element)rng_below(r, ELEMENTS_FLOAT); }

/* Every axis of every shape, layouts and types at random. */
static void test_layouts(void **state) {
    (void)state;
    uint64_t seed = 0x7e000000;
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; i < tensor_ops_count; i++) {
            for (size_t k = 0; k < SHAPES; k++) {
                for (int axis = 0; axis < shapes[k].ndim; axis++) {
                    for (int variant = 0; variant < 6; variant++) {
                        rng r = rng_seed(++seed);
                        int layout = (int)rng_below(&r, LAYOUTS); /* of most arguments */
                        element types[OP_INPUTS_MAX + OP_OUTPUTS_MAX];
                        int layouts[OP_INPUTS_MAX + OP_OUTPUTS_MAX];
                        for (int a = 0; a < OP_INPUTS_MAX + OP_OUTPUTS_MAX; a++) {
                            types[a] = rng_below(&r, 3) || a == 0 ? random_type(&r) : types[a - 1];
                            layouts[a] = rng_below(&r, 2) ? layout : (int)rng_below(&r, LAYOUTS);
                        }
                        check_call(&tensor_ops[i], op_shape_of(shapes[k].ndim, shapes[k].shape, axis), types, layouts,
                                   1 + (unsigned)rng_below(&r, 3), seed);
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
    for (size_t i = 0; i < tensor_ops_count; i++) {
        for (int pair = 0; pair < ELEMENTS_FLOAT * ELEMENTS_FLOAT; pair++) {
            for (int axis = 0; axis < 3; axis++) {
                const op *o = &tensor_ops[i];
                element types[OP_INPUTS_MAX + OP_OUTPUTS_MAX];
                int layouts[OP_INPUTS_MAX + OP_OUTPUTS_MAX] = {0};
                for (int a = 0; a < arguments(o); a++) {
                    types[a] = (element)(a < o->inputs ? pair % ELEMENTS_FLOAT : pair / ELEMENTS_FLOAT);
                }
                check_call(o, op_shape_of(3, shape, axis), types, layouts, 1, ++seed);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_types),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
