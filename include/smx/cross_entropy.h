/* Cross-entropy on logits: loss, what belongs to it, and its gradients, in one call; and the same of log-probabilities.
 * Part of smx/smx.h. */
#ifndef SMX_CROSS_ENTROPY_H
#define SMX_CROSS_ENTROPY_H

#include "smx/base.h"
#include "smx/exact_sum.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum smx_reduction {
    SMX_REDUCTION_NONE = 0, /* the loss of each row; `reduced` must be null */
    SMX_REDUCTION_SUM = 1,
    SMX_REDUCTION_MEAN = 2 /* sum divided by the weight of the rows that count */
} smx_reduction;

/* What a mean over no rows, or rows of total weight 0, becomes, and its gradients in rows that are not ignored. */
typedef enum smx_empty_mean { SMX_EMPTY_MEAN_NAN = 0, SMX_EMPTY_MEAN_ZERO = 1 } smx_empty_mean;

/* The types that labels may have. */
typedef enum smx_integer {
    SMX_INT8 = 1,
    SMX_INT16 = 2,
    SMX_INT32 = 3,
    SMX_INT64 = 4,
    SMX_UINT8 = 5,
    SMX_UINT16 = 6,
    SMX_UINT32 = 7,
    SMX_UINT64 = 8
} smx_integer;

/* The problem and what is wanted of it. For row k with logits z (smx/base.h, (L); after `softcap`), class weights w
 * (1 without), label t and smoothing e,
 *
 *     loss_k = (1 - e) w_t (-log p_t) + (e / n) sum_c w_c (-log p_c) + z_loss lse^2              labels
 *     loss_k = sum_c T_c w_c (-log p_c) + z_loss lse^2,   T_c = (1 - e) targets_c + e / n        dense targets
 *
 * with p = softmax(z), lse = logsumexp(z). A coefficient of 0 makes a term 0 even where log p_c = -inf. Masked places
 * take no part in the second sum.
 *
 * Exactly one of labels_i32, labels_i64, labels and targets is given. With labels, a row whose label is `ignore_index`
 * (if use_ignore_index) counts for nothing: loss 0, gradient +0, target_log_prob 0, correct 0. Any other label must be
 * in [0, n): else SMX_ERROR_LABEL, with the row's number in *bad_row, and nothing is written. A label of SMX_UINT64
 * from 2^63 on, which is no class, is compared with ignore_index as if 2^64 less: 2^64 - 100 with -100.
 *
 * Zero bytes stand for "none" or "not wanted" in every field but `size`. Outputs are written on demand: each that is
 * not null. All come from the same pass over the logits. */
#define SMX_CROSS_ENTROPY(real, suffix)                                                                                \
    typedef struct smx_cross_entropy_args_##suffix {                                                                   \
        size_t size; /* of this struct: see smx_options */                                                             \
        /* ---- targets ---- */                                                                                        \
        const int32_t *labels_i32; /* rows elements */                                                                 \
        const int64_t *labels_i64; /* rows elements */                                                                 \
        const real *targets;       /* rows x n with stride ldt; any finite numbers, usually probabilities */           \
        size_t ldt;                                                                                                    \
        int use_ignore_index; /* 0 or 1 */                                                                             \
        int64_t ignore_index;                                                                                          \
        /* ---- the loss ---- */                                                                                       \
        const real *class_weights; /* n elements, finite and >= 0 */                                                   \
        real smoothing;            /* e, in [0, 1] */                                                                  \
        real z_loss;               /* finite and >= 0 */                                                               \
        real softcap;              /* z becomes softcap tanh(z / softcap); 0: none; in [2^-10, 2^15] otherwise */      \
        smx_reduction reduction;                                                                                       \
        smx_empty_mean empty_mean;                                                                                     \
        const real *dloss; /* dL/dloss: rows elements (reduction none) or one (sum, mean); null: 1 */                  \
        /* ---- outputs ---- */                                                                                        \
        real *loss;            /* rows elements, not reduced */                                                        \
        real *reduced;         /* one element */                                                                       \
        real *lse;             /* rows elements */                                                                     \
        real *target_log_prob; /* rows elements: log p_t; labels only */                                               \
        int64_t *argmax;       /* rows elements: the first of the largest logits; -1: no entry above -inf, or a NaN */ \
        uint8_t *correct;      /* rows elements: 1 if argmax is the label; labels only */                              \
        int64_t *count;        /* one element: rows not ignored */                                                     \
        real *weight;          /* one element: sum over rows not ignored of w_t (labels) or 1 (targets) */             \
        real *dx;              /* rows x n with stride lddx; may be x itself with the same stride */                   \
        size_t lddx;                                                                                                   \
        real *dtargets; /* rows x n with stride lddt: gradient for dense targets */                                    \
        size_t lddt;                                                                                                   \
        size_t *bad_row; /* one element: set when SMX_ERROR_LABEL is returned */                                       \
        /* ---- a batch in pieces ---- */                                                                              \
        const smx_exact_sum *batch_weight; /* of all pieces: what a mean divides by; null: this call's rows are all */ \
        smx_exact_sum *weight_sum;         /* `weight` is added to it */                                               \
        smx_exact_sum *loss_sum;           /* the rows' losses are added to it */                                      \
        /* ---- labels of any type ---- */                                                                             \
        const void *labels;      /* rows elements */                                                                   \
        smx_integer labels_type; /* of labels */                                                                       \
    } smx_cross_entropy_args_##suffix
