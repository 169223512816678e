/* libsmx: the softmax layer, with the same bits everywhere.
 *
 * What every function here promises:
 *
 *   Bits      A result depends on the values of its inputs and on nothing else: not on the instruction set, the number
 *             of threads, the batch a row stands in, where a row is cut, alignment, strides, or the caller's rounding
 *             mode and flush-to-zero flags. Permuting a row permutes its result. docs/bits.md defines each operation.
 *   Accuracy  Each function states a bound, in ULP of the result's binade (2^-149, or 2^-1074 in f64, below the normal
 *             range). docs/accuracy.md has the analysis and the worst inputs known.
 *   Errors    Arguments are checked before anything is written. A refused call returns a status that says why,
 *             smx_refused names the argument or field, and every output is left untouched. The library never aborts,
 *             prints, allocates memory for a row function, sets errno, or leaves the floating-point environment
 *             changed.
 *   Threads   Every function may be called from any number of threads at once, on different outputs.
 *             The work is spread over threads that the library makes when it first has use for them, and keeps until
 *             exit or dlclose. Where the system gives fewer, or none, the result is the same. They handle none of the
 *             process's signals. A child of fork makes its own; one that a signal handler makes in the midst of a call
 *             must not return from the handler.
 *   Stack     A call takes less than 64 KB of the calling thread's stack, and so does each task of its work.
 *
 * Conventions: `rows` rows of `n` elements; row k of a matrix `a` starts at a + k * lda, and lda >= n counts elements,
 * not bytes. Elements between rows are neither read nor written. A pointer may be null only where nothing would be
 * read or written through it (rows = 0 or n = 0). Sizes may exceed 2^32; rows of more than 2^36 entries are refused
 * (SMX_ERROR_SIZE), as the proof that no sum overflows ends there. Two matrices overlap if they share an element;
 * with unequal strides, ranges of memory that cross count as sharing.
 */
#ifndef SMX_SMX_H
#define SMX_SMX_H

#include "smx/base.h"

#define SMX_VERSION_MAJOR 0
#define SMX_VERSION_MINOR 4
#define SMX_VERSION_PATCH 0
/* One number for a version, of which a later one has the larger. */
#define SMX_VERSION_NUMBER (10000 * SMX_VERSION_MAJOR + 100 * SMX_VERSION_MINOR + SMX_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Softmax ----------------------------------------------------------------------------------------------------- */

