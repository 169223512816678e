/* The reference of bits: docs/bits.md once more, line by line and for one row, written from that page and not from the
 * library's sources, for reading and not for speed. Names are those of the page. The caller's rounding mode must be to
 * nearest. The reference of accuracy stands beside it: oracle.h. */
#ifndef SMX_TESTS_BITS_H
#define SMX_TESTS_BITS_H

#include <stddef.h>

#include "../../include/smx/smx.h"

/* n >= 1. x, y, g and the results do not overlap. J is n x n. */
void reference_softmax_f32(size_t n, const float *x, float *y, smx_plus_inf plus_inf, smx_minus_inf_row minus_inf_row);
void reference_softmax_f64(size_t n, const double *x, double *y, smx_plus_inf plus_inf,
                           smx_minus_inf_row minus_inf_row);

void reference_backward_f32(size_t n, const float *y, const float *g, float *dx);
void reference_backward_f64(size_t n, const double *y, const double *g, double *dx);

void reference_jacobian_f32(size_t n, const float *y, float *J);
void reference_jacobian_f64(size_t n, const double *y, double *J);

/* ---- Functions of logits: one row, whatever the library's call has ----------------------------------------------- */

/* The options as they are for the row. Arrays hold n elements, `add` of T. */
typedef struct reference_options {
    double scale; /* of T; 1: none */
    const void *add;
    const uint8_t *keep; /* 0 where any mask drops the entry; null: all are kept */
    double softcap;      /* 0: none */
    double alibi;        /* of T; 0: none */
    int64_t position;    /* of the row's query */
    const void *sink;    /* null: none */
    int caps_sum;        /* the softcap is cross-entropy's own, of all of z */
    smx_plus_inf plus_inf;
    smx_minus_inf_row minus_inf_row;
} reference_options;

/* Cross-entropy's arguments and results. Numbers and arrays are of T, each given but where it says so. */
typedef struct reference_cross_entropy {
    size_t label;                        /* unless there are targets */
    const void *targets, *class_weights; /* may be null */
    double smoothing, z_loss, softcap, dloss;
    void *loss, *lse, *target_log_prob, *dx;
    void *dtargets; /* with targets */
} reference_cross_entropy;

#define REFERENCE_OF_LOGITS(T, suffix)                                                                                \
    void reference_logits_softmax_##suffix(size_t n, const T *x, T *y, const reference_options *opt);                 \
    void reference_log_softmax_##suffix(size_t n, const T *x, T *y, const reference_options *opt);                    \
    void reference_logsumexp_##suffix(size_t n, const T *x, T *lse, const reference_options *opt);                    \
    void reference_logsumexp_backward_##suffix(size_t n, const T *x, const T *dlse, T *dx,                            \
                                               const reference_options *opt);                                         \
    void reference_log_softmax_backward_##suffix(size_t n, const T *y, const T *dy, T *dx,                            \
                                                 const reference_options *opt);                                       \
    void reference_softcap_backward_##suffix(size_t n, const T *x, const T *dz, T *dx, const reference_options *opt); \
    void reference_sink_gradient_##suffix(size_t n, const T *x, const T *y, const T *dy, T *dsink,                    \
                                          const reference_options *opt);                                              \
    void reference_cross_entropy_##suffix(size_t n, const T *x, const reference_cross_entropy *ce,                    \
                                          const reference_options *opt)

REFERENCE_OF_LOGITS(float, f32);
REFERENCE_OF_LOGITS(double, f64);
#undef REFERENCE_OF_LOGITS

#endif
