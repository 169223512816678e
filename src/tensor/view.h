/* A tensor as an argument: a DLTensor whose own fields have been checked, and checks of one against another. */
#ifndef SMX_TENSOR_VIEW_H
#define SMX_TENSOR_VIEW_H

#include "convert.h"

#define NDIM_MAX 32

struct view {
    unsigned char *data; /* element 0; null only if there are no elements */
    enum dtype dtype;
    int ndim;
    size_t shape[NDIM_MAX];
    ptrdiff_t stride[NDIM_MAX]; /* in bytes; 0 where the extent is 1, so that equal layouts have equal strides */
};

/* `allowed`: a set of dtypes. What it refuses is for the caller to name. */
smx_status smx_view_of(const DLTensor *tensor, int allowed, struct view *view);

/* 0 if an extent is 0; else at most PTRDIFF_MAX (smx_view_of has seen to it). */
size_t smx_view_elements(const struct view *view);

/* Same elements at the same place. */
bool smx_view_same(const struct view *a, const struct view *b);

/* Whether they share a byte. With unequal strides, ranges of memory that cross count as sharing. */
bool smx_view_overlap(const struct view *a, const struct view *b);

/* Whether two of its indices may lead to the same byte: not if each stride steps over all that smaller ones reach. */
bool smx_view_overlaps_itself(const struct view *view);

#endif
