#include "../base/arithmetic.h"

#include "arguments.h"

#include "../base/refused.h"
#include "call_options.h"
#include "fit.h"
#include "layout.h"

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
    const DLTensor *const of_options[TENSORS_OF_OPTIONS] = {opt->scale,   opt->add,   opt->keep,
                                                            opt->lengths, opt->alibi, opt->sink};
    for (int i = 0; i < TENSORS_OF_OPTIONS; i++) {
        if (of_options[i] != NULL && smx_view_overlap(out, &of_option[i])) {
            return true;
        }
    }
    return false;
}

/* Makes room for a dimension of the rows, along which nothing moves yet. */
static void insert_dimension(struct call *c, int at, size_t extent) {
    for (int d = c->ndim++; d > at; d--) {
        c->shape[d] = c->shape[d - 1];
        for (int i = 0; i < c->operands; i++) {
            c->operand[i].row[d] = c->operand[i].row[d - 1];
        }
    }
    c->shape[at] = extent;
    for (int i = 0; i < c->operands; i++) {
        c->operand[i].row[at] = 0;
    }
}

/* Several vectors a row are a dimension more of the rows, along which all else repeats. The name of the first that does
 * not fit, or null. */
static const char *count_vectors(const struct arguments *a, int at, struct call *c) {
    bool counted = false;
    for (int i = 0; i < a->count; i++) {
        const struct view *v = &a->view[i];
        if (!takes_part(a, i) || a->argument[i].form != FORM_VECTORS) {
            continue;
        }
        if (!counted) {
            insert_dimension(c, at, v->shape[at]);
            counted = true;
        }
        if (v->shape[at] != c->shape[at]) {
            return a->argument[i].name;
        }
        c->operand[OPERANDS_OF_OPTIONS + i].row[at] = v->stride[at];
    }
    return NULL;
}

/* The same. */
static const char *fit_arguments(const struct arguments *a, const struct axes *axes, struct call *c) {
    for (int i = 0; i < a->count; i++) {
        const struct argument *argument = &a->argument[i];
        struct operand *o = &c->operand[OPERANDS_OF_OPTIONS + i];
        if (!takes_part(a, i)) {
            continue;
        }
        if (!smx_fit_argument(argument, &a->view[i], &a->view[0], axes, c->n, o)) {
            return argument->name;
        }
        o->work = argument->dtypes != 0 ? argument->work : c->real;
    }
    return count_vectors(a, axes->first, c);
}

/* Of the rows there is at least one dimension: that of the one row of a vector. */
static void set_dimensions(const struct view *x, const struct axes *axes, struct call *c) {
    int within = c->first_within = DIMENSIONS_MAX - axes->count;
    c->within = axes->count;
    c->keepdims = axes->keepdims;
    for (int d = 0; d < x->ndim; d++) {
        c->shape[axes->of_row[d] ? within++ : c->ndim++] = x->shape[d];
    }
    if (c->ndim == 0) {
        c->shape[c->ndim++] = 1;
    }
}

smx_status smx_call_prepare(const struct tensor_request *request, struct call *c) {
    smx_tensor_options full = {.size = sizeof full};
    const smx_tensor_options *opt = request->opt;
    struct arguments a; /* its views, of 9 KB, are set where they are used */
    struct view of_option[TENSORS_OF_OPTIONS];
    struct axes axes;
    memset(c, 0, sizeof *c);
    a.argument = request->operation->argument;
    a.tensor = request->tensor;
    if (opt != NULL && !smx_read_sized(opt, opt->size, &full, sizeof full)) {
        return smx_refuse(SMX_ERROR_OPTION, "options.size");
    }
    smx_status status = smx_tensor_options_read_row(&full, c);
    if (status != SMX_OK || (status = view_arguments(&a, &c->real)) != SMX_OK) {
        return status;
    }
    c->operands = OPERANDS_OF_OPTIONS + a.count;
    if ((status = smx_axes_read(request->axis, &full, &a.view[0], &axes)) != SMX_OK) {
        return status;
    }
    if (!smx_axes_entries(&axes, &a.view[0], &c->n)) {
        return smx_refuse(SMX_ERROR_SIZE, a.argument[0].name);
    }
    set_dimensions(&a.view[0], &axes, c);
    if ((status = smx_tensor_options_read(&full, &a.view[0], &axes, of_option, c)) != SMX_OK) {
        return status;
    }
    const char *unfit = fit_arguments(&a, &axes, c);
    if (unfit != NULL) {
        return smx_refuse(SMX_ERROR_SHAPE, unfit);
    }
    for (int i = 0; i < a.count; i++) {
        if (takes_part(&a, i) && argument_is_output(&a.argument[i]) && output_overlaps(&a, i, &full, of_option)) {
            return smx_refuse(SMX_ERROR_OVERLAP, a.argument[i].name);
        }
    }
    smx_layout_within(c);
    c->operation = request->operation;
    c->columns = request->columns;
    if ((status = smx_options_check_values(c)) != SMX_OK) {
        return status;
    }
    const char *not_taken = smx_option_not_taken(c, request->operation->options);
    return not_taken == NULL ? SMX_OK : smx_refuse(SMX_ERROR_OPTION, not_taken);
}
