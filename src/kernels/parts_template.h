/* The steps of softmax and its backward pass, for rows in parts: the kernels of whole rows under the signatures of
 * kernels.h, which hold for either type. */
#ifndef SMX_PARTS_TEMPLATE_H
#define SMX_PARTS_TEMPLATE_H

#include "backward_products_template.h"
#include "kernels.h"
#include "row_fill_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"

static enum filling part_filling(struct policy policy, const void *max) {
    return row_filling(policy, *(const real *)max);
}

static void part_fill(size_t n, enum filling filling, void *y) { row_fill(n, filling, y); }

static void part_max(size_t n, const void *x, void *max) { *(real *)max = row_max(n, x); }

static void part_terms(size_t n, const void *x, const void *max, size_t row_n, void *e, struct wide *sum) {
    row_terms(n, x, *(const real *)max, row_n, e, sum);
}

static void part_scale(size_t n, const void *e, const struct wide *sum, void *y) { row_scale(n, e, sum, y); }

static int32_t part_backward_exponent(size_t n, const void *y, const void *dy) { return backward_exponent(n, y, dy); }

static void part_backward_products(size_t n, const void *y, const void *dy, int32_t exponent, size_t row_n,
                                   struct wide *sum) {
    backward_products(n, y, dy, exponent, row_n, sum);
}

static void part_backward_finish(size_t n, const void *y, const void *dy, int32_t exponent, const struct wide *sum,
                                 void *dx) {
    backward_finish(n, y, dy, exponent, sum, dx);
}

#endif
