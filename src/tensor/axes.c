#include "../base/arithmetic.h"

#include "axes.h"

#include "../base/refused.h"
#include "../base/wide.h"

#include <string.h>

bool smx_normal_axis(int axis, int ndim, int *normal) {
    *normal = axis < 0 ? axis + ndim : axis;
    return -ndim <= axis && axis < ndim;
}

/* What of the fields contradicts the argument or another field; null if nothing does. */
static const char *unusable(int axis, const smx_tensor_options *opt) {
    if (opt->axes_count < 0 || (opt->axes == NULL && opt->axes_count != 0)) {
        return "options.axes_count";
    }
    if ((opt->axes != NULL) != (axis == SMX_AXES)) {
        return "options.axes";
    }
    return opt->keepdims != 0 && opt->keepdims != 1 ? "options.keepdims" : NULL;
}

static void add(struct axes *axes, int axis) {
    axes->of_row[axis] = true;
    axes->count++;
    axes->first = axis < axes->first ? axis : axes->first;
}

static smx_status read_list(const smx_tensor_options *opt, int ndim, struct axes *axes) {
    for (int i = 0; i < opt->axes_count; i++) {
        int axis;
        if (!smx_normal_axis(opt->axes[i], ndim, &axis)) {
            return smx_refuse(SMX_ERROR_SHAPE, "options.axes");
        }
        if (axes->of_row[axis]) {
            return smx_refuse(SMX_ERROR_OPTION, "options.axes");
        }
        add(axes, axis);
    }
    return SMX_OK;
}

smx_status smx_axes_read(int axis, const smx_tensor_options *opt, const struct view *x, struct axes *axes) {
    const char *not_usable = unusable(axis, opt);
    if (not_usable != NULL) {
        return smx_refuse(SMX_ERROR_OPTION, not_usable);
    }
    memset(axes, 0, sizeof *axes);
    axes->first = x->ndim;
    axes->keepdims = opt->keepdims != 0;
    if (axis == SMX_AXES) {
        return read_list(opt, x->ndim, axes);
    }
    if (axis == SMX_AXIS_ALL) {
        for (int d = 0; d < x->ndim; d++) {
            add(axes, d);
        }
        return SMX_OK;
    }
    int normal;
    if (x->ndim == 0 && (axis == 0 || axis == -1)) {
        return SMX_OK;
    }
    if (!smx_normal_axis(axis, x->ndim, &normal)) {
        return smx_refuse(SMX_ERROR_SHAPE, "axis");
    }
    add(axes, normal);
    return SMX_OK;
}

bool smx_axes_entries(const struct axes *axes, const struct view *x, size_t *n) {
    bool fits = true;
    *n = 1;
    for (int d = 0; d < x->ndim; d++) {
        if (!axes->of_row[d]) {
            continue;
        }
        if (x->shape[d] == 0) {
            *n = 0;
            return true;
        }
        fits = fits && *n <= SMX_ROW_MOST / x->shape[d];
        *n = fits ? *n * x->shape[d] : *n;
    }
    return fits;
}
