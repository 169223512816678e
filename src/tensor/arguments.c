#include "arguments.h"

#include "../float_env.h"
#include "layout.h"
#include "stage.h"

#include <math.h>
#include <string.h>

/* ---- Shapes ---- */

/* Strides of a tensor along the dimensions of the call's rows and, of a vector, along the axis; numpy's rules where
 * `broadcast`: from the last dimension backwards, an extent of 1 or no dimension goes with any. False if it does not
 * fit. */
static bool fit(const struct view *v, const struct view *x, int axis, bool vector, bool broadcast, struct operand *o) {
    int dims = vector ? x->ndim : x->ndim - 1, missing = dims - v->ndim;
    if (missing < 0 || (missing > 0 && !broadcast)) {
        return false;
    }
    for (int d = 0; d < dims; d++) {
        int of_x = vector || d < axis ? d : d + 1;
        size_t extent = d < missing ? 1 : v->shape[d - missing];
        if (extent != x->shape[of_x] && !(broadcast && extent == 1)) {
            return false;
        }
        ptrdiff_t stride = d < missing || extent != x->shape[of_x] ? 0 : v->stride[d - missing];
        if (of_x == axis) {
            o->stride[1] = stride;
        } else {
            o->row[of_x < axis ? of_x : of_x - 1] = stride;
        }
    }
    return true;
}

/* Of one matrix a row: the dimensions of the rows, then two of n. */
static bool fit_matrix(const struct view *v, const struct view *x, int axis, struct operand *o) {
    size_t n = x->shape[axis];
    int dims = x->ndim - 1;
    if (v->ndim != dims + 2 || v->shape[dims] != n || v->shape[dims + 1] != n) {
        return false;
    }
    for (int d = 0; d < dims; d++) {
        if (v->shape[d] != x->shape[d < axis ? d : d + 1]) {
            return false;
        }
        o->row[d] = v->stride[d];
    }
    o->stride[0] = v->stride[dims];
    o->stride[1] = v->stride[dims + 1];
    return true;
}

/* Of one vector for each count in a dimension right before the axis, which is number `axis` of the rows' too. */
static bool fit_counted(const struct view *v, const struct view *x, int axis, size_t count, struct operand *o) {
    if (v->ndim != x->ndim + 1 || v->shape[axis] != count) {
        return false;
    }
    for (int d = 0; d < v->ndim; d++) {
        int of_x = d < axis ? d : d - 1;
        if (d != axis && v->shape[d] != x->shape[of_x]) {
            return false;
        }
        if (d == axis + 1) {
            o->stride[1] = v->stride[d];
        } else {
            o->row[d <= axis ? d : d - 1] = v->stride[d];
        }
    }
    return true;
}

static unsigned char empty[8];

static void fill_operand(const struct view *v, enum form form, size_t n, struct operand *o) {
    o->given = true;
    o->form = form;
    o->dtype = v->dtype;
    o->data = v->data != NULL ? v->data : empty; /* a null pointer would say that it is not given */
    o->extent[0] = form == FORM_MATRIX ? n : 1;
    o->extent[1] = form == FORM_MATRIX || form == FORM_VECTOR ? n : 1;
}

static bool fit_argument(const struct argument *a, const struct view *v, const struct view *x, int axis, size_t count,
                         struct operand *o) {
    fill_operand(v, a->form, x->shape[axis], o);
    o->output = a->output;
    o->repeats = a->broadcast || a->classes;
    switch (a->form) {
    case FORM_TOTAL:
        return smx_view_elements(v) == 1;
    case FORM_MATRIX:
        return fit_matrix(v, x, axis, o);
    default:
        if (a->classes) {
            o->stride[1] = v->ndim == 1 ? v->stride[0] : 0;
            return v->ndim == 1 && v->shape[0] == x->shape[axis];
        }
        return a->counted ? fit_counted(v, x, axis, count, o)
                          : fit(v, x, axis, a->form == FORM_VECTOR, a->broadcast, o);
    }
}

