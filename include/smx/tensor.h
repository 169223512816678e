/* libsmx over tensors: any axis, any strides, half precision, broadcast masks. Each function is that of the same name
 * in smx/smx.h and its parts, which say what it computes, its special cases and its error bound; what is said here
 * holds for all. The tensors are DLPack's, which numpy, PyTorch, JAX and others exchange (Debian: libdlpack-dev).
 *
 * Rows      `axis` counts from 0, or from -1 backwards. A row is the n elements along it; there is one for each index
 *           of the other dimensions, and "the shape of the rows" is that of x without `axis`.
 * Axes      `axis` may be SMX_AXIS_ALL, or SMX_AXES and the options' list. A row is then all elements along those
 *           dimensions in C order (the last one fastest), whatever the order of the list, with the bits of the same
 *           elements along one axis; what has n elements (class weights, the sides of a matrix) and what counts them
 *           (labels, argmax) goes by that order. With an empty list each element is a row. A tensor without dimensions
 *           is one row of one: `axis` is 0, -1, SMX_AXIS_ALL or an empty list. Lengths, the causal rule, windows and
 *           slopes go along an axis: unless a row has just one, they are refused (SMX_ERROR_OPTION).
 * Types     f16, bf16, f32 and f64, in any mixture of inputs and outputs. The arithmetic is that of the f64 functions
 *           if any tensor among the arguments is f64, an output too, else that of the f32 functions; tensors of the
 *           options are rounded to that type. Results are rounded once more if the output is of another type, to
 *           nearest even: below 0.51 ULP of a half where the f32 function's own error is a few ULP.
 * Layout    Strides may be anything for inputs: negative, 0 (broadcast), permuted; `strides` null is C order. An
 *           output's strides must lead each index to a place of its own, each stride stepping over all that smaller
 *           ones reach. Any alignment, any byte_offset. The layout changes no bit of the result.
 * Aliasing  An output may be an input itself (same data, type, shape and strides) where the row function allows that.
 *           Any other overlap of an output, also with a tensor of the options, is refused. Tensors overlap if they
 *           share a byte; with unequal strides, ranges of memory that cross count as sharing.
 * Memory    Tensors that row functions can take as they are (the type of the arithmetic, stride 1 along the axis or
 *           along all axes as if they were one, rows at equal distances) are used in place. Others go through scratch
 *           memory, group of rows by group of rows. Scratch of more than 2 KiB is allocated, before anything is written
 *           (SMX_ERROR_MEMORY).
 * Devices   The CPU's memory: kDLCPU, and pinned memory (kDLCUDAHost, kDLROCMHost).
 * Threads   Over groups of rows. Same bits for any number.
 * Status    As the row function, and SMX_ERROR_DTYPE (also lanes other than 1), _SHAPE (also an axis that does not
 *           exist, and more than 32 dimensions), _DEVICE, _MEMORY. Nothing is written when a call is refused. */
#ifndef SMX_TENSOR_H
#define SMX_TENSOR_H

#include "smx/smx.h"

#include <dlpack/dlpack.h>

#include <limits.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In place of `axis`: all dimensions, or those that the options list. */
#define SMX_AXIS_ALL INT_MIN
#define SMX_AXES (INT_MIN + 1)

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* smx_options with tensors in place of pointers; fields of the same name mean the same, `size` included. A null pointer
 * stands for the defaults. Tensors broadcast by numpy's rules: from the last dimension backwards, an extent of 1, or no
 * dimension, goes with any. */
typedef struct smx_tensor_options {
    size_t size;
    smx_plus_inf plus_inf;
    smx_minus_inf_row minus_inf_row;
    unsigned threads;
    smx_parallel_for parallel_for;
    void *pool;
    const DLTensor *scale;   /* any float; broadcasts to the shape of the rows */
    const DLTensor *add;     /* any float; broadcasts to x's shape */
    const DLTensor *keep;    /* bool or uint8; broadcasts to x's shape */
    const DLTensor *lengths; /* any integer; broadcasts to the shape of the rows */
    smx_causal causal;       /* the queries are the dimension right before `axis`, or: */
    int use_query_axis;      /* 0 or 1 */
    int query_axis;          /* negative ones count from the end */
    double softcap;
    int use_window; /* queries as for causal */
    int64_t window_left, window_right;
    const DLTensor *alibi; /* any float; broadcasts to the shape of the rows; queries as for causal */
    const DLTensor *sink;  /* any float; broadcasts to the shape of the rows */
    const int *axes;       /* for SMX_AXES, and only then: each once, negative ones count from the end */
    int axes_count;        /* may be 0; `axes` is not null then either */
    int keepdims;          /* 0 or 1: the shape of the rows is that of x with an extent of 1 for each axis */
    int use_scale_value;   /* 0 or 1: one scale for all rows is given as a number, instead of `scale` */
    double scale_value;    /* rounded to the type of the arithmetic */
} smx_tensor_options;
#define SMX_TENSOR_OPTIONS_INIT SMX_SIZED(smx_tensor_options)

