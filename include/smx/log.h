/* Logarithms: log-softmax and logsumexp, forward and backward, and the gradient of a scale. Part of smx/smx.h, which
 * says what all functions promise; smx/base.h has the options, with scale and masks. */
#ifndef SMX_LOG_H
#define SMX_LOG_H

#include "smx/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Log-softmax. For each row of logits z (smx/base.h, (L)), with m its maximum,
 *
 *     y_i = log(exp(z_i) / sum_j exp(z_j)) = (z_i - m) - log1p(rho)
 *     rho = sum of exp(z_j - m) over all entries but one that is the maximum
 *
 * which keeps every digit however certain the row is: the first entry for [0, -60] is -8.7565109e-27.
 *
 * Shapes    x: rows x n with stride ldx; y: rows x n with stride ldy.
 * Aliasing  y may be x itself with ldy = ldx. Any other overlap is refused.
 * Special   A NaN in a row makes its kept entries NaN (canonical). +inf in a row: NaN, or by policy the logarithm of
 *           the limit. Kept entries all -inf: NaN, or by policy -inf. -inf beside a finite entry gives -inf. A row of
 *           one finite entry gives +0; no result is -0.
 * Error     Below 2.6 ULP; with a scale, an additive mask or slopes, below 3 (docs/accuracy.md).
 * Threads   Over rows. Same bits for any number.
 * Status    SMX_ERROR_NULL, _SIZE, _STRIDE, _OVERLAP, _OPTION, _ISA, _SCALE, _LENGTH.
 * Source    docs/derivation.md, "Logarithms". */
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_f32(size_t rows, size_t n, const float *x, size_t ldx, float *y,
                                                      size_t ldy, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_f64(size_t rows, size_t n, const double *x, size_t ldx, double *y,
                                                      size_t ldy, const smx_options *opt);

/* Backward of log-softmax, from its result y and dy = dL/dy. For each row
 *
 *     dx_i = scale (dy_i - exp(y_i) sum_j dy_j)
 *
 * Aliasing  dx may be y or dy itself with the same stride. Any other overlap of dx is refused; y and dy may overlap.
 * Special   NaN in a row of y, y >= 0.5 (no log-softmax gives that), or NaN or infinity in dy makes that row of dx NaN
 *           (canonical); other rows are untouched by it. y = -inf has probability 0.
 * Error     |error in dx_i| <= 2^-22 |scale| (|dy_i| + exp(y_i) sum_j |dy_j|) + (1 + 2 |scale|) 2^-149 in f32, and with
 *           2^-51 and 2^-1074 in f64, for -inf <= y_j <= 0.
 *           While dy_i - exp(y_i) sum_j dy_j, before the scale, does not overflow. Besides, a probability below 2^-186
 *           (2^-1122) counts as 0, which shows where |scale| sum_j |dy_j| exceeds 2^37 (2^48).
 * Options   Masks and scale as in the forward pass; the policies do not matter.
 * Status    As forward. */
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_backward_f32(size_t rows, size_t n, const float *y, size_t ldy,
                                                               const float *dy, size_t lddy, float *dx, size_t lddx,
                                                               const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_backward_f64(size_t rows, size_t n, const double *y, size_t ldy,
                                                               const double *dy, size_t lddy, double *dx, size_t lddx,
                                                               const smx_options *opt);

/* Log-sum-exp. For each row of logits z
 *
 *     lse_k = log sum_j exp(z_j) = m + log1p(rho)
 *
 * Shapes    x: rows x n with stride ldx; lse: rows elements.
 * Aliasing  lse must not overlap x.
 * Special   NaN for a NaN in the row (canonical), else +inf for a +inf, whatever the policy; -inf where all entries are
 *           -inf, no entry is kept, or n = 0.
 * Error     |error| <= 0.51 ULP(lse) + 2^-23 rho / (1 + rho) in f32, and with 2^-52 in f64: a lse near 0 is the
 *           difference of m and a logarithm.
 * Status    As log-softmax. */
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_f32(size_t rows, size_t n, const float *x, size_t ldx, float *lse,
                                                    const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_f64(size_t rows, size_t n, const double *x, size_t ldx, double *lse,
                                                    const smx_options *opt);

/* Backward of log-sum-exp, from the logits and dlse = dL/dlse, one a row:
 *
 *     dx_i = scale dlse_k softmax(z)_i
 *
 * Aliasing  dx may be x itself with the same stride. Any other overlap of dx is refused, also with dlse.
 * Special   NaN or infinity in dlse makes the row NaN, as does a scale dlse beyond 2^187 (f32) or near the largest
 *           double; so do the rows that softmax makes NaN.
 * Error     Below 4.25 ULP; but a probability below 2^-186 (2^-1122 in f64) counts as 0, which shows where |scale dlse|
 *           exceeds 2^37 (2^48).
 * Status    As log-softmax. */
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_backward_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                                             const float *dlse, float *dx, size_t lddx,
                                                             const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_backward_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                             const double *dlse, double *dx, size_t lddx,
                                                             const smx_options *opt);

/* Weighted, signed log-sum-exp. For each row
 *
 *     s_k = sum_j b_j exp(z_j),     lse_k = log |s_k|,     sign_k = sign(s_k) in {-1, 0, 1}
 *
 * Shapes    b: rows x n with stride ldb; ldb = 0 gives all rows the same n weights. lse and sign: rows elements; sign
 *           may be null.
 * Special   An entry with b_j = 0 is left out, whatever x_j is. A NaN in a kept place of the row or of b, or an
 *           infinity there in b, gives NaN in both. A sum of exactly 0 (or of nothing) gives -inf and sign 0. One or
 *           more x_j = +inf: +inf with the sign of the sum of their b_j if that is not 0, else NaN.
 * Error     With S the sum of |b_j| exp(z_j): s is off by at most 2^-22 S (2^-51 S in f64), so that |error in lse| <=
 *           0.51 ULP(lse) + 2^-22 S / |s| while that is small against 1, and sign and lse are without meaning where
 *           |s| is smaller than its error. For 2^-60 <= |b_j| <= 2^60.
 * Status    As log-softmax. */
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_weighted_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                                             const float *b, size_t ldb, float *lse, float *sign,
                                                             const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_weighted_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                             const double *b, size_t ldb, double *lse, double *sign,
                                                             const smx_options *opt);

/* Gradient with respect to a scale, from x and the gradient dx that any backward function here gave with that scale:
 *
 *     dscale_k = (sum_i x_i dx_i) / scale_k          one a row (scale_stride = 1): rows elements
 *     dscale = (sum_k sum_i x_ki dx_ki) / scale      one scale (scale_stride = 0, or no scale: 1): one element
 *
 * Masked places take no part.
 *
 * Aliasing  dscale must not overlap x or dx.
 * Special   NaN or infinity in a kept place of a row of x or dx makes its sum NaN. With dx_i = 0, -inf in x is allowed
 *           and counts as 0. A sum that overflows may give NaN (canonical).
 * Error     A row's sum of products is off by at most 2^-22 sum_i |x_i dx_i| (2^-51 in f64) and, where dx is subnormal,
 *           by as much as the least subnormal number in each dx_i makes; the sum over
 *           rows is exact.
 * Status    As log-softmax. */
SMX_API SMX_MUST_CHECK smx_status smx_scale_gradient_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                                         const float *dx, size_t lddx, float *dscale,
                                                         const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_scale_gradient_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                         const double *dx, size_t lddx, double *dscale,
                                                         const smx_options *opt);

