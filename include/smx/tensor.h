/* libsmx over tensors: any axis, any strides, half precision, broadcast masks. Each function is that of the same name
 * in smx/smx.h and its parts, which say what it computes, its special cases and its error bound; what is said here
 * holds for all. The tensors are DLPack's, which numpy, PyTorch, JAX and others exchange (Debian: libdlpack-dev).
 *
 * Rows      `axis` counts from 0, or from -1 backwards. A row is the n elements along it; there is one for each index
 *           of the other dimensions, and "the shape of the rows" is that of x without `axis`.
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
 * Memory    Tensors that row functions can take as they are (the type of the arithmetic, stride 1 along the axis, rows
 *           at equal distances) are used in place. Others go through scratch memory, group of rows by group of rows.
 *           Scratch of more than 4 KiB is allocated, before anything is written (SMX_ERROR_MEMORY).
 * Devices   The CPU's memory: kDLCPU, and pinned memory (kDLCUDAHost, kDLROCMHost).
 * Threads   Over groups of rows. Same bits for any number.
 * Status    As the row function, and SMX_ERROR_DTYPE (also lanes other than 1), _SHAPE (also an axis that does not
 *           exist, and more than 32 dimensions), _DEVICE, _MEMORY. Nothing is written when a call is refused. */
#ifndef SMX_TENSOR_H
#define SMX_TENSOR_H

#include "smx/smx.h"

#include <dlpack/dlpack.h>

#ifdef __cplusplus
extern "C" {
#endif

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
    const DLTensor *lengths; /* int32 or int64; broadcasts to the shape of the rows */
    smx_causal causal;       /* the queries are the dimension right before `axis`, or: */
    int use_query_axis;      /* 0 or 1 */
    int query_axis;          /* negative ones count from the end */
} smx_tensor_options;

/* ---- Softmax ----------------------------------------------------------------------------------------------------- */

/* Shapes: y is that of x. Aliasing: y may be x. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax(const DLTensor *x, int axis, const DLTensor *y,
                                              const smx_tensor_options *opt);

/* Shapes: dy and dx are those of y. Aliasing: dx may be y or dy. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_backward(const DLTensor *y, int axis, const DLTensor *dy,
                                                       const DLTensor *dx, const smx_tensor_options *opt);

/* Shapes: jac is the shape of the rows, then n x n. Aliasing: none. */
SMX_API SMX_MUST_CHECK smx_status smx_softmax_jacobian(const DLTensor *y, int axis, const DLTensor *jac,
                                                       const smx_tensor_options *opt);

/* ---- Logarithms -------------------------------------------------------------------------------------------------- */

/* Shapes: y is that of x. Aliasing: y may be x. */
SMX_API SMX_MUST_CHECK smx_status smx_log_softmax(const DLTensor *x, int axis, const DLTensor *y,
                                                  const smx_tensor_options *opt);

/* Shapes: lse is that of the rows. */
SMX_API SMX_MUST_CHECK smx_status smx_logsumexp(const DLTensor *x, int axis, const DLTensor *lse,
                                                const smx_tensor_options *opt);

/* ---- Types and layouts by themselves ----------------------------------------------------------------------------- */

/* Copies src to dst, of the same shape, whatever the types (floats) and layouts of both. A number that the type of dst
 * does not have is rounded to nearest even, subnormal numbers included, and beyond the largest becomes infinite. Where
 * the types differ, NaN becomes the canonical quiet NaN; where they are equal, all bits stay.
 * Aliasing: dst may be src. Of the options, those of threads are taken. */
SMX_API SMX_MUST_CHECK smx_status smx_tensor_copy(const DLTensor *src, const DLTensor *dst,
                                                  const smx_tensor_options *opt);

#ifdef __cplusplus
}
#endif

#endif
