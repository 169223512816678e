/* Rows that lie in parts, on several threads, processes or machines, under all options: log-softmax, logsumexp,
 * cross-entropy with its gradients and argmax, softmax and its backward pass. Part of smx/smx.h, which has the last two
 * for one row of plain entries, too.
 *
 * The entries of all rows may be cut anywhere, into any number of parts, some of which may have none. Every result has
 * the bits that the function of whole rows gives. What parts must tell each other is two arrays of plain 64-bit
 * integers, `maxima` and `sums`. The maxima are put together by taking the larger of two, the sums by adding: with
 * MPI_MAX and MPI_SUM of MPI_INT64_T, ncclMax and ncclSum of ncclInt64, or a loop; in any order and grouping, up to
 * 2^30 parts. No result depends on the machine that a part was done on.
 *
 *     smx_part part = SMX_PART_INIT;
 *     part.row_n = 50257;                      the whole rows
 *     part.first = first;                      this part has entries [first, first + n) of each
 *     part.maxima = maxima;                    rows x SMX_PART_MAXIMA
 *     part.sums = sums;                        rows x SMX_PART_SUMS
 *     for (int round = 1; round <= SMX_PART_ROUNDS; round++) {
 *         smx_part_maxima_f32(round, rows, n, x, n, &ce, &part, &opt);
 *         MPI_Allreduce(MPI_IN_PLACE, maxima, rows * SMX_PART_MAXIMA, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
 *     }
 *     smx_part_sums_f32(rows, n, x, n, &ce, &part, &opt);
 *     MPI_Allreduce(MPI_IN_PLACE, sums, rows * SMX_PART_SUMS, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
 *     smx_cross_entropy_part_f32(rows, n, x, n, &ce, &part, &opt);
 *
 * The last line gives each part its entries of dx, and all parts the same losses. */
#ifndef SMX_PARTS_H
#define SMX_PARTS_H

#include "smx/cross_entropy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the steps on a part lead to. */
typedef enum smx_part_kind {
    SMX_PART_LOGARITHMS = 0,      /* log-softmax, logsumexp, cross-entropy */
    SMX_PART_SOFTMAX = 1,         /* softmax: the first round of maxima is enough */
    SMX_PART_SOFTMAX_BACKWARD = 2 /* its backward pass, with y for x and dy for b: the same */
} smx_part_kind;

enum {
    SMX_PART_ROUNDS = 3,  /* of maxima; of logarithms, all but cross-entropy need the first two only */
    SMX_PART_MAXIMA = 16, /* int64_t, for each row */
    SMX_PART_SUMS = 12    /* int64_t, for each row */
};

/* Where a part lies in its rows, and what is known of these. One struct goes through all calls on a part. What the
 * integers mean stands in docs/bits.md, "Rows in parts". */
typedef struct smx_part {
    size_t size;         /* of this struct: see smx_options */
    size_t row_n, first; /* how many entries the whole rows have; which of them is the part's first, from 0 */
    int64_t *maxima;     /* rows x SMX_PART_MAXIMA, without gaps */
    int64_t *sums;       /* rows x SMX_PART_SUMS, without gaps */
    const void *b;       /* of type T: weights of a logsumexp, or dy: the part's entries, rows x n; null: none */
    size_t ldb;          /* its stride; 0: one row of weights serves all */
    smx_part_kind kind;  /* the same in all calls */
} smx_part;
#define SMX_PART_INIT SMX_SIZED(smx_part)

/* For all functions of this header:
 *
 * Shapes    x: rows x n with stride ldx, the part's entries; n may be 0. Of ce, targets, dx and dtargets have the
 *           part's entries too; labels are counted in the whole row, class_weights has row_n elements, and all else is
 *           as of whole rows.
 * Options   As the function of whole rows. The masks `add` and `keep` have the part's entries; lengths, the causal
 *           rule, the window and alibi count in whole rows.
 *           Options, and ce but for its outputs, must be the same in all calls and on all parts, masks apart.
 * Special, Error    As the function of whole rows, whose bits these are.
 * Aliasing  As the function of whole rows. maxima and sums overlap nothing.
 * Threads   Over rows. Same bits for any number.
 * Status    As the function of whole rows; besides, SMX_ERROR_NULL for part, maxima and sums; _OPTION for part->size,
 *           a part->kind that is not the function's, a round that does not exist, and part->b beside ce; _SIZE for
 *           first + n > row_n; _STATS for maxima or sums that no rows have, or where a round is missing. A refused call
 *           writes nothing. */