/* From the gradient with respect to soft-capped logits to that before the cap: for the backward functions that have no
 * x (softmax, log-softmax). Call those without the softcap, with the same scale and masks, and then this:
 *
 *     dx_i = cap'(scale x_i) dz_i,     cap'(a) = 1 - tanh(a / softcap)^2
 *
 * Shapes    x, dz, dx: rows x n, each with its stride.
 * Aliasing  dx may be x or dz itself with the same stride. Any other overlap of dx is refused.
 * Options   Those of the forward pass. Without a softcap dx is dz, but for masked places, which are +0.
 * Special   An infinite x_i has a slope of 0, so has NaN; NaN in dz_i makes dx_i NaN (canonical). No result is -0.
 * Error     That of the slope (smx_options, Softcap) and one rounding.
 * Threads   Over rows. Same bits for any number.
 * Status    As log-softmax. */
SMX_API SMX_MUST_CHECK smx_status smx_softcap_backward_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                                           const float *dz, size_t lddz, float *dx, size_t lddx,
                                                           const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softcap_backward_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                           const double *dz, size_t lddz, double *dx, size_t lddx,
                                                           const smx_options *opt);

/* Gradient of softmax with respect to each row's sink s, from x, the result y of softmax with that sink, and dy =
 * dL/dy:
 *
 *     dsink_k = -p_s sum_i y_i dy_i,     p_s = exp(s) / (exp(s) + sum_j exp(z_j))
 *
 * One number a row; the gradient of a sink that rows share is their sum (smx_exact_sum_add_f32 adds without error).
 *
 * Shapes    x, y, dy: rows x n, each with its stride; dsink: rows elements.
 * Aliasing  dsink must not overlap x, y or dy.
 * Options   Those of the forward pass; without a sink dsink is +0.
 * Special   Rows that softmax makes NaN give NaN (canonical), as do NaN or infinity in a kept place of dy. No kept
 *           entry: +0. A sum that overflows, of y that are no probabilities, may give NaN.
 * Error     |error| <= 2^-22 p_s sum_i |y_i dy_i| + 2^-149 in f32, and (2^-51 p_s + 2^-1074) sum_i |y_i dy_i| + 2^-1074
 *           in f64.
 * Threads   Over rows. Same bits for any number.
 * Status    As log-softmax. */
SMX_API SMX_MUST_CHECK smx_status smx_sink_gradient_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                                        const float *y, size_t ldy, const float *dy, size_t lddy,
                                                        float *dsink, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_sink_gradient_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                        const double *y, size_t ldy, const double *dy, size_t lddy,
                                                        double *dsink, const smx_options *opt);

#ifdef __cplusplus
}
#endif

#endif
