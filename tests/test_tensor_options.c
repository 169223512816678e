/* Options as tensors: broadcast in every way, of every type and layout, and all at once, they are what the row
 * function makes of them when each row has its own. A scale may be a number instead. */
#include "common/check.h"
#include "common/isas.h"
#include "common/sampled.h"
#include "common/tensor_call.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SCALE, ADD, KEEP, LENGTHS, SLOPES, SINKS, TENSORS };

/* The same options twice: with tensors, and row by row. */
typedef struct options {
    tensor t[TENSORS];
    smx_tensor_options tensors;
    void *scale, *add, *sink; /* add: that, or what slopes take off */
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
        case SLOPES: /* their products with distances are numbers of every type */
            value = rng_below(r, 5) ? ldexp(rng_below(r, 3) ? 1 : -1, -(int)rng_below(r, 9)) : 0;
            break;
        case SINKS:
            value = rng_below(r, 4) ? 3 * rng_normal(r) : -INFINITY;
            break;
        default:
            value = (double)rng_below(r, s->n + 1);
        }
        tensor_set(t, k, value);
    }
}

/* The index of row k along a dimension of x. */
static size_t index_along(const op_shape *s, size_t k, int dimension) {
    for (int d = s->ndim - 1; d > dimension; d--) {
        k /= d == s->axis ? 1 : (size_t)s->shape[d];
    }
    return k % (size_t)s->shape[dimension];
}

static bool has_queries(const smx_tensor_options *opt) {
    return opt->causal != SMX_CAUSAL_NONE || opt->use_window || opt->alibi;
}

/* The entry at which the query of row k stands. */
static int64_t position(const smx_tensor_options *opt, const op_shape *s, size_t k) {
    int axis = opt->use_query_axis ? opt->query_axis : s->axis - 1;
    axis += axis < 0 ? s->ndim : 0;
    int64_t query = (int64_t)index_along(s, k, axis);
    return opt->causal == SMX_CAUSAL_BOTTOM_RIGHT ? query + (int64_t)s->n - s->shape[axis] : query;
}

static bool sees(const smx_tensor_options *opt, int64_t from, size_t j) {
    int64_t behind = (int64_t)j - from;
    return (opt->causal == SMX_CAUSAL_NONE || behind <= 0) &&
           (!opt->use_window || ((opt->window_left < 0 || -behind <= opt->window_left) &&
                                 (opt->window_right < 0 || behind <= opt->window_right)));
}

static double of_row(const tensor *t, const op_shape *s, size_t k) {
    int64_t shape[TENSOR_NDIM_MAX];
    int ndim = op_argument_shape(s, FORM_VALUE, shape);
    return tensor_get(t, broadcast_element(t, ndim, shape, k));
}

/* Each row's own scale and masks, in the type of the arithmetic. */
static void expand(options *o, const op_shape *s, element real) {
    size_t n = s->n, rows = s->rows;
    for (size_t k = 0; k < rows; k++) {
        int64_t from = has_queries(&o->tensors) ? position(&o->tensors, s, k) : 0;
        o->lengths[k] = o->tensors.lengths ? (int64_t)of_row(&o->t[LENGTHS], s, k) : (int64_t)n;
        real_set(real, o->scale, k, o->tensors.use_scale_value ? o->tensors.scale_value : of_row(&o->t[SCALE], s, k));
        real_set(real, o->sink, k, of_row(&o->t[SINKS], s, k));
        for (size_t j = 0; j < n; j++) {
            size_t here = op_element(s, FORM_ROW, k, j);
            if (o->tensors.add) {
                real_set(real, o->add, k * n + j,
                         tensor_get(&o->t[ADD], broadcast_element(&o->t[ADD], s->ndim, s->shape, here)));
            }
            if (o->tensors.alibi) {
                real_set(real, o->add, k * n + j, -of_row(&o->t[SLOPES], s, k) * fabs((double)((int64_t)j - from)));
            }
            o->keep[k * n + j] = sees(&o->tensors, from, j);
            if (o->tensors.keep) {
                size_t at = broadcast_element(&o->t[KEEP], s->ndim, s->shape, here);
                o->keep[k * n + j] &= tensor_bits(&o->t[KEEP], at) != 0;
            }
        }
    }
}

static bool one_axis(const op_shape *s) { return s->axes != 0 && (s->axes & (s->axes - 1)) == 0; }

/* What counts along an axis, or along another one too: without one, it is refused. */
static int without_place(const op_shape *s) {
    enum { OF_QUERIES = OPTION_CAUSAL | OPTION_WINDOW | OPTION_ALIBI };
    return !one_axis(s) ? OPTION_LENGTHS | OF_QUERIES : s->ndim == 1 ? OF_QUERIES : 0;
}

/* A scale over tensors is that of each row. */
static int taken_by(const op *f) { return f->f->takes | (f->f->takes & OPTION_SCALE_ROWS ? OPTION_SCALE : 0); }

/* Which options are given: of those that the function takes, as a rule. Slopes stand in the place of `add`. */
static int choice(const op *f, const op_shape *s, rng *r) {
    int not_given = OPTION_SCALE_ROWS | without_place(s) | (rng_below(r, 2) ? OPTION_ALIBI : OPTION_ADD);
    int given = (int)rng_below(r, OPTIONS_ALL + 1) & ~not_given, taken = taken_by(f);
    return rng_below(r, 8) && taken ? given & taken : given;
}