/* Forward. For each row of x
 *
 *     y_i = exp(x_i) / sum_j exp(x_j)                                                                     (1)
 *
 * Shapes    x: rows x n with stride ldx; y: rows x n with stride ldy.
 * Aliasing  y may be x itself with ldy = ldx (in place). Any other overlap is refused.
 * Special   A NaN in a row makes the whole row NaN (the canonical quiet NaN). +inf and rows of -inf: see the options.
 *           -inf beside a finite entry gives +0. A row of one finite entry gives exactly 1. Results below the normal
 *           range underflow gradually, never flushed. n = 0 or rows = 0 succeeds and writes nothing.
 * Error     Below 3.75 ULP, with a scale, an additive mask or slopes below 4.25; and 2^-150 (f64: 2^-1075) more for
 *           results below 2^-101 (2^-970). docs/accuracy.md has the analysis, and the worst inputs known. The ULP is
 *           that of the exact result's binade.
 * Threads   Over rows, or over parts of a row when there are few long rows. Same bits for any number.
 * Status    SMX_ERROR_NULL, _SIZE, _STRIDE, _OVERLAP, _OPTION, _ISA, _SCALE, _LENGTH.
 * Source    docs/derivation.md, equation (1); exact summation: docs/bits.md. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_f32(size_t rows, size_t n, const float *x, size_t ldx, float *y,
                                                  size_t ldy, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_f64(size_t rows, size_t n, const double *x, size_t ldx, double *y,
                                                  size_t ldy, const smx_options *opt);

/* Backward, from the result y of the forward pass and the gradient dy = dL/dy. For each row
 *
 *     dx_i = y_i (dy_i - sum_j y_j dy_j)                                                                  (6)
 *
 * which is dL/dy times the Jacobian (5), in O(n).
 *
 * Shapes    y, dy, dx: rows x n with strides ldy, lddy, lddx.
 * Aliasing  dx may be y or dy itself with the same stride. Any other overlap of dx is refused; y and dy may overlap.
 * Special   NaN or infinity in dy, or in y, or an entry of y of magnitude 2 or more (which no softmax gives), makes
 *           that row of dx NaN (canonical); other rows are untouched by it. A dx_i that is zero is +0. n = 0 or
 *           rows = 0 succeeds and writes nothing.
 * Error     |error in dx_i| <= 2^-23 y_i (|dy_i| + sum_j y_j |dy_j|) + 2^-149 in f32, and with 2^-52 and 2^-1074 in
 *           f64, for 0 <= y_j <= 1. Other entries of y below 2 give the formula's value, with no promise of accuracy.
 * Threads   As the forward pass.
 * Status    SMX_ERROR_NULL, _SIZE, _STRIDE, _OVERLAP, _OPTION, _ISA, _SCALE, _LENGTH.
 * Source    docs/derivation.md, equation (6). */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_f32(size_t rows, size_t n, const float *y, size_t ldy,
                                                           const float *dy, size_t lddy, float *dx, size_t lddx,
                                                           const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_f64(size_t rows, size_t n, const double *y, size_t ldy,
                                                           const double *dy, size_t lddy, double *dx, size_t lddx,
                                                           const smx_options *opt);

/* Jacobian, from the result y of the forward pass. For each row k, the n x n matrix
 *
 *     J_ij = y_i (1 - y_i)  if i = j
 *          = -y_i y_j       if i != j                                                                     (5)
 *
 * Shapes    y: rows x n with stride ldy. jac: rows matrices, J_ij of row k at jac[k * matrix_stride + i * ldj + j],
 *           with ldj >= n and matrix_stride >= n * ldj. C order of a rows x n x n array is ldj = n with
 *           matrix_stride = n * n.
 * Aliasing  jac must not overlap y.
 * Special   NaN or infinity in a row of y makes its whole matrix NaN (canonical). A product that is exactly zero is +0.
 * Error     Both the diagonal and the rest are correctly rounded: at most 0.5 ULP.
 * Threads   Over rows of matrices.
 * Options   Neither scale nor masks.
 * Status    SMX_ERROR_NULL, _SIZE, _STRIDE, _OVERLAP, _OPTION, _ISA.
 * Source    docs/derivation.md, equations (3), (4), (5). */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jacobian_f32(size_t rows, size_t n, const float *y, size_t ldy,
                                                           float *jac, size_t ldj, size_t matrix_stride,
                                                           const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jacobian_f64(size_t rows, size_t n, const double *y, size_t ldy,
                                                           double *jac, size_t ldj, size_t matrix_stride,
                                                           const smx_options *opt);

/* Argmax: where softmax is largest, which is what it comes to at temperature 0. For each row of logits z (smx/base.h,
 * (L)), the first j whose z_j is the largest of all that the masks keep.
 *
 * Shapes    x: rows x n with stride ldx; argmax: rows elements.
 * Aliasing  argmax must not overlap x.
 * Special   -1 for a row with a NaN in a kept place, or without a kept entry above -inf (n = 0, say); else the first
 *           +inf, where there is one. The policies do not matter, and the temperature only by its sign and by what it
 *           rounds: logits that are equal as two numbers of the type (docs/bits.md) are equal, and those of a row
 *           without scale and masks are its entries.
 * Threads   Over rows. Same bits for any number.
 * Options   No sink, which has no place.
 * Status    SMX_ERROR_NULL, _SIZE, _STRIDE, _OVERLAP, _OPTION, _ISA, _SCALE, _LENGTH. */
SMX_API SMX_MUST_CHECK smx_status smx_argmax_f32(size_t rows, size_t n, const float *x, size_t ldx, int64_t *argmax,
                                                 const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_argmax_f64(size_t rows, size_t n, const double *x, size_t ldx, int64_t *argmax,
                                                 const smx_options *opt);

/* ---- Softmax of a row in parts ----------------------------------------------------------------------------------- */

/* A row may be cut anywhere, and its parts handled by different threads, processes or devices: the result has the bits
 * of the whole row. Three steps, with a merge after each of the first two:
 *
 *     1. max     each part gives its maximum;          merge them all, in any order and grouping
 *     2. sum     each part, given the row's maximum,
 *                gives its sum as integers;            merge them all, in any order and grouping
 *     3. finish  each part, given the row's statistics, writes its part of y
 *
 * `row_n` is the length of the whole row in every part (it chooses the precision of the sum). Of the options, policies
 * are taken, neither scale nor masks.
 *
 * The sum is an exact integer, sum[0] + sum[1] 2^32 + sum[2] 2^64 + sum[3] 2^96, in units of 2^-67 (f32) or 2^-87 (f64)
 * of the terms' scale (docs/bits.md). A merge adds limb to limb, so a plain integer sum over 64-bit words (MPI_INT64_T
 * with MPI_SUM, say) merges up to 2^30 parts too; limbs need not be normalised. */
typedef struct smx_softmax_stats_f32 {
    float max; /* NaN if any entry is NaN; -inf of no entries */
    int64_t sum[4];
} smx_softmax_stats_f32;

typedef struct smx_softmax_stats_f64 {
    double max;
    int64_t sum[4];
} smx_softmax_stats_f64;

/* Step 1: sets stats to the maximum of the n entries of this part, with a sum of 0. n = 0 gives -inf.
 * Status: SMX_ERROR_NULL, _SIZE, _ISA. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_part_max_f32(size_t n, const float *x, smx_softmax_stats_f32 *stats);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_part_max_f64(size_t n, const double *x, smx_softmax_stats_f64 *stats);

/* Step 2: given stats->max of the whole row, sets stats->sum to the sum over this part.
 * Status: SMX_ERROR_NULL, _SIZE (also row_n < n), _OPTION, _ISA. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_part_sum_f32(size_t n, const float *x, size_t row_n,
                                                           smx_softmax_stats_f32 *stats, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_part_sum_f64(size_t n, const double *x, size_t row_n,
                                                           smx_softmax_stats_f64 *stats, const smx_options *opt);

/* Step 3: given the whole row's stats, writes this part of y. y may be x itself; any other overlap is refused.
 * The options' policies must be those of step 2. Status: SMX_ERROR_NULL, _SIZE, _OVERLAP, _OPTION, _ISA, and _STATS if
 * stats->sum is not that of a row. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_part_finish_f32(size_t n, const float *x,
                                                              const smx_softmax_stats_f32 *stats, float *y,
                                                              const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_part_finish_f64(size_t n, const double *x,
                                                              const smx_softmax_stats_f64 *stats, double *y,
                                                              const smx_options *opt);

/* The merge after steps 1 and 2: into = into merged with from. Commutative and associative.
 * Status: SMX_ERROR_NULL; _STATS if sums relative to different maxima would be added (nothing is changed then). */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_stats_merge_f32(smx_softmax_stats_f32 *into,
                                                              const smx_softmax_stats_f32 *from);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_stats_merge_f64(smx_softmax_stats_f64 *into,
                                                              const smx_softmax_stats_f64 *from);

/* The same three steps for the backward pass. In place of the maximum stands the largest exponent of the products
 * y_j dy_j; the sum is in units of 2^(exponent - 67) (f32) or 2^(exponent - 87) (f64). The f32 and the f64 functions
 * share the struct; do not mix them in one row. */
typedef struct smx_softmax_backward_stats {
    int32_t exponent; /* INT32_MIN: all products are 0, or none seen; INT32_MAX: dx will be NaN */
    int64_t sum[4];
} smx_softmax_backward_stats;

/* Step 1. Status: SMX_ERROR_NULL, _SIZE, _ISA. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_part_max_f32(size_t n, const float *y, const float *dy,
                                                                    smx_softmax_backward_stats *stats);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_part_max_f64(size_t n, const double *y, const double *dy,
                                                                    smx_softmax_backward_stats *stats);

/* Step 2. Status: SMX_ERROR_NULL, _SIZE (also row_n < n), _ISA, _STATS for an exponent that no row has. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_part_sum_f32(size_t n, const float *y, const float *dy,
                                                                    size_t row_n, smx_softmax_backward_stats *stats);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_part_sum_f64(size_t n, const double *y, const double *dy,
                                                                    size_t row_n, smx_softmax_backward_stats *stats);

/* Step 3. dx may be y or dy itself; any other overlap is refused.
 * Status: SMX_ERROR_NULL, _SIZE, _OVERLAP, _ISA, _STATS for an exponent that no row has. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_part_finish_f32(size_t n, const float *y, const float *dy,
                                                                       const smx_softmax_backward_stats *stats,
                                                                       float *dx);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_part_finish_f64(size_t n, const double *y, const double *dy,
                                                                       const smx_softmax_backward_stats *stats,
                                                                       double *dx);

/* The merge after steps 1 and 2. Status: as smx_softmax_stats_merge_f32. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward_stats_merge(smx_softmax_backward_stats *into,
                                                                   const smx_softmax_backward_stats *from);

/* ---- This build and this machine --------------------------------------------------------------------------------- */

/* "MAJOR.MINOR.PATCH" of the library (the header's is in the macros). */
SMX_API const char *smx_version(void);

/* SMX_VERSION_NUMBER of the library; the macro is the header's. 0.3 is 300, 1.2.3 is 10203:
 *
 *     #if SMX_VERSION_NUMBER >= 300                                  has the header smx_refused?
 *     if (smx_version_number() / 100 == SMX_VERSION_NUMBER / 100)    is the library of the header's MAJOR.MINOR? */
SMX_API int smx_version_number(void);

/* The instruction set in use: "scalar", "sse2", "avx2", "avx512", "neon", "sve" or "rvv". On first use, that is the
 * one that the environment variable SMX_ISA names, else the best that this build has and this machine can run. Null if
 * SMX_ISA names none that can be used here: then every function that computes returns SMX_ERROR_ISA.
 * The environment variable SMX_CACHE_BYTES gives the size of the last-level cache, for speed alone. If it, or
 * SMX_THREADS, is anything but a decimal number above 0, every function that computes returns SMX_ERROR_ENVIRONMENT.
 * All are read on first use; empty is as unset. */
SMX_API const char *smx_isa(void);

/* Uses the named instruction set from now on; null: the best. Threads that are computing at that moment finish with the
 * old one (the bits are the same). Status: SMX_ERROR_ISA if it is not available; then nothing changes. */
SMX_API SMX_MUST_CHECK smx_status smx_isa_set(const char *name);

/* Names the available instruction sets, best first, one for each i from 0; null past the last. */
SMX_API const char *smx_isa_available(size_t i);

/* How many threads a call with default options may use: what the environment variable SMX_THREADS says, else
 * OMP_NUM_THREADS, else how many processors the process may run on; 1 in a build without threads. Read on first use. */
SMX_API unsigned smx_threads(void);

#ifdef __cplusplus
}
#endif

#include "smx/columns.h"
#include "smx/cross_entropy.h"
#include "smx/exact_sum.h"
#include "smx/log.h"
#include "smx/parts.h"
#include "smx/second_order.h"

#endif
