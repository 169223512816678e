/* The kernels of one instruction set and one type, as a table of pointers. */
#ifndef SMX_KERNEL_TABLE_H
#define SMX_KERNEL_TABLE_H

#include "pair.h"
#include "policy.h"
#include "wide.h"

#include <stddef.h>
#include <stdint.h>

/* How the logits of a row follow from its entries: z = scale x + add where keep is not 0, add not -inf and weight not
 * 0; masked out elsewhere. Null pointers: no such mask. */
#define SMX_LOGITS(real, suffix)                                                                     \
    struct smx_logits_##suffix {                                                                     \
        const real *x;                                                                               \
        size_t stride;       /* of x; masks have none */                                             \
        real scale, softcap; /* softcap 0: none */                                                   \
        const real *add, *weight;                                                                    \
        const uint8_t *keep;                                                                         \
        bool limit;   /* the limit of a row with +inf: all mass evenly on those */                   \
        size_t row_n; /* of the whole row, if this is its first part: it chooses the unit of sums */ \
    }
SMX_LOGITS(float, f32);
SMX_LOGITS(double, f64);

/* A row's cross-entropy: what is asked (gradients may be null), and what is found. The gradient G is dL/dloss. */
#define SMX_CE_ROW(real, suffix)                                                  \
    struct smx_ce_row_##suffix {                                                  \
        struct smx_logits_##suffix l;                                             \
        size_t n, classes; /* entries that lengths and causality keep, and all */ \
        struct policy policy;                                                     \
        int64_t label; /* negative: none */                                       \
        const real *targets, *class_weights;                                      \
        real smoothing, z_loss;                                                   \
        struct pair gradient;                                                     \
        real *dx, *dtargets;                                                      \
    };                                                                            \
    struct smx_ce_result_##suffix {                                               \
        real loss, lse, target_log_prob;                                          \
        int64_t argmax; /* -1: none */                                            \
    }
SMX_CE_ROW(float, f32);
SMX_CE_ROW(double, f64);

/* What rows share whose cross-entropy is that of a label and of nothing else. */
#define SMX_CE_LABELS(suffix)                                                                            \
    struct smx_ce_labels_##suffix {                                                                      \
        size_t n, ldx, lddx;                                                                             \
        struct pair gradient; /* below 2^29 in magnitude */                                              \
        bool places, idle;    /* whether argmax is wanted; whether nothing is of rows without a label */ \
    }
SMX_CE_LABELS(f32);
SMX_CE_LABELS(f64);

/* What each entry does stands in src/kernels/, at the function of the same name. `stream`: results go past the caches,
 * as far as the kernel can; they must not be in place then. */
#define SMX_KERNEL_TABLE(real, suffix)                                                                                 \
    struct smx_kernels_##suffix {                                                                                      \
        void (*softmax_rows)(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy);    \
        enum filling (*row_filling)(struct policy, real max);                                                          \
        real (*row_max)(size_t n, const real *x);                                                                      \
        void (*row_terms)(size_t n, const real *x, real max, size_t row_n, real *e, struct wide *sum);                 \
        void (*row_scale)(size_t n, const real *e, const struct wide *sum, real *y);                                   \
        void (*row_fill)(size_t n, enum filling, real *y);                                                             \
        void (*softmax_logits_row)(size_t n, const struct smx_logits_##suffix *, real *y, struct policy);              \
        void (*log_softmax_rows)(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy, \
                                 bool stream);                                                                         \
        void (*logsumexp_rows)(size_t rows, size_t n, const real *x, size_t ldx, real *lse);                           \
        void (*log_softmax_row)(size_t n, const struct smx_logits_##suffix *, real *y, struct policy);                 \
        real (*logsumexp_row)(size_t n, const struct smx_logits_##suffix *);                                           \
        real (*peak_variance_row)(size_t n, const struct smx_logits_##suffix *, struct policy, size_t *at);            \
        void (*logsumexp_backward_row)(size_t n, const struct smx_logits_##suffix *, real dlse, real *dx,              \
                                       struct policy);                                                                 \
        real (*logsumexp_weighted_row)(size_t n, const struct smx_logits_##suffix *, real *sign);                      \
        void (*backward_logits_row)(size_t n, const struct smx_logits_##suffix *, const real *y, const real *dy,       \
                                    real *dx);                                                                         \
        void (*double_backward_row)(size_t n, const struct smx_logits_##suffix *, const real *y, const real *dy,       \
                                    const real *ddx, real *gy, real *gdy);                                             \
        void (*log_softmax_backward_row)(size_t n, const struct smx_logits_##suffix *, const real *y, const real *dy,  \
                                         real *dx);                                                                    \
        void (*log_softmax_jvp_row)(size_t n, const struct smx_logits_##suffix *, const real *y, const real *v,        \
                                    real *jv);                                                                         \
        struct pair (*scale_gradient_row)(size_t n, const struct smx_logits_##suffix *, const real *x,                 \
                                          const real *dx);                                                             \
        void (*cross_entropy_rows)(size_t rows, const struct smx_ce_row_##suffix *, size_t ldx, size_t lddx,           \
                                   struct smx_ce_result_##suffix *);                                                   \
        size_t (*cross_entropy_labels)(size_t rows, const struct smx_ce_labels_##suffix *, const real *x,              \
                                       const int64_t *labels, real *dx, struct smx_ce_result_##suffix *);              \
        void (*softmax_columns)(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,              \
                                struct policy);                                                                        \
        void (*log_softmax_columns)(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,          \
                                    struct policy);                                                                    \
        void (*row_clean)(size_t n, real *y);                                                                          \
        void (*backward_rows)(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy, real *dx, \
                              size_t lddx, bool stream);                                                               \
        int32_t (*backward_exponent)(size_t n, const real *y, const real *dy);                                         \
        void (*backward_products)(size_t n, const real *y, const real *dy, int32_t exponent, size_t row_n,             \
                                  struct wide *sum);                                                                   \
        void (*backward_finish)(size_t n, const real *y, const real *dy, int32_t exponent, const struct wide *sum,     \
                                real *dx);                                                                             \
        void (*jacobian_rows)(size_t n, const real *y, size_t first, size_t last, real scale, real *jac, size_t ldj);  \
        size_t (*threshold_of_n)(size_t i);                                                                            \
        size_t (*threshold_of_rows)(size_t i);                                                                         \
    }
SMX_KERNEL_TABLE(float, f32);
SMX_KERNEL_TABLE(double, f64);

#endif
