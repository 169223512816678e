#include "../base/arithmetic.h"

#include "fit.h"

/* Dimensions of a tensor, one after the other. */
struct dimensions {
    int ndim;
    const size_t *shape;
    const ptrdiff_t *stride;
};

static bool fit_dimensions(struct dimensions t, const struct view *x, const struct axes *axes, bool vector,
                           bool broadcast, struct operand *o) {
    int missing = (vector ? x->ndim : axes_rows_ndim(axes, x)) - t.ndim;
    if (missing < 0 || (missing > 0 && !broadcast)) {
        return false;
    }
    int at = -missing, row = 0, within = DIMENSIONS_MAX - axes->count;
    for (int d = 0; d < x->ndim; d++) {
        bool reduced = axes->of_row[d] && !vector;
        if (reduced && !axes->keepdims) {
            continue;
        }
        size_t wanted = reduced ? 1 : x->shape[d], extent = at < 0 ? 1 : t.shape[at];
        if (extent != wanted && !(broadcast && extent == 1)) {
            return false;
        }
        ptrdiff_t stride = at < 0 || extent != wanted ? 0 : t.stride[at];
        at++;
        if (!axes->of_row[d]) {
            o->row[row++] = stride;
        } else if (vector) {
            o->row[within++] = o->stride[1] = stride; /* more dimensions than one: layout.h has the last word */
        }
    }
    return true;
}

bool smx_fit(const struct view *v, const struct view *x, const struct axes *axes, bool vector, bool broadcast,
             struct operand *o) {
    return fit_dimensions((struct dimensions){v->ndim, v->shape, v->stride}, x, axes, vector, broadcast, o);
}

/* Of one matrix a row: the shape of the rows, then two of n. */
static bool fit_matrix(const struct view *v, const struct view *x, const struct axes *axes, size_t n,
                       struct operand *o) {
    int dims = v->ndim - 2;
    if (dims < 0 || v->shape[dims] != n || v->shape[dims + 1] != n) {
        return false;
    }
    o->stride[0] = v->stride[dims];
    o->stride[1] = v->stride[dims + 1];
    return fit_dimensions((struct dimensions){dims, v->shape, v->stride}, x, axes, false, false, o);
}

/* Of some vectors a row, in a dimension right before the first axis: as a vector without it. */
static bool fit_counted(const struct view *v, const struct view *x, const struct axes *axes, struct operand *o) {
    if (v->ndim != x->ndim + 1) {
        return false;
    }
    size_t shape[NDIM_MAX];
    ptrdiff_t stride[NDIM_MAX];
    for (int d = 0; d < x->ndim; d++) {
        shape[d] = v->shape[d < axes->first ? d : d + 1];
        stride[d] = v->stride[d < axes->first ? d : d + 1];
    }
    return fit_dimensions((struct dimensions){x->ndim, shape, stride}, x, axes, true, false, o);
}

static unsigned char empty[8];

void smx_operand_fill(const struct view *v, enum form form, size_t n, struct operand *o) {
    o->given = true;
    o->form = form;
    o->dtype = v->dtype;
    o->data = v->data != NULL ? v->data : empty; /* a null pointer would say that it is not given */
    o->extent[0] = form == FORM_MATRIX ? n : 1;
    o->extent[1] = form == FORM_MATRIX || form == FORM_ROW || form == FORM_VECTORS || form == FORM_CLASSES ? n : 1;
}

bool smx_fit_argument(const struct argument *a, const struct view *v, const struct view *x, const struct axes *axes,
                      size_t n, struct operand *o) {
    smx_operand_fill(v, a->form, n, o);
    o->output = argument_is_output(a);
    o->repeats = a->repeats || a->form == FORM_CLASSES;
    switch (a->form) {
    case FORM_TOTAL:
        return smx_view_elements(v) == 1;
    case FORM_MATRIX:
        return fit_matrix(v, x, axes, n, o);
    case FORM_CLASSES:
        o->stride[1] = v->ndim == 1 ? v->stride[0] : 0;
        return v->ndim == 1 && v->shape[0] == n;
    case FORM_VECTORS:
        return fit_counted(v, x, axes, o);
    default:
        return smx_fit(v, x, axes, a->form == FORM_ROW, a->repeats, o);
    }
}
