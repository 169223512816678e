/* The gradient of a scale: sum of x_i dx_i / scale, an exact dot product and one division. docs/bits.md, "Derivatives".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SCALE_GRADIENT_TEMPLATE_H
#define SMX_SCALE_GRADIENT_TEMPLATE_H

#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>

#include "exact_dot_template.h"
#include "mask_template.h"
#include "masked_backward_template.h"
#include "vector_helpers_template.h"

/* x and dx as factors; x must be below 2 in magnitude, which two powers bring about: one could be out of range. */
struct scale_row {
    struct masked_rows rows; /* x and dx */
    real down, again;        /* powers of two that together bring x below 2 */
};

static void scale_factors(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct scale_row *r = row;
    masked_factors(&r->rows, j, n, a, b);
    for (size_t i = 0; i < n; i++) {
        a[i] = b[i] == 0 ? 0 : a[i] * r->down * r->again;
    }
}

/* The largest magnitude of the kept entries of x where dx is not 0; NaN if one is NaN. */
static inline real largest_used(const struct masked_rows *rows, size_t n) {
    real a[LOGITS_BLOCK], b[LOGITS_BLOCK], largest = 0;
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        masked_factors(rows, j, length, a, b);
        for (size_t i = 0; i < length; i++) {
            real magnitude = b[i] == 0 ? 0 : a[i] < 0 ? -a[i] : a[i];
            if (!(magnitude <= largest)) {
                largest = magnitude;
            }
            if (isnan(largest)) {
                return largest;
            }
        }
    }
    return largest;
}

/* The sum of x dx, divided by the row's scale; NaN: not finite.
 *
 * Error: at most BOUND_SCALE_GRADIENT = 2^-22 times the sum of |x_i dx_i| / |scale| in f32, with 2^-51 in f64; the
 * worst known is half of that (docs/accuracy.md). */
NOT_INLINE static struct pair scale_gradient_row(size_t n, const logits *l, const real *x, const real *dx) {
    struct scale_row row = {{l, x, dx}, 1, 1};
    real largest = largest_used(&row.rows, n);
    if (!isfinite(largest)) {
        return pair_of((double)canonical_nan());
    }
    int up = 0;
    if (largest >= 2) {
        up = exponent_of((double)largest);
        row.down = power_of_two(-up / 2);
        row.again = power_of_two(-(up - up / 2));
    }
    struct dot dot = exact_dot(n, l->row_n, scale_factors, &row);
    if (!dot_is_finite(&dot)) {
        return pair_of((double)canonical_nan());
    }
    return pair_div(pair_scaled(pair_of_dot(&dot), up), pair_of((double)l->scale));
}

#endif