/* Round 1 sets this part's share of all maxima; rounds 2 and 3, given the maxima of whole rows from the round before,
 * those that follow from them. `ce` is null where there is no cross-entropy; its outputs are not written. */
SMX_API SMX_MUST_CHECK smx_status smx_part_maxima_f32(int round, size_t rows, size_t n, const float *x, size_t ldx,
                                                      const smx_cross_entropy_args_f32 *ce, const smx_part *part,
                                                      const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_part_maxima_f64(int round, size_t rows, size_t n, const double *x, size_t ldx,
                                                      const smx_cross_entropy_args_f64 *ce, const smx_part *part,
                                                      const smx_options *opt);

/* Given the maxima of whole rows from the last round, sets this part's share of the sums. */
SMX_API SMX_MUST_CHECK smx_status smx_part_sums_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                                    const smx_cross_entropy_args_f32 *ce, const smx_part *part,
                                                    const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_part_sums_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                    const smx_cross_entropy_args_f64 *ce, const smx_part *part,
                                                    const smx_options *opt);

/* Given the maxima and sums of whole rows: the part's entries of y, as smx_log_softmax_f32 has them. */
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_part_f32(size_t rows, size_t n, const float *x, size_t ldx, float *y,
                                                           size_t ldy, const smx_part *part, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_part_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                           double *y, size_t ldy, const smx_part *part,
                                                           const smx_options *opt);

/* Given the maxima and sums of whole rows: their lse, as smx_logsumexp_f32 has it. Of the options, the policies and the
 * sink are looked at; part->first is not. */
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_part_f32(size_t rows, float *lse, const smx_part *part,
                                                         const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_part_f64(size_t rows, double *lse, const smx_part *part,
                                                         const smx_options *opt);

/* Given the maxima and sums of whole rows, from steps with part->b: their lse and sign, as smx_logsumexp_weighted_f32
 * has them. sign may be null. Of the options and the part, nothing more is looked at. */
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_weighted_part_f32(size_t rows, float *lse, float *sign,
                                                                  const smx_part *part, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_weighted_part_f64(size_t rows, double *lse, double *sign,
                                                                  const smx_part *part, const smx_options *opt);

/* Given the maxima and sums of whole rows: what `ce` asks for, as smx_cross_entropy_f32 has it. Every part gets the
 * same losses, argmax and reductions; let one of them have loss_sum and weight_sum. */
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_part_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                                             const smx_cross_entropy_args_f32 *ce, const smx_part *part,
                                                             const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_part_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                             const smx_cross_entropy_args_f64 *ce, const smx_part *part,
                                                             const smx_options *opt);

/* Given the maxima and sums of whole rows: the part's entries of y, as smx_softmax_f32 has them. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_part_f32(size_t rows, size_t n, const float *x, size_t ldx, float *y,
                                                       size_t ldy, const smx_part *part, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_part_f64(size_t rows, size_t n, const double *x, size_t ldx, double *y,
                                                       size_t ldy, const smx_part *part, const smx_options *opt);

/* Given the maxima and sums of whole rows: the part's entries of dx, as smx_softmax_backward_f32 has them. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_part_f32(size_t rows, size_t n, const float *y, size_t ldy,
                                                                const float *dy, size_t lddy, float *dx, size_t lddx,
                                                                const smx_part *part, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_part_f64(size_t rows, size_t n, const double *y, size_t ldy,
                                                                const double *dy, size_t lddy, double *dx, size_t lddx,
                                                                const smx_part *part, const smx_options *opt);

#ifdef __cplusplus
}
#endif

#endif
