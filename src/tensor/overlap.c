/* Which tensors share memory. */
#include "../base/arithmetic.h"

#include "view.h"

#define AXES_COMPARED 8

/* An axis along which there is more than one element, of one tensor or of two with equal strides. */
struct axis {
    size_t steps[2], stride;
};

/* The axes by falling stride, as if each stride were positive. */
struct extent {
    uintptr_t first[2], past[2]; /* the memory that each tensor spans */
    int axes;
    struct axis axis[NDIM_MAX];
};

static void insert(struct extent *e, struct axis axis) {
    int i = e->axes++;
    for (; i > 0 && e->axis[i - 1].stride < axis.stride; i--) {
        e->axis[i] = e->axis[i - 1];
    }
    e->axis[i] = axis;
}

static size_t steps_along(const struct view *v, int d) { return v->shape[d] - 1; }

static void find_span(const struct view *v, uintptr_t *first, uintptr_t *past) {
    *first = (uintptr_t)v->data;
    *past = *first + dtype_size(v->dtype);
    for (int d = 0; d < v->ndim; d++) {
        if (v->stride[d] < 0) {
            *first -= steps_along(v, d) * (0 - (size_t)v->stride[d]);
        } else {
            *past += steps_along(v, d) * (size_t)v->stride[d];
        }
    }
}

/* False if their strides differ: a stride of 0 stands for an extent of 1 as well, and goes with any other. */
static bool find_axes(const struct view *a, const struct view *b, struct extent *e) {
    e->axes = 0;
    if (a->ndim != b->ndim) {
        return false;
    }
    for (int d = 0; d < a->ndim; d++) {
        ptrdiff_t stride = a->stride[d] != 0 ? a->stride[d] : b->stride[d];
        if (b->stride[d] != 0 && b->stride[d] != stride) {
            return false;
        }
        if (stride != 0) {
            struct axis axis = {{a->stride[d] != 0 ? steps_along(a, d) : 0, b->stride[d] != 0 ? steps_along(b, d) : 0},
                                stride < 0 ? 0 - (size_t)stride : (size_t)stride};
            insert(e, axis);
        }
    }
    return true;
}

/* Takes two axes for one where the outer continues the inner. */
static void coalesce(struct extent *e) {
    int kept = 0;
    for (int i = 1; i < e->axes; i++) {
        struct axis *outer = &e->axis[kept], inner = e->axis[i];
        size_t extent = inner.steps[0] + 1;
        if (inner.steps[0] == inner.steps[1] && outer->stride == extent * inner.stride) {
            outer->steps[0] = outer->steps[0] * extent + inner.steps[0];
            outer->steps[1] = outer->steps[1] * extent + inner.steps[1];
            outer->stride = inner.stride;
        } else {
            e->axis[++kept] = inner;
        }
    }
    e->axes = e->axes > 0 ? kept + 1 : 0;
}

/* Whether each stride steps over all that the smaller ones reach: then floor and ceiling are all steps to try. */
static bool nested(const struct extent *e, size_t size) {
    size_t reach = size;
    for (int i = e->axes - 1; i >= 0; i--) {
        size_t steps = e->axis[i].steps[e->axis[i].steps[1] > e->axis[i].steps[0]];
        if (e->axis[i].stride < reach) {
            return false;
        }
        reach += steps * e->axis[i].stride;
    }
    return true;
}

/* Whether a step along each axis, from -steps[0] to steps[1], comes closer to `distance` than `size`. */
static bool reaches(const struct axis *axis, int axes, ptrdiff_t distance, ptrdiff_t size) {
    if (axes == 0) {
        return -size < distance && distance < size;
    }
    ptrdiff_t stride = (ptrdiff_t)axis->stride, steps = distance / stride - (distance % stride < 0);
    for (int i = 0; i < 2; i++) {
        if (-(ptrdiff_t)axis->steps[0] <= steps + i && steps + i <= (ptrdiff_t)axis->steps[1] &&
            reaches(axis + 1, axes - 1, distance - (steps + i) * stride, size)) {
            return true;
        }
    }
    return false;
}

bool smx_view_overlap(const struct view *a, const struct view *b) {
    if (smx_view_elements(a) == 0 || smx_view_elements(b) == 0) {
        return false;
    }
    struct extent e;
    find_span(a, &e.first[0], &e.past[0]);
    find_span(b, &e.first[1], &e.past[1]);
    if (e.past[0] <= e.first[1] || e.past[1] <= e.first[0]) {
        return false;
    }
    size_t size = dtype_size(a->dtype);
    if (size != dtype_size(b->dtype) || !find_axes(a, b, &e)) {
        return true;
    }
    coalesce(&e);
    if (e.axes > AXES_COMPARED || !nested(&e, size)) {
        return true;
    }
    ptrdiff_t distance =
        e.first[0] < e.first[1] ? -(ptrdiff_t)(e.first[1] - e.first[0]) : (ptrdiff_t)(e.first[0] - e.first[1]);
    return reaches(e.axis, e.axes, distance, (ptrdiff_t)size);
}

bool smx_view_overlaps_itself(const struct view *v) {
    if (smx_view_elements(v) == 0) {
        return false;
    }
    for (int d = 0; d < v->ndim; d++) {
        if (v->shape[d] > 1 && v->stride[d] == 0) {
            return true;
        }
    }
    struct extent e;
    return !find_axes(v, v, &e) || !nested(&e, dtype_size(v->dtype));
}
