/* What the kernels of a row are given: its logits, and for cross-entropy all that makes its loss. */
#ifndef SMX_ROW_STRUCTS_H
#define SMX_ROW_STRUCTS_H

#include "kernels.h"

/* How the logits of a row follow from its entries: z = scale x + add where keep is not 0, add not -inf and weight not
 * 0; masked out elsewhere. Null pointers: no such mask. */
struct NAME(smx_logits) {
    const real *x;
    size_t stride;       /* of x; masks have none */
    real scale, softcap; /* softcap 0: none */
    const real *add, *weight;
    const uint8_t *keep;
    bool limit;   /* the limit of a row with +inf: all mass evenly on those */
    size_t row_n; /* of the whole row, if this is a part of it: it chooses the unit of sums */
};

/* A row's cross-entropy: what is asked (gradients may be null), and what is found. The gradient G is dL/dloss. */
struct NAME(smx_ce_row) {
    struct NAME(smx_logits) l;
    size_t n, classes; /* entries in the row's window, and all */
    struct policy policy;
    int64_t label; /* within the window; negative: none, or none there */
    const real *targets, *class_weights;
    real smoothing, z_loss;
    struct pair gradient;
    real *dx, *dtargets;
};

struct NAME(smx_ce_result) {
    real loss, lse, target_log_prob;
    int64_t argmax; /* -1: none */
};

/* What rows share whose cross-entropy is that of a label and of nothing else. */
struct NAME(smx_ce_labels) {
    size_t n, ldx, lddx;
    struct pair gradient; /* below 2^29 in magnitude */
    bool places, idle;    /* whether argmax is wanted; whether nothing is of rows without a label */
};

#endif
