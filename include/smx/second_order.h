/* Second order: Jacobian-vector and Jacobian-matrix products, the gradient of the backward pass, the Hessian of
 * cross-entropy. Part of smx/smx.h. */
#ifndef SMX_SECOND_ORDER_H
#define SMX_SECOND_ORDER_H

#include "smx/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Jacobian-vector product (forward mode), from the result y of softmax and a tangent v. The Jacobian is symmetric, so
 * for each row, with J of equation (5),
 *
 *     jv_i = scale sum_j J_ij v_j = scale y_i (v_i - sum_j y_j v_j)
 *
 * Everything else is as in smx_softmax_backward_f32, whose bits it has. With a scale, |scale| multiplies the bound, to
 * which (1 + |scale|) 2^-149 is added (2^-1074 in f64). */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jvp_f32(size_t rows, size_t n, const float *y, size_t ldy, const float *v,
                                                      size_t ldv, float *jv, size_t ldjv, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jvp_f64(size_t rows, size_t n, const double *y, size_t ldy,
                                                      const double *v, size_t ldv, double *jv, size_t ldjv,
                                                      const smx_options *opt);

/* Jacobian-vector product of log-softmax, from its result y and a tangent v:
 *
 *     jv_i = scale (v_i - sum_j exp(y_j) v_j)
 *
 * Aliasing  jv may be y or v itself with the same stride. Any other overlap of jv is refused.
 * Special   As smx_log_softmax_backward_f32.
 * Error     |error in jv_i| <= |scale| (2^-22 (|v_i| + sum_j exp(y_j) |v_j|) + 2^-149 (1 + sum_j |v_j|)) + 2^-149 in
 *           f32; with 2^-51 and 2^-1074 in f64. */
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_jvp_f32(size_t rows, size_t n, const float *y, size_t ldy,
                                                          const float *v, size_t ldv, float *jv, size_t ldjv,
                                                          const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_jvp_f64(size_t rows, size_t n, const double *y, size_t ldy,
                                                          const double *v, size_t ldv, double *jv, size_t ldjv,
                                                          const smx_options *opt);

/* Product of each row's Jacobian with `count` vectors: for row k and c in [0, count)
 *
 *     out_kc = scale J(y_k) v_kc
 *
 * that is, the Jacobian times a matrix whose columns are the v_kc.
 *
 * Shapes    y: rows x n with stride ldy. v: rows * count vectors of n, vector c of row k at v + (k * count + c) * ldv;
 *           out likewise with ldo.
 * Aliasing  out may be v itself with ldo = ldv. Any other overlap is refused.
 * Options   A mask is that of row k, for all its vectors.
 * The rest  As smx_softmax_backward_f32, whose bits it has. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jacobian_product_f32(size_t rows, size_t n, const float *y, size_t ldy,
                                                                   size_t count, const float *v, size_t ldv, float *out,
                                                                   size_t ldo, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jacobian_product_f64(size_t rows, size_t n, const double *y, size_t ldy,
                                                                   size_t count, const double *v, size_t ldv,
                                                                   double *out, size_t ldo, const smx_options *opt);

/* Double backward: gradients of the backward pass dx = scale y (dy - sum_j y_j dy_j) itself. With ddx = dL/d(dx),
 * s = sum_j y_j dy_j and t = sum_j y_j ddx_j,
 *
 *     gdy_i = scale y_i (ddx_i - t)                        with respect to dy
 *     gy_i = scale (ddx_i (dy_i - s) - dy_i t)             with respect to y
 *
 * Shapes    y, dy, ddx: rows x n; gy and gdy: rows x n; each with its stride. gy or gdy may be null.
 * Aliasing  gy and gdy must not overlap each other or an input.
 * Special   As smx_softmax_backward_f32: for gy what dy and ddx hold, for gdy what ddx does.
 * Error     gdy as smx_softmax_backward_f32. |error in gy_i| <= 2^-22 |scale| (|ddx_i| (|dy_i| + sum_j y_j |dy_j|) +
 *           |dy_i| sum_j y_j |ddx_j|) + 2^-148 in f32; 2^-51 and 2^-1073 in f64, while no product overflows or
 *           underflows. An overflow may give NaN (canonical). */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_double_backward_f32(size_t rows, size_t n, const float *y, size_t ldy,
                                                                  const float *dy, size_t lddy, const float *ddx,
                                                                  size_t lddx, float *gy, size_t ldgy, float *gdy,
                                                                  size_t ldgdy, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_softmax_double_backward_f64(size_t rows, size_t n, const double *y, size_t ldy,
                                                                  const double *dy, size_t lddy, const double *ddx,
                                                                  size_t lddx, double *gy, size_t ldgy, double *gdy,
                                                                  size_t ldgdy, const smx_options *opt);

/* Hessian of the cross-entropy of labels, or of targets that sum to 1, with respect to x, from the logits: for each row
 *
 *     H = scale^2 J(softmax(z))
 *
 * as a product with one vector a row (hv = H v), and written out (hess as jac in smx_softmax_jacobian_f32). The loss's
 * coefficient (a class weight, dL/dloss) is the caller's factor.
 *
 * Aliasing  hv may be x itself with the same stride, and must not overlap v; hess must not overlap x.
 * Special   Rows that softmax makes NaN are NaN for each two kept entries; otherwise as smx_softmax_backward_f32 and
 *           smx_softmax_jacobian_f32.
 * Error     hv: |error| <= 2^-20 scale^2 p_i (|v_i| + sum_j p_j |v_j|) + 2^-148 (1 + scale^2 (1 + |v_i| + sum_j |v_j|))
 *           in f32; 2^-49 and 2^-1073 in f64.
 *           hess: below 10 ULP; with a scale, 2^-148 scale^2 besides (f64: 2^-1073). */
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_hessian_product_f32(size_t rows, size_t n, const float *x,
                                                                        size_t ldx, const float *v, size_t ldv,
                                                                        float *hv, size_t ldhv, const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_hessian_product_f64(size_t rows, size_t n, const double *x,
                                                                        size_t ldx, const double *v, size_t ldv,
                                                                        double *hv, size_t ldhv,
                                                                        const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_hessian_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                                                float *hess, size_t ldh, size_t matrix_stride,
                                                                const smx_options *opt);
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_hessian_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                                                double *hess, size_t ldh, size_t matrix_stride,
                                                                const smx_options *opt);

#ifdef __cplusplus
}
#endif

#endif