/* ---- Options ---- */

static bool normal_axis(int axis, int ndim, int *normal) {
    *normal = axis < 0 ? axis + ndim : axis;
    return -ndim <= axis && axis < ndim;
}

/* The query that a row is, as an operand without data. */
static smx_status read_causal(const smx_tensor_options *opt, const struct view *x, int axis, struct call *c) {
    if (opt->causal != SMX_CAUSAL_NONE && opt->causal != SMX_CAUSAL_TOP_LEFT &&
        opt->causal != SMX_CAUSAL_BOTTOM_RIGHT) {
        return SMX_ERROR_OPTION;
    }
    if (opt->use_query_axis != 0 && opt->use_query_axis != 1) {
        return SMX_ERROR_OPTION;
    }
    if ((opt->causal == SMX_CAUSAL_NONE && opt->use_query_axis) || (!opt->use_query_axis && opt->query_axis != 0)) {
        return SMX_ERROR_OPTION;
    }
    if (opt->causal == SMX_CAUSAL_NONE) {
        return SMX_OK;
    }
    int query_axis = axis - 1;
    if (opt->use_query_axis ? !normal_axis(opt->query_axis, x->ndim, &query_axis) : axis == 0) {
        return SMX_ERROR_SHAPE;
    }
    if (query_axis == axis) {
        return SMX_ERROR_OPTION;
    }
    struct operand *query = &c->operand[OPERAND_QUERY];
    query->given = true;
    query->row[query_axis < axis ? query_axis : query_axis - 1] = 1;
    c->causal = opt->causal;
    c->queries = x->shape[query_axis];
    return SMX_OK;
}

static const struct {
    bool vector;
    int dtypes;
} of_options[] = {
    [OPERAND_SCALE] = {false, DTYPES_FLOAT},
    [OPERAND_ADD] = {true, DTYPES_FLOAT},
    [OPERAND_KEEP] = {true, DTYPES_FLAG},
    [OPERAND_LENGTHS] = {false, DTYPES_INTEGER},
};
enum { TENSORS_OF_OPTIONS = OPERAND_LENGTHS + 1 };

static enum dtype work_of_option(int i, enum dtype real) {
    return i == OPERAND_KEEP ? DTYPE_U8 : i == OPERAND_LENGTHS ? DTYPE_I64 : real;
}

static smx_status read_option_tensors(const smx_tensor_options *opt, const struct view *x, int axis,
                                      struct view views[TENSORS_OF_OPTIONS], struct call *c) {
    const DLTensor *const tensors[TENSORS_OF_OPTIONS] = {[OPERAND_SCALE] = opt->scale,
                                                         [OPERAND_ADD] = opt->add,
                                                         [OPERAND_KEEP] = opt->keep,
                                                         [OPERAND_LENGTHS] = opt->lengths};
    for (int i = 0; i < TENSORS_OF_OPTIONS; i++) {
        struct operand *o = &c->operand[i];
        bool vector = of_options[i].vector;
        /* Lengths that come of the causal rule alone are an operand as well. */
        o->form = vector ? FORM_VECTOR : FORM_VALUE;
        o->extent[0] = o->extent[1] = 1;
        o->repeats = true;
        o->work = work_of_option(i, c->real);
        if (tensors[i] == NULL) {
            continue;
        }
        smx_status status = smx_view_of(tensors[i], of_options[i].dtypes, &views[i]);
        if (status != SMX_OK) {
            return status;
        }
        fill_operand(&views[i], o->form, c->n, o);
        if (!fit(&views[i], x, axis, vector, true, o)) {
            return SMX_ERROR_SHAPE;
        }
    }
    return SMX_OK;
}

/* ---- Values of the options ---- */

static bool scale_in_range(enum dtype real, const unsigned char *scale) {
    double value;
    smx_convert(1, real, scale, DTYPE_F64, &value);
    return fabs(value) >= 0x1p-64 && fabs(value) <= 0x1p64;
}

