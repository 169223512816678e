#include "../arithmetic.h"

#include "arguments.h"

#include "../refused.h"
#include "../wide.h"
#include "call_options.h"
#include "fit.h"

#include <string.h>

static smx_status view_arguments(const struct argument *a, int count, struct view *views, enum dtype *real) {
    *real = DTYPE_F32;
    for (int i = 0; i < count; i++) {
        if (a[i].tensor == NULL && a[i].optional) {
            continue;
        }
        smx_status status = smx_view_of(a[i].tensor, a[i].dtypes != 0 ? a[i].dtypes : DTYPES_FLOAT, &views[i]);
        if (status != SMX_OK) {
            return smx_refuse(status, a[i].name);
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

/* Those with a dimension for counts, or those without: the name of the first that does not fit, or null. */
static const char *fit_some(const struct argument *a, int count, const struct view *views, int axis, bool counted,
                            size_t counts, struct call *c) {
    for (int i = 0; i < count; i++) {
        struct operand *o = &c->operand[OPERANDS_OF_OPTIONS + i];
        if (a[i].tensor == NULL || a[i].counted != counted) {
            continue;
        }
        if (!smx_fit_argument(&a[i], &views[i], &views[0], axis, counts, o)) {
            return a[i].name;
        }
        o->work = a[i].dtypes != 0 ? a[i].work : c->real;
    }
    return NULL;
}

static const char *fit_arguments(const struct argument *a, int count, const struct view *views, int axis,
                                 struct call *c) {
    const char *unfit = fit_some(a, count, views, axis, false, 0, c);
    for (int i = 0; i < count && unfit == NULL; i++) {
        if (a[i].tensor != NULL && a[i].counted) {
            if (views[i].ndim != views[0].ndim + 1) {
                return a[i].name;
            }
            insert_dimension(c, axis, views[i].shape[axis]);
            return fit_some(a, count, views, axis, true, views[i].shape[axis], c);
        }
    }
    return unfit;
}

/* At least one dimension: that of the one row of a vector. */
static void set_rows(const struct view *x, int axis, struct call *c) {
    c->n = x->shape[axis];
    c->ndim = x->ndim - 1;
    if (c->ndim == 0) {
        c->shape[c->ndim++] = 1;
        return;
    }
    for (int d = 0; d < c->ndim; d++) {
        c->shape[d] = x->shape[d < axis ? d : d + 1];
    }
}

smx_status smx_call_prepare(const struct argument *a, int count, int axis, const smx_tensor_options *opt,
                            struct row_functions run, struct call *c) {
    smx_tensor_options full = {.size = sizeof full};
    struct view views[ARGUMENTS_MAX], of_option[TENSORS_OF_OPTIONS];
    memset(c, 0, sizeof *c);
    views[0].ndim = 0; /* without arguments there would be no axis */
    if (opt != NULL && !smx_read_sized(opt, opt->size, &full, sizeof full)) {
        return smx_refuse(SMX_ERROR_OPTION, "options.size");
    }
    smx_status status = smx_options_read_row(&full, c);
    if (status != SMX_OK || (status = view_arguments(a, count, views, &c->real)) != SMX_OK) {
        return status;
    }
    if (!smx_normal_axis(axis, views[0].ndim, &axis)) {
        return smx_refuse(SMX_ERROR_SHAPE, "axis");
    }
    if (views[0].shape[axis] > SMX_ROW_MOST) {
        return smx_refuse(SMX_ERROR_SIZE, a[0].name);
    }
    set_rows(&views[0], axis, c);
    if ((status = smx_options_read(&full, &views[0], axis, of_option, c)) != SMX_OK) {
        return status;
    }
    const char *unfit = fit_arguments(a, count, views, axis, c);
    if (unfit != NULL) {
        return smx_refuse(SMX_ERROR_SHAPE, unfit);
    }
    for (int i = 0; i < count; i++) {
        if (a[i].tensor != NULL && a[i].output && output_overlaps(a, count, i, views, &full, of_option)) {
            return smx_refuse(SMX_ERROR_OVERLAP, a[i].name);
        }
    }
    c->run = c->real == DTYPE_F64 ? run.f64 : run.f32;
    c->columns = c->real == DTYPE_F64 ? run.columns_f64 : run.columns_f32;
    return smx_options_check_values(c);
}

smx_status smx_call_apply(const struct argument *arguments, int count, int axis, const smx_tensor_options *opt,
                          struct row_functions run) {
    struct call call;
    smx_status status = smx_call_prepare(arguments, count, axis, opt, run, &call);
    return status == SMX_OK ? smx_call_run(&call) : status;
}
