/* Scale and masks as tensors: broadcast in every way, of every type and layout, and all at once, they are what the row
 * function makes of them when each row has its own. A scale may be a number instead. */
#include "common/check.h"
#include "common/isas.h"
#include "common/tensor_call.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SCALE, ADD, KEEP, LENGTHS, TENSORS };

/* The same options twice: with tensors, and row by row. */
typedef struct options {
    tensor t[TENSORS];
    smx_tensor_options tensors;
    void *scale, *add;
    uint8_t *keep;
    int64_t *lengths;
    smx_options rows;
} options;

/* Some extents become 1, and some of the first dimensions are missing. */
static tensor broadcast_tensor(element e, int ndim, const int64_t *shape, int layout, rng *r) {
    int64_t own[TENSOR_NDIM_MAX];
    int missing = rng_below(r, 3) ? 0 : (int)rng_below(r, (size_t)ndim + 1);
    for (int d = missing; d < ndim; d++) {
        own[d - missing] = rng_below(r, 2) ? shape[d] : 1;
    }
    return tensor_new(e, ndim - missing, own, layout, r);
}

static void fill_option(int which, const op_shape *s, tensor *t, rng *r) {
    double value = 0;
    for (size_t k = 0; k < tensor_elements(t); k++) {
        switch (which) {
        case SCALE:
            value = rng_uniform(r, 0.25, 2) * (rng_below(r, 2) ? 1 : -1);
            break;
        case ADD:
            value = rng_below(r, 5) ? rng_normal(r) : -INFINITY;
            break;
        case KEEP:
            value = rng_below(r, 4) ? 1 : 0;
            break;
        default:
            value = (double)rng_below(r, s->n + 1);
        }
        tensor_set(t, k, value);
    }
}

static bool one_axis(const op_shape *s) { return s->axes != 0 && (s->axes & (s->axes - 1)) == 0; }

/* The index of row k along a dimension of x. */
static size_t index_along(const op_shape *s, size_t k, int dimension) {
    for (int d = s->ndim - 1; d > dimension; d--) {
        k /= d == s->axis ? 1 : (size_t)s->shape[d];
    }
    return k % (size_t)s->shape[dimension];
}

static size_t seen(const smx_tensor_options *opt, const op_shape *s, size_t k) {
    int axis = opt->use_query_axis ? opt->query_axis : s->axis - 1;
    axis += axis < 0 ? s->ndim : 0;
    size_t queries = (size_t)s->shape[axis], last = index_along(s, k, axis) + 1;
    if (opt->causal == SMX_CAUSAL_BOTTOM_RIGHT) {
        last = last + s->n > queries ? last + s->n - queries : 0;
    }
    return last < s->n ? last : s->n;
}

/* Each row's own scale and masks, in the type of the arithmetic. */
static void expand(options *o, const op_shape *s, element real) {
    size_t n = s->n, rows = s->rows;
    int64_t rows_shape[TENSOR_NDIM_MAX];
    int rows_ndim = op_argument_shape(s, FORM_VALUE, rows_shape);
    for (size_t k = 0; k < rows; k++) {
        o->lengths[k] = (int64_t)n;
        if (o->tensors.use_scale_value) {
            real_set(real, o->scale, k, o->tensors.scale_value);
        } else if (o->tensors.scale) {
            real_set(real, o->scale, k,
                     tensor_get(&o->t[SCALE], broadcast_element(&o->t[SCALE], rows_ndim, rows_shape, k)));
        }
        if (o->tensors.lengths) {
            o->lengths[k] =
                (int64_t)tensor_get(&o->t[LENGTHS], broadcast_element(&o->t[LENGTHS], rows_ndim, rows_shape, k));
        }
        if (o->tensors.causal != SMX_CAUSAL_NONE && (int64_t)seen(&o->tensors, s, k) < o->lengths[k]) {
            o->lengths[k] = (int64_t)seen(&o->tensors, s, k);
        }
        for (size_t j = 0; j < n; j++) {
            size_t here = op_element(s, FORM_ROW, k, j);
            if (o->tensors.add) {
                real_set(real, o->add, k * n + j,
                         tensor_get(&o->t[ADD], broadcast_element(&o->t[ADD], s->ndim, s->shape, here)));
            }
            o->keep[k * n + j] = 1;
            if (o->tensors.keep) {
                size_t at = broadcast_element(&o->t[KEEP], s->ndim, s->shape, here);
                o->keep[k * n + j] = tensor_bits(&o->t[KEEP], at) != 0;
            }
        }
    }
}