/* ---- Softmax ----------------------------------------------------------------------------------------------------- */

/* Shapes: y is that of x. Aliasing: y may be x. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax(const DLTensor *x, int axis, DLTensor *y, const smx_tensor_options *opt);

/* Shapes: dy and dx are those of y. Aliasing: dx may be y or dy. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward(const DLTensor *y, int axis, const DLTensor *dy, DLTensor *dx,
                                                       const smx_tensor_options *opt);

/* Shapes: jac is the shape of the rows, then n x n. Aliasing: none. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jacobian(const DLTensor *y, int axis, DLTensor *jac,
                                                       const smx_tensor_options *opt);

/* Shapes: argmax is that of the rows; int64. Aliasing: none. */
SMX_API SMX_MUST_CHECK smx_status smx_argmax(const DLTensor *x, int axis, DLTensor *argmax,
                                             const smx_tensor_options *opt);

/* ---- Logarithms -------------------------------------------------------------------------------------------------- */

/* Shapes: y is that of x. Aliasing: y may be x. */
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax(const DLTensor *x, int axis, DLTensor *y,
                                                  const smx_tensor_options *opt);

/* Shapes: dy and dx are those of y. Aliasing: dx may be y or dy. */
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_backward(const DLTensor *y, int axis, const DLTensor *dy,
                                                           DLTensor *dx, const smx_tensor_options *opt);

/* Shapes: lse is that of the rows. Aliasing: none. */
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp(const DLTensor *x, int axis, DLTensor *lse,
                                                const smx_tensor_options *opt);

/* Shapes: dlse is that of the rows, dx that of x. Aliasing: dx may be x. */
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_backward(const DLTensor *x, int axis, const DLTensor *dlse,
                                                         DLTensor *dx, const smx_tensor_options *opt);

/* Shapes: b broadcasts to x's shape; lse and sign are those of the rows; sign may be null. Aliasing: none. */
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp_weighted(const DLTensor *x, int axis, const DLTensor *b, DLTensor *lse,
                                                         DLTensor *sign, const smx_tensor_options *opt);

/* Shapes: dx is that of x. dscale has the shape of the rows, for the gradient of one scale a row (a scale that repeats
 * counts for each row by itself); or no dimensions, for that of one scale for all rows, which is then what the options
 * must have (SMX_ERROR_SHAPE). Where x has one dimension, both are the same. Aliasing: none. */
SMX_API SMX_MUST_CHECK smx_status smx_scale_gradient(const DLTensor *x, int axis, const DLTensor *dx, DLTensor *dscale,
                                                     const smx_tensor_options *opt);

/* Shapes: dz and dx are those of x. Aliasing: dx may be x or dz. */
SMX_API SMX_MUST_CHECK smx_status smx_softcap_backward(const DLTensor *x, int axis, const DLTensor *dz, DLTensor *dx,
                                                       const smx_tensor_options *opt);

/* Shapes: y and dy are those of x; dsink is that of the rows. Aliasing: none. */
SMX_API SMX_MUST_CHECK smx_status smx_sink_gradient(const DLTensor *x, int axis, const DLTensor *y, const DLTensor *dy,
                                                    DLTensor *dsink, const smx_tensor_options *opt);

/* ---- Cross-entropy ----------------------------------------------------------------------------------------------- */

/* smx_cross_entropy_args_f32 with tensors in place of pointers; fields of the same name mean the same, `size` included.
 * A null pointer stands for "none" or "not wanted". `smoothing`, `z_loss` and `softcap` are rounded to the type of the
 * arithmetic. Shapes: "rows" is the shape of the rows, "one" any shape of one element. */