static void set_places(options *o, const op_shape *s, int given, rng *r) {
    if (given & OPTION_CAUSAL) {
        o->tensors.causal = (smx_causal)(1 + rng_below(r, 2));
    }
    if (given & OPTION_WINDOW) {
        o->tensors.use_window = 1;
        o->tensors.window_left = (int64_t)rng_below(r, s->n + 3) - 1;
        o->tensors.window_right = (int64_t)rng_below(r, s->n + 3) - 1;
    }
    if (has_queries(&o->tensors)) {
        o->tensors.use_query_axis = s->axis == 0 || rng_below(r, 2);
    }
    if (o->tensors.use_query_axis) {
        int axis = (s->axis + 1 + (int)rng_below(r, (size_t)s->ndim - 1)) % s->ndim;
        o->tensors.query_axis = rng_below(r, 2) ? axis : axis - s->ndim;
    }
}

static void options_new(options *o, const op_shape *s, element real, int given, rng *r) {
    memset(o, 0, sizeof *o);
    int64_t rows_shape[TENSOR_NDIM_MAX];
    int rows_ndim = op_argument_shape(s, FORM_VALUE, rows_shape);
    o->tensors.size = sizeof o->tensors;
    o->tensors.threads = 1 + (unsigned)rng_below(r, 3);
    o->tensors.minus_inf_row = (smx_minus_inf_row)rng_below(r, 2);
    for (int i = 0; i < TENSORS; i++) {
        static const element types[TENSORS][4] = {{F16, BF16, F32, F64}, {F16, BF16, F32, F64}, {U8, BOOL, U8, BOOL},
                                                  {I32, I64, U8, U64},   {F16, BF16, F32, F64}, {F16, BF16, F32, F64}};
        bool vector = i == ADD || i == KEEP;
        element e = rng_below(r, 2) && !(i == KEEP || i == LENGTHS) ? real : types[i][rng_below(r, 4)];
        o->t[i] = broadcast_tensor(e, vector ? s->ndim : rows_ndim, vector ? s->shape : rows_shape,
                                   rng_below(r, 2) ? LAYOUT_C : (int)rng_below(r, LAYOUTS), r);
        fill_option(i, s, &o->t[i], r);
    }
    if (given & OPTION_SCALE && rng_below(r, 4) == 0) {
        o->tensors.use_scale_value = 1;
        o->tensors.scale_value = -0.1 - rng_uniform(r, 0, 1);
    } else {
        o->tensors.scale = given & OPTION_SCALE ? tensor_dl(&o->t[SCALE]) : NULL;
    }
    o->tensors.add = given & OPTION_ADD ? tensor_dl(&o->t[ADD]) : NULL;
    o->tensors.keep = given & OPTION_KEEP ? tensor_dl(&o->t[KEEP]) : NULL;
    o->tensors.lengths = given & OPTION_LENGTHS ? tensor_dl(&o->t[LENGTHS]) : NULL;
    o->tensors.alibi = given & OPTION_ALIBI ? tensor_dl(&o->t[SLOPES]) : NULL;
    o->tensors.sink = given & OPTION_SINK ? tensor_dl(&o->t[SINKS]) : NULL;
    o->tensors.softcap = given & OPTION_SOFTCAP ? rng_uniform(r, 0.5, 30) : 0;
    set_places(o, s, given, r);
    o->scale = malloc(s->rows * 8), o->add = malloc(s->rows * s->n * 8), o->sink = malloc(s->rows * 8);
    o->keep = malloc(s->rows * s->n), o->lengths = malloc(s->rows * 8);
    expand(o, s, real);
    smx_options rows = {.size = sizeof rows,
                        .minus_inf_row = o->tensors.minus_inf_row,
                        .threads = 1,
                        .scale = given & OPTION_SCALE ? o->scale : NULL,
                        .scale_stride = given & OPTION_SCALE ? 1 : 0,
                        .softcap = o->tensors.softcap,
                        .sink = o->tensors.sink ? o->sink : NULL};
    if (o->tensors.add || o->tensors.alibi) {
        rows.add = o->add, rows.add_ld = s->n;
    }
    if (o->tensors.keep || has_queries(&o->tensors)) {
        rows.keep = o->keep, rows.keep_ld = s->n;
    }
    if (o->tensors.lengths) {
        rows.lengths = o->lengths;
    }
    o->rows = rows;
}

static void options_free(options *o) {
    for (int i = 0; i < TENSORS; i++) {
        tensor_check_gaps(&o->t[i]);
        tensor_free(&o->t[i]);
    }
    free(o->scale), free(o->add), free(o->sink), free(o->keep), free(o->lengths);
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
    int given = choice(f, &s, &r);
    options_new(&o, &s, c.real, given, &r);
    label("%s on %s, %zu rows, n = %zu, %d dimensions, axes %#x, options %#x, causal %d, %u threads, seed %#llx: %s",
          f->name, smx_isa(), s.rows, s.n, s.ndim, s.axes, (unsigned)given, (int)o.tensors.causal, o.tensors.threads,
          (unsigned long long)seed, tensor_call_text(f, types, layouts));
    bool takes = (given & ~taken_by(f)) == 0;
    int axis = op_axis(&s, &o.tensors, &r);
    assert_status(takes ? SMX_OK : SMX_ERROR_OPTION, tensor_call_run(&c, axis, -1, &o.tensors));
    if (takes) {
        assert_ok(tensor_call_expect(&c, &o.rows));
        tensor_call_check(&c, -1);
    }
    tensor_call_free(&c), options_free(&o);
}

/* Along each axis ten times, in a quick run each fourth of these; over every other set of axes, packed and not. */
static void test_options(void **state) {
    (void)state;
    const int step = (int)sample_step(4);
    uint64_t seed = 0x80000000;
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; i < TENSOR_OPS; i++) {
            for (size_t k = 0; k < SHAPES; k++) {
                for (int axis = 0; axis < shapes[k].ndim; axis++) {
                    for (int variant = ((int)i + axis) % step; variant < 10; variant += step) {
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