static void options_new(options *o, const op_shape *s, element real, rng *r) {
    memset(o, 0, sizeof *o);
    int64_t rows_shape[TENSOR_NDIM_MAX];
    int rows_ndim = op_argument_shape(s, FORM_VALUE, rows_shape);
    o->tensors.size = sizeof o->tensors;
    o->tensors.threads = 1 + (unsigned)rng_below(r, 3);
    o->tensors.minus_inf_row = (smx_minus_inf_row)rng_below(r, 2);
    for (int i = 0; i < TENSORS; i++) {
        static const element types[TENSORS][4] = {
            {F16, BF16, F32, F64}, {F16, BF16, F32, F64}, {U8, BOOL, U8, BOOL}, {I32, I64, U8, U64}};
        bool vector = i == ADD || i == KEEP;
        element e = rng_below(r, 2) && !(i == KEEP || i == LENGTHS) ? real : types[i][rng_below(r, 4)];
        o->t[i] = broadcast_tensor(e, vector ? s->ndim : rows_ndim, vector ? s->shape : rows_shape,
                                   rng_below(r, 2) ? LAYOUT_C : (int)rng_below(r, LAYOUTS), r);
        fill_option(i, s, &o->t[i], r);
    }
    size_t given = 1 + rng_below(r, 31);
    if (given & 1 && rng_below(r, 4) == 0) {
        o->tensors.use_scale_value = 1;
        o->tensors.scale_value = -0.1 - rng_uniform(r, 0, 1);
    } else {
        o->tensors.scale = given & 1 ? tensor_dl(&o->t[SCALE]) : NULL;
    }
    o->tensors.add = given & 2 ? tensor_dl(&o->t[ADD]) : NULL;
    o->tensors.keep = given & 4 ? tensor_dl(&o->t[KEEP]) : NULL;
    o->tensors.lengths = given & 8 ? tensor_dl(&o->t[LENGTHS]) : NULL;
    if (!one_axis(s)) { /* what counts along an axis is refused */
        o->tensors.lengths = NULL;
    } else if (given & 16 && s->ndim > 1) {
        o->tensors.causal = (smx_causal)(1 + rng_below(r, 2));
        o->tensors.use_query_axis = s->axis == 0 || rng_below(r, 2);
        if (o->tensors.use_query_axis) {
            int axis = (s->axis + 1 + (int)rng_below(r, (size_t)s->ndim - 1)) % s->ndim;
            o->tensors.query_axis = rng_below(r, 2) ? axis : axis - s->ndim;
        }
    }
    o->scale = malloc(s->rows * 8), o->add = malloc(s->rows * s->n * 8);
    o->keep = malloc(s->rows * s->n), o->lengths = malloc(s->rows * 8);
    expand(o, s, real);
    smx_options rows = {.size = sizeof rows,
                        .minus_inf_row = o->tensors.minus_inf_row,
                        .threads = 1,
                        .scale = given & 1 ? o->scale : NULL,
                        .scale_stride = given & 1};
    if (o->tensors.add) {
        rows.add = o->add, rows.add_ld = s->n;
    }
    if (o->tensors.keep) {
        rows.keep = o->keep, rows.keep_ld = s->n;
    }
    if (o->tensors.lengths || o->tensors.causal != SMX_CAUSAL_NONE) {
        rows.lengths = o->lengths;
    }
    o->rows = rows;
}

static void options_free(options *o) {
    for (int i = 0; i < TENSORS; i++) {
        tensor_check_gaps(&o->t[i]);
        tensor_free(&o->t[i]);
    }
    free(o->scale), free(o->add), free(o->keep), free(o->lengths);
}

static const struct {
    int ndim;
    int64_t shape[5];
} shapes[] = {
    {0, {0}}, {1, {19}}, {2, {70, 9}}, {3, {3, 9, 12}}, {4, {2, 3, 4, 5}}, {4, {2, 2, 20, 20}}, {4, {3, 1, 70, 2}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void check_options(const op *f, op_shape s, int packed, uint64_t seed) {
    rng r = rng_seed(seed);
    element types[OP_ARGUMENTS_MAX];
    int layouts[OP_ARGUMENTS_MAX];
    options o;
    element same = rng_below(&r, 2) ? F32 : F64;
    for (int a = 0; a < OP_ARGUMENTS_MAX; a++) {
        types[a] = packed ? same : (element)rng_below(&r, ELEMENTS_FLOAT);
        layouts[a] = packed ? LAYOUT_C : (int)rng_below(&r, LAYOUTS);
    }
    if (tensor_call_too_large(f, &s)) {
        return;
    }
    tensor_call c = tensor_call_new(f, s, types, layouts, &r);
    options_new(&o, &s, c.real, &r);
    label(
        "%s on %s, %zu rows, n = %zu, %d dimensions, axes %#x, options%s%s%s%s, causal %d, %u threads, seed %#llx: %s",
        f->name, smx_isa(), s.rows, s.n, s.ndim, s.axes, o.rows.scale ? " scale" : "", o.tensors.add ? " add" : "",
        o.tensors.keep ? " keep" : "", o.tensors.lengths ? " lengths" : "", (int)o.tensors.causal, o.tensors.threads,
        (unsigned long long)seed, tensor_call_text(f, types, layouts));
    bool given = o.rows.scale || o.rows.add || o.rows.keep || o.rows.lengths;
    bool takes = !given || f->f->takes != 0;
    smx_status wanted = takes ? SMX_OK : SMX_ERROR_OPTION;
    assert_status(wanted, tensor_call_expect(&c, &o.rows));
    int axis = op_axis(&s, &o.tensors, &r);
    assert_status(wanted, tensor_call_run(&c, axis, -1, &o.tensors));
    if (takes) {
        tensor_call_check(&c, -1);
    }
    tensor_call_free(&c), options_free(&o);
}

static void test_options(void **state) {
    (void)state;
    uint64_t seed = 0x80000000;
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; i < TENSOR_OPS; i++) {
            for (size_t k = 0; k < SHAPES; k++) {
                for (int axis = 0; axis < shapes[k].ndim; axis++) {
                    for (int variant = 0; variant < 10; variant++) {
                        op_shape s = op_shape_of(shapes[k].ndim, shapes[k].shape, axis);
                        s.keepdims = variant % 3 == 0;
                        check_options(tensor_op(i), s, variant % 2, ++seed);
                    }
                }
                for (unsigned axes = 0; axes < 1u << shapes[k].ndim; axes++) {
                    op_shape s = op_shape_over(shapes[k].ndim, shapes[k].shape, axes, axes % 3 == 0);
                    if (!one_axis(&s)) {
                        check_options(tensor_op(i), s, 0, ++seed);
                        check_options(tensor_op(i), s, 1, ++seed);
                    }
                }
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