typedef struct smx_tensor_cross_entropy_args {
    size_t size;
    /* ---- targets ---- */
    const DLTensor *labels;  /* rows; any integer of 8 to 64 bits, signed or not */
    const DLTensor *targets; /* as x */
    int use_ignore_index;
    int64_t ignore_index;
    /* ---- the loss ---- */
    const DLTensor *class_weights; /* one dimension of n */
    double smoothing;
    double z_loss;
    double softcap;
    smx_reduction reduction;
    smx_empty_mean empty_mean;
    const DLTensor *dloss; /* rows (reduction none) or one (sum, mean) */
    /* ---- outputs ---- */
    DLTensor *loss;            /* rows */
    DLTensor *reduced;         /* one */
    DLTensor *lse;             /* rows */
    DLTensor *target_log_prob; /* rows */
    DLTensor *argmax;          /* rows; int64 */
    DLTensor *correct;         /* rows; bool or uint8 */
    DLTensor *count;           /* one; int64 */
    DLTensor *weight;          /* one */
    DLTensor *dx;              /* as x; may be x itself */
    DLTensor *dtargets;        /* as x */
    size_t *bad_row;           /* the row's number counts rows in C order */
} smx_tensor_cross_entropy_args;
#define SMX_TENSOR_CROSS_ENTROPY_ARGS_INIT SMX_SIZED(smx_tensor_cross_entropy_args)

/* smx_cross_entropy_f32 and smx_cross_entropy_f64. */
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy(const DLTensor *x, int axis,
                                                    const smx_tensor_cross_entropy_args *ce,
                                                    const smx_tensor_options *opt);

/* smx_nll_f32 and smx_nll_f64: x has log-probabilities. */
SMX_API SMX_MUST_CHECK smx_status smx_nll(const DLTensor *x, int axis, const smx_tensor_cross_entropy_args *ce,
                                          const smx_tensor_options *opt);

/* Shapes: v and hv are those of x. Aliasing: hv may be x. */
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_hessian_product(const DLTensor *x, int axis, const DLTensor *v,
                                                                    DLTensor *hv, const smx_tensor_options *opt);

/* Shapes: hess is the shape of the rows, then n x n. Aliasing: none. */
SMX_API SMX_MUST_CHECK smx_status smx_cross_entropy_hessian(const DLTensor *x, int axis, DLTensor *hess,
                                                            const smx_tensor_options *opt);

/* ---- Second order ------------------------------------------------------------------------------------------------ */

/* Shapes: v and jv are those of y. Aliasing: jv may be y or v. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jvp(const DLTensor *y, int axis, const DLTensor *v, DLTensor *jv,
                                                  const smx_tensor_options *opt);

/* Shapes: v and jv are those of y. Aliasing: jv may be y or v. */
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax_jvp(const DLTensor *y, int axis, const DLTensor *v, DLTensor *jv,
                                                      const smx_tensor_options *opt);

/* Shapes: v and out are that of y with one more dimension, of any extent, right before the axis (of several, the first;
 * of none, at the end): a vector for each index of it. `axis` is that of y. Tensors of the options broadcast to y's
 * shape, and hold for all vectors of a row. Aliasing: out may be v. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jacobian_product(const DLTensor *y, int axis, const DLTensor *v,
                                                               DLTensor *out, const smx_tensor_options *opt);

/* Shapes: all are that of y; gy or gdy may be null. Aliasing: none. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_double_backward(const DLTensor *y, int axis, const DLTensor *dy,
                                                              const DLTensor *ddx, DLTensor *gy, DLTensor *gdy,
                                                              const smx_tensor_options *opt);

/* ---- Types and layouts by themselves ----------------------------------------------------------------------------- */

/* Copies src to dst, of the same shape, whatever the types (floats) and layouts of both. A number that the type of dst
 * does not have is rounded to nearest even, subnormal numbers included, and beyond the largest becomes infinite. Where
 * the types differ, NaN becomes the canonical quiet NaN; where they are equal, all bits stay.
 * Aliasing: dst may be src. Of the options, those of threads are taken. */
SMX_API SMX_MUST_CHECK smx_status smx_tensor_copy(const DLTensor *src, DLTensor *dst, const smx_tensor_options *opt);

#ifdef __cplusplus
}
#endif

#endif
