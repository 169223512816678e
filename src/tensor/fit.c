#include "../base/arithmetic.h"

#include "fit.h"

bool smx_fit(const struct view *v, const struct view *x, int axis, bool vector, bool broadcast, struct operand *o) {
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

void smx_operand_fill(const struct view *v, enum form form, size_t n, struct operand *o) {
    o->given = true;
    o->form = form;
    o->dtype = v->dtype;
    o->data = v->data != NULL ? v->data : empty; /* a null pointer would say that it is not given */
    o->extent[0] = form == FORM_MATRIX ? n : 1;
    o->extent[1] = form == FORM_MATRIX || form == FORM_ROW || form == FORM_VECTORS || form == FORM_CLASSES ? n : 1;
}

bool smx_fit_argument(const struct argument *a, const struct view *v, const struct view *x, int axis, size_t count,
                      struct operand *o) {
    smx_operand_fill(v, a->form, x->shape[axis], o);
    o->output = argument_is_output(a);
    o->repeats = a->repeats || a->form == FORM_CLASSES;
    switch (a->form) {
    case FORM_TOTAL:
        return smx_view_elements(v) == 1;
    case FORM_MATRIX:
        return fit_matrix(v, x, axis, o);
    case FORM_CLASSES:
        o->stride[1] = v->ndim == 1 ? v->stride[0] : 0;
        return v->ndim == 1 && v->shape[0] == x->shape[axis];
    case FORM_VECTORS:
        return fit_counted(v, x, axis, count, o);
    default:
        return smx_fit(v, x, axis, a->form == FORM_ROW, a->repeats, o);
    }
}