SMX_CROSS_ENTROPY(float, f32);
SMX_CROSS_ENTROPY(double, f64);
#undef SMX_CROSS_ENTROPY
#define SMX_CROSS_ENTROPY_ARGS_F32_INIT SMX_SIZED(smx_cross_entropy_args_f32)
#define SMX_CROSS_ENTROPY_ARGS_F64_INIT SMX_SIZED(smx_cross_entropy_args_f64)

/* Computes what `ce` asks for. With G = dloss_k (none), dloss (sum) or dloss / weight (mean; where the weight, or
 * batch_weight, is 0: NaN or 0, by empty_mean), and A_c the coefficient of -log p_c in loss_k,
 *
 *     dx_i = scale softcap'(z_i) G ((sum_c A_c + 2 z_loss lse) p_i - A_i)
 *     dtargets_i = G (1 - e) w_i (-log p_i)
 *
 * Shapes    x: rows x n with stride ldx.
 * Pieces    A batch may be split over calls, threads or machines: first calls that ask for weight_sum alone, merged
 *           (smx_exact_sum_merge); then calls with that as batch_weight, which give the gradients of the whole batch's
 *           mean, and its loss as smx_exact_sum_ratio_f32 of the merged loss_sum and batch_weight.
 * Aliasing  dx may be x itself with lddx = ldx: the logits are then overwritten. No other output may overlap an input
 *           or another output.
 * Special   A NaN in a row, or +inf under the default policy, makes the row's loss, lse, target_log_prob and gradients
 *           NaN (lse is +inf for a +inf); under SMX_PLUS_INF_LIMIT, p is the limit. NaN or infinity in dloss: NaN in
 *           the rows it belongs to. A label at a masked place or at -inf: loss +inf, gradient as the formula gives with
 *           p_t = 0. A row without a kept entry: lse -inf, gradient +0, loss +inf with a label
 *           (0 if its coefficient is 0), 0 with dense targets, which masks leave nothing of.
 *           No result is -0. n = 0 is refused with labels (SMX_ERROR_LABEL, unless all are ignored).
 * Error     target_log_prob: as smx_log_softmax_f32, whose bits it has; so has the loss, negated, of labels alone, or
 *           with class weights of 1. loss without z_loss and softcap, and with coefficients >= 0, otherwise: below 4
 *           ULP. lse: as smx_logsumexp_f32. dx with labels alone: below 3 ULP at the target and below 4.25 elsewhere
 *           (near certainty p_t - 1 keeps every digit).
 *           dx otherwise: |error| <= 2^-21 |scale G| ((|sum A_c| + 2 z_loss |lse|) p_i + |A_i|) + 3 2^-149, 2^-50
 *           and 3 2^-1074 in f64. reduced: the rows' losses, added without error before one rounding (a mean: one
 *           more).
 *           In dx, a p_i below 2^-186 (2^-1122) times the largest counts as 0, which shows where |scale G| (|sum A_c| +
 *           2 z_loss |lse|) exceeds 2^37 (2^48).
 *           In f64 the sum of exp(z_j - m) beside the largest is held to 2^-1074: coefficients above 1 multiply that.
 *           With softcap, z is off by up to 2^-45 softcap (2^-50 softcap in f64) before all this, its slope by a
 *           factor of 1 + 2^-22 (2^-50 (1 + |z| / softcap) in f64); infinite logits stay.
 * Threads   Over rows. Same bits for any number, any order and any split of the batch.
 * Status    SMX_ERROR_NULL, _SIZE, _STRIDE, _OVERLAP, _OPTION (also for contradictory or unusable fields of ce, which
 *           smx_refused names), _ISA, _SCALE, _LENGTH, _LABEL. */
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                                        const smx_cross_entropy_args_f32 *ce, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                        const smx_cross_entropy_args_f64 *ce, const smx_options *opt);

/* Negative log-likelihood: the same losses from log-probabilities, as smx_log_softmax_f32 gives them. For each row x
 * that is not ignored, with label t,
 *
 *     loss = -w_t x_t,     dx_t = -G w_t,     dx_i = 0 for i != t
 *
 * with w, G, `reduced`, `count`, `weight`, ignored rows and a batch in pieces as in smx_cross_entropy_f32.
 *
 * Takes     Of the fields of ce, not targets, dtargets, lse, smoothing, z_loss and softcap. target_log_prob is x_t, and
 *           argmax that of smx_argmax_f32. Of the options, neither scale nor masks.
 * Aliasing  dx may be x itself with lddx = ldx. No other output may overlap an input or another output.
 * Special   x_t is all that is looked at of a row, but for argmax and correct; any number will do. NaN there: NaN in
 *           loss and target_log_prob. A weight of 0 makes the loss 0 even where x_t = -inf. NaN or infinity in dloss:
 *           NaN in dx_t. No result is -0. n = 0 is refused, unless all labels are ignored.
 * Error     loss, and dx where it is no mean's: correctly rounded, at most 0.5 ULP. dx of a mean: below 0.51 ULP +
 *           2^-149 (2^-1074 in f64). reduced: as in smx_cross_entropy_f32.
 * Threads   Over rows. Same bits for any number, any order and any split of the batch.
 * Status    As smx_cross_entropy_f32. */
SMX_API SMX_MUST_CHECK smx_status smx_nll_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                              const smx_cross_entropy_args_f32 *ce, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_nll_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                              const smx_cross_entropy_args_f64 *ce, const smx_options *opt);

#ifdef __cplusplus
}
#endif

#endif