static bool length_in_range(const unsigned char *length, size_t n) {
    int64_t value;
    memcpy(&value, length, sizeof value);
    return value >= 0 && (uint64_t)value <= n;
}

/* Every scale or length once, however often it is repeated. */
static bool values_in_range(const struct call *c, int which) {
    struct call values = {.ndim = 0};
    struct operand *o = &values.operand[which];
    *o = c->operand[which];
    for (int d = 0; d < c->ndim; d++) {
        if (o->row[d] != 0) {
            o->row[values.ndim] = o->row[d];
            values.shape[values.ndim++] = c->shape[d];
        }
    }
    smx_layout_coalesce(&values, true);
    size_t rows = smx_call_rows(&values), size = smx_dtype_size(o->work);
    unsigned char chunk[64 * 8];
    for (size_t first = 0; first < rows; first += 64) {
        size_t count = rows - first < 64 ? rows - first : 64;
        smx_stage(&values, o, first, count, chunk);
        for (size_t k = 0; k < count; k++) {
            const unsigned char *value = chunk + k * size;
            if (which == OPERAND_SCALE ? !scale_in_range(c->real, value) : !length_in_range(value, c->n)) {
                return false;
            }
        }
    }
    return true;
}

static smx_status check_values(const struct call *c) {
    smx_status status = SMX_OK;
    float_env caller = float_env_enter();
    if (c->operand[OPERAND_SCALE].given && !values_in_range(c, OPERAND_SCALE)) {
        status = SMX_ERROR_SCALE;
    } else if (c->operand[OPERAND_LENGTHS].given && !values_in_range(c, OPERAND_LENGTHS)) {
        status = SMX_ERROR_LENGTH;
    }
    float_env_leave(caller);
    return status;
}

/* ---- All of it ---- */

static smx_status view_arguments(const struct argument *a, int count, struct view *views, enum dtype *real) {
    *real = DTYPE_F32;
    for (int i = 0; i < count; i++) {
        if (a[i].tensor == NULL && a[i].optional) {
            continue;
        }
        smx_status status = smx_view_of(a[i].tensor, a[i].dtypes != 0 ? a[i].dtypes : DTYPES_FLOAT, &views[i]);
        if (status != SMX_OK) {
            return status;
        }
        *real = views[i].dtype == DTYPE_F64 ? DTYPE_F64 : *real;
    }
    return SMX_OK;
}

/* An output against itself, the inputs, the outputs after it, and the options' tensors. */
static bool output_overlaps(const struct argument *a, int count, int output, const struct view *views,
                            const smx_tensor_options *opt, const struct view *of_option) {
    const struct view *out = &views[output];
    if (smx_view_overlaps_itself(out)) {
        return true;
    }
    for (int i = 0; i < count; i++) {
        bool other = a[i].tensor != NULL && i != output && !(a[i].output && i < output);
        bool in_place = other && (a[output].in_place >> i & 1) != 0 && smx_view_same(out, &views[i]);
        if (other && !in_place && smx_view_overlap(out, &views[i])) {
            return true;
        }
    }
    return (opt->scale != NULL && smx_view_overlap(out, &of_option[OPERAND_SCALE])) ||
           (opt->add != NULL && smx_view_overlap(out, &of_option[OPERAND_ADD])) ||
           (opt->keep != NULL && smx_view_overlap(out, &of_option[OPERAND_KEEP])) ||
           (opt->lengths != NULL && smx_view_overlap(out, &of_option[OPERAND_LENGTHS]));
}

/* Makes room for a dimension of the rows, along which nothing moves yet. */
static void insert_dimension(struct call *c, int at, size_t extent) {
    for (int d = c->ndim++; d > at; d--) {
        c->shape[d] = c->shape[d - 1];
        for (int i = 0; i < OPERANDS_MAX; i++) {
            c->operand[i].row[d] = c->operand[i].row[d - 1];
        }
    }
    c->shape[at] = extent;
    for (int i = 0; i < OPERANDS_MAX; i++) {
        c->operand[i].row[at] = 0;
    }
}

