/* Functions of logits, once more from docs/bits.md alone: see reference.h. One row, whatever the library's call has. */
#ifndef SMX_TESTS_REFERENCE_FAMILY_H
#define SMX_TESTS_REFERENCE_FAMILY_H

#include "reference.h"

/* The options as they are for the row. Arrays hold n elements, `add` of T. */
typedef struct reference_options {
    double scale; /* of T; 1: none */
    const void *add;
    const uint8_t *keep; /* 0 where any mask drops the entry; null: all are kept */
    smx_plus_inf plus_inf;
    smx_minus_inf_row minus_inf_row;
} reference_options;

/* Cross-entropy's arguments and results without softcap. Numbers and arrays are of T, each given but where it says so.
 * */
typedef struct reference_cross_entropy {
    size_t label;                        /* unless there are targets */
    const void *targets, *class_weights; /* may be null */
    double smoothing, z_loss, dloss;
    void *loss, *lse, *target_log_prob, *dx;
    void *dtargets; /* with targets */
} reference_cross_entropy;

#define REFERENCE_FAMILY(T, suffix)                                                                   \
    void reference_logits_softmax_##suffix(size_t n, const T *x, T *y, const reference_options *opt); \
    void reference_log_softmax_##suffix(size_t n, const T *x, T *y, const reference_options *opt);    \
    void reference_logsumexp_##suffix(size_t n, const T *x, T *lse, const reference_options *opt);    \
    void reference_logsumexp_backward_##suffix(size_t n, const T *x, const T *dlse, T *dx,            \
                                               const reference_options *opt);                         \
    void reference_log_softmax_backward_##suffix(size_t n, const T *y, const T *dy, T *dx,            \
                                                 const reference_options *opt);                       \
    void reference_cross_entropy_##suffix(size_t n, const T *x, const reference_cross_entropy *ce,    \
                                          const reference_options *opt)

REFERENCE_FAMILY(float, f32);
REFERENCE_FAMILY(double, f64);
#undef REFERENCE_FAMILY

#endif
