#include "../base/arithmetic.h"

#include "arguments.h"

#include "../base/refused.h"
#include "../base/wide.h"
#include "call_options.h"
#include "fit.h"

#include <string.h>

/* The operation's arguments, of which an optional one without a tensor takes no part. */
struct arguments {
    const struct argument *argument;
    const DLTensor *const *tensor;
    int count;
    struct view view[TENSORS_MAX];
};

static bool takes_part(const struct arguments *a, int i) { return a->tensor[i] != NULL || !a->argument[i].optional; }

static smx_status view_arguments(struct arguments *a, enum dtype *real) {
    *real = DTYPE_F32;
    for (a->count = 0; a->count < TENSORS_MAX && a->argument[a->count].form != FORM_NONE; a->count++) {
        int i = a->count;
        if (!takes_part(a, i)) {
            continue;
        }
        int dtypes = a->argument[i].dtypes != 0 ? a->argument[i].dtypes : DTYPES_FLOAT;
        smx_status status = smx_view_of(a->tensor[i], dtypes, &a->view[i]);
        if (status != SMX_OK) {
            return smx_refuse(status, a->argument[i].name);
        }
        *real = a->view[i].dtype == DTYPE_F64 ? DTYPE_F64 : *real;
    }
    return SMX_OK;
}

/* An output against itself, the inputs, the outputs after it, and the options' tensors. */
static bool output_overlaps(const struct arguments *a, int output, const smx_tensor_options *opt,
                            const struct view *of_option) {
    const struct view *out = &a->view[output];
    if (smx_view_overlaps_itself(out)) {
        return true;
    }
    for (int i = 0; i < a->count; i++) {
        bool other = takes_part(a, i) && i != output && !(argument_is_output(&a->argument[i]) && i < output);
        bool may_be = (a->argument[output].in_place >> i & 1) != 0;
        if (other && !(may_be && smx_view_same(out, &a->view[i])) && smx_view_overlap(out, &a->view[i])) {
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

/* Those with a dimension for several vectors a row, or those without: the name of the first that does not fit, or
 * null. */
static const char *fit_some(const struct arguments *a, int axis, bool vectors, size_t extent, struct call *c) {
    for (int i = 0; i < a->count; i++) {
        const struct argument *argument = &a->argument[i];
        struct operand *o = &c->operand[OPERANDS_OF_OPTIONS + i];
        if (!takes_part(a, i) || (argument->form == FORM_VECTORS) != vectors) {
            continue;
        }
        if (!smx_fit_argument(argument, &a->view[i], &a->view[0], axis, extent, o)) {
            return argument->name;
        }
        o->work = argument->dtypes != 0 ? argument->work : c->real;
    }
    return NULL;
}

static const char *fit_arguments(const struct arguments *a, int axis, struct call *c) {
    const char *unfit = fit_some(a, axis, false, 0, c);
    for (int i = 0; i < a->count && unfit == NULL; i++) {
        if (takes_part(a, i) && a->argument[i].form == FORM_VECTORS) {
            if (a->view[i].ndim != a->view[0].ndim + 1) {
                return a->argument[i].name;
            }
            insert_dimension(c, axis, a->view[i].shape[axis]);
            return fit_some(a, axis, true, a->view[i].shape[axis], c);
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

smx_status smx_call_prepare(const struct tensor_request *request, struct call *c) {
    smx_tensor_options full = {.size = sizeof full};
    const smx_tensor_options *opt = request->opt;
    struct arguments a; /* its views, of 9 KB, are set where they are used */
    struct view of_option[TENSORS_OF_OPTIONS];
    int axis;
    memset(c, 0, sizeof *c);
    a.argument = request->operation->argument;
    a.tensor = request->tensor;
    if (opt != NULL && !smx_read_sized(opt, opt->size, &full, sizeof full)) {
        return smx_refuse(SMX_ERROR_OPTION, "options.size");
    }
    smx_status status = smx_options_read_row(&full, c);
    if (status != SMX_OK || (status = view_arguments(&a, &c->real)) != SMX_OK) {
        return status;
    }
    if (!smx_normal_axis(request->axis, a.view[0].ndim, &axis)) {
        return smx_refuse(SMX_ERROR_SHAPE, "axis");
    }
    if (a.view[0].shape[axis] > SMX_ROW_MOST) {
        return smx_refuse(SMX_ERROR_SIZE, a.argument[0].name);
    }
    set_rows(&a.view[0], axis, c);
    if ((status = smx_options_read(&full, &a.view[0], axis, of_option, c)) != SMX_OK) {
        return status;
    }
    const char *unfit = fit_arguments(&a, axis, c);
    if (unfit != NULL) {
        return smx_refuse(SMX_ERROR_SHAPE, unfit);
    }
    for (int i = 0; i < a.count; i++) {
        if (takes_part(&a, i) && argument_is_output(&a.argument[i]) && output_overlaps(&a, i, &full, of_option)) {
            return smx_refuse(SMX_ERROR_OVERLAP, a.argument[i].name);
        }
    }
    c->operation = request->operation;
    c->columns = request->columns;
    if ((status = smx_options_check_values(c)) != SMX_OK) {
        return status;
    }
    const char *not_taken = smx_option_not_taken(c, request->operation->options);
    return not_taken == NULL ? SMX_OK : smx_refuse(SMX_ERROR_OPTION, not_taken);
}