/* Those with a dimension for counts, or those without. */
static bool fit_some(const struct argument *a, int count, const struct view *views, int axis, bool counted,
                     size_t counts, struct call *c) {
    for (int i = 0; i < count; i++) {
        struct operand *o = &c->operand[OPERANDS_OF_OPTIONS + i];
        if (a[i].tensor == NULL || a[i].counted != counted) {
            continue;
        }
        if (!fit_argument(&a[i], &views[i], &views[0], axis, counts, o)) {
            return false;
        }
        o->work = a[i].dtypes != 0 ? a[i].work : c->real;
    }
    return true;
}

static bool fit_arguments(const struct argument *a, int count, const struct view *views, int axis, struct call *c) {
    if (!fit_some(a, count, views, axis, false, 0, c)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (a[i].tensor != NULL && a[i].counted) {
            if (views[i].ndim != views[0].ndim + 1) {
                return false;
            }
            insert_dimension(c, axis, views[i].shape[axis]);
            return fit_some(a, count, views, axis, true, views[i].shape[axis], c);
        }
    }
    return true;
}

static smx_status read_row_options(const smx_tensor_options *opt, struct call *c) {
    smx_options row = {.size = sizeof row,
                       .plus_inf = opt->plus_inf,
                       .minus_inf_row = opt->minus_inf_row,
                       .threads = opt->threads,
                       .parallel_for = opt->parallel_for,
                       .pool = opt->pool};
    c->row_options = row;
    smx_status status = smx_settings(&row, &c->settings);
    return status == SMX_OK && smx_isa() == NULL ? SMX_ERROR_ISA : status;
}

static void set_rows(const struct view *x, int axis, struct call *c) {
    c->n = x->shape[axis];
    c->ndim = x->ndim - 1;
    for (int d = 0; d < c->ndim; d++) {
        c->shape[d] = x->shape[d < axis ? d : d + 1];
    }
}

smx_status smx_call_prepare(const struct argument *a, int count, int axis, const smx_tensor_options *opt,
                            struct row_functions run, struct call *c) {
    smx_tensor_options full = {.size = sizeof full};
    struct view views[ARGUMENTS_MAX], of_option[TENSORS_OF_OPTIONS];
    memset(c, 0, sizeof *c);
    if (opt != NULL && !smx_read_sized(opt, opt->size, &full, sizeof full)) {
        return SMX_ERROR_OPTION;
    }
    smx_status status = read_row_options(&full, c);
    if (status != SMX_OK || (status = view_arguments(a, count, views, &c->real)) != SMX_OK) {
        return status;
    }
    if (!normal_axis(axis, views[0].ndim, &axis)) {
        return SMX_ERROR_SHAPE;
    }
    set_rows(&views[0], axis, c);
    if ((status = read_option_tensors(&full, &views[0], axis, of_option, c)) != SMX_OK ||
        (status = read_causal(&full, &views[0], axis, c)) != SMX_OK) {
        return status;
    }
    if (!fit_arguments(a, count, views, axis, c)) {
        return SMX_ERROR_SHAPE;
    }
    for (int i = 0; i < count; i++) {
        if (a[i].tensor != NULL && a[i].output && output_overlaps(a, count, i, views, &full, of_option)) {
            return SMX_ERROR_OVERLAP;
        }
    }
    c->run = c->real == DTYPE_F64 ? run.f64 : run.f32;
    c->columns = c->real == DTYPE_F64 ? run.columns_f64 : run.columns_f32;
    return check_values(c);
}

smx_status smx_call_apply(const struct argument *arguments, int count, int axis, const smx_tensor_options *opt,
                          struct row_functions run) {
    struct call call;
    smx_status status = smx_call_prepare(arguments, count, axis, opt, run, &call);
    return status == SMX_OK ? smx_call_run(&call) : status;
}
