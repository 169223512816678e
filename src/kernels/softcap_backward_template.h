/* From the gradient with respect to capped logits to that before the cap. docs/bits.md, "Derivatives".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTCAP_BACKWARD_TEMPLATE_H
#define SMX_SOFTCAP_BACKWARD_TEMPLATE_H

#include "../base/attributes.h"

#include "logits_template.h"
#include "mask_template.h"
#include "vector_helpers_template.h"

/* dx_j = cap'(scale x_j) dz_j; +0 in masked places, and where dz_j is 0. dx may be x or dz.
 *
 * Error: the slope is off by a factor of 1 + 2^-22 (f64: 2^-50 (1 + |scale x_j| / softcap)), and there is one rounding
 * more, of BOUND_SOFTCAP_BACKWARD = 0.5 ULP. The worst known: 1 of it in worst-softcap-backward-f32, 1 of it in
 * worst-softcap-backward-f64: half an ULP. */
NOT_INLINE static void softcap_backward_row(size_t n, const logits *l, const real *dz, real *dx) {
    double slope[LOGITS_BLOCK];
    real kept[LOGITS_BLOCK];
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        const real *from = kept_block(l, j, length, dz, kept);
        for (size_t i = 0; i < length; i++) {
            slope[i] = 1;
        }
        if (has_softcap(&l->softcap)) {
            softcap_slopes(l, j, length, slope);
        }
        multiply_by_slopes(length, from, slope, dx + j);
    }
}

#endif
