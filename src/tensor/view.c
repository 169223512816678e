#include "../base/arithmetic.h"

#include "view.h"

#include <string.h>

static bool in_cpu_memory(DLDeviceType device) {
    return device == kDLCPU || device == kDLCUDAHost || device == kDLROCMHost;
}

/* The product of the extents into *elements, or SMX_ERROR_SIZE. An extent of 0 makes it 0 whatever the others are. */
static smx_status count_elements(const DLTensor *t, size_t size, size_t *elements) {
    size_t product = 1;
    bool overflow = false;
    for (int d = 0; d < t->ndim; d++) {
        if (t->shape[d] < 0) {
            return SMX_ERROR_SHAPE;
        }
        if (t->shape[d] == 0) {
            product = 0;
        } else if (product > PTRDIFF_MAX / size / (uint64_t)t->shape[d]) {
            overflow = true;
        } else {
            product *= (size_t)t->shape[d];
        }
    }
    *elements = product;
    return overflow && product != 0 ? SMX_ERROR_SIZE : SMX_OK;
}

/* Strides in bytes. Adds up how far elements reach below and above element 0: at most PTRDIFF_MAX in all. */
static smx_status read_strides(const DLTensor *t, size_t size, struct view *view, size_t *below, size_t *above) {
    size_t c_order = size, reach = size;
    *below = 0, *above = size;
    for (int d = t->ndim - 1; d >= 0; d--) {
        size_t steps = view->shape[d] - 1, step = c_order;
        bool negative = t->strides != NULL && t->strides[d] < 0;
        c_order *= view->shape[d];
        if (steps == 0) {
            view->stride[d] = 0;
            continue;
        }
        if (t->strides != NULL) {
            uint64_t given = negative ? 0 - (uint64_t)t->strides[d] : (uint64_t)t->strides[d];
            if (given > PTRDIFF_MAX / size) {
                return SMX_ERROR_SIZE;
            }
            step = (size_t)given * size;
        }
        if (step != 0 && steps > (PTRDIFF_MAX - reach) / step) {
            return SMX_ERROR_SIZE;
        }
        reach += steps * step;
        *(negative ? below : above) += steps * step;
        view->stride[d] = negative ? -(ptrdiff_t)step : (ptrdiff_t)step;
    }
    return SMX_OK;
}

smx_status smx_view_of(const DLTensor *t, int allowed, struct view *view) {
    if (t == NULL) {
        return SMX_ERROR_NULL;
    }
    if (!in_cpu_memory(t->device.device_type)) {
        return SMX_ERROR_DEVICE;
    }
    if (!smx_dtype_of(t->dtype, &view->dtype) || (1 << view->dtype & allowed) == 0) {
        return SMX_ERROR_DTYPE;
    }
    if (t->ndim < 0 || t->ndim > NDIM_MAX) {
        return SMX_ERROR_SHAPE;
    }
    if (t->ndim > 0 && t->shape == NULL) {
        return SMX_ERROR_NULL;
    }
    size_t size = dtype_size(view->dtype), elements;
    smx_status status = count_elements(t, size, &elements);
    if (status != SMX_OK) {
        return status;
    }
    view->ndim = t->ndim;
    memset(view->stride, 0, sizeof view->stride);
    for (int d = 0; d < t->ndim; d++) {
        if ((uint64_t)t->shape[d] > SIZE_MAX) {
            return SMX_ERROR_SIZE;
        }
        view->shape[d] = (size_t)t->shape[d];
    }
    view->data = t->data;
    if (elements == 0) {
        return SMX_OK;
    }
    if (t->data == NULL) {
        return SMX_ERROR_NULL;
    }
    size_t below, above;
    status = read_strides(t, size, view, &below, &above);
    uintptr_t at = (uintptr_t)t->data;
    if (status != SMX_OK || t->byte_offset > UINTPTR_MAX - at || at + (uintptr_t)t->byte_offset < below ||
        above > UINTPTR_MAX - at - (uintptr_t)t->byte_offset) {
        return SMX_ERROR_SIZE;
    }
    view->data += t->byte_offset;
    return SMX_OK;
}

size_t smx_view_elements(const struct view *view) {
    size_t product = 1;
    for (int d = 0; d < view->ndim; d++) {
        if (view->shape[d] == 0) {
            return 0;
        }
        product *= view->shape[d];
    }
    return product;
}

bool smx_view_same(const struct view *a, const struct view *b) {
    return a->data == b->data && a->dtype == b->dtype && a->ndim == b->ndim &&
           memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape) == 0 &&
           memcmp(a->stride, b->stride, (size_t)a->ndim * sizeof *a->stride) == 0;
}
