/* Cross-entropy over tensors: the order of its arguments, and what its row functions need to know beside them. */
#ifndef SMX_TENSOR_CROSS_ENTROPY_H
#define SMX_TENSOR_CROSS_ENTROPY_H

#include "../pair.h"
#include "call.h"

enum {
    CE_X,
    CE_LABELS,
    CE_TARGETS,
    CE_CLASS_WEIGHTS,
    CE_DLOSS,
    CE_LOSS,
    CE_REDUCED,
    CE_LSE,
    CE_TARGET_LOG_PROB,
    CE_ARGMAX,
    CE_CORRECT,
    CE_COUNT,
    CE_WEIGHT,
    CE_DX,
    CE_DTARGETS,
    CE_ARGUMENTS
};

struct cross_entropy_parameters {
    smx_tensor_cross_entropy_args given;
    /* Its numbers, rounded to the type of the arithmetic: once, not in the caller's rounding mode. */
    float smoothing_f32, z_loss_f32, softcap_f32;
    double smoothing_f64, z_loss_f64, softcap_f64;
    /* Of all rows. */
    int64_t count;
    smx_exact_sum weight;
    struct pair gradient;
};

#endif
