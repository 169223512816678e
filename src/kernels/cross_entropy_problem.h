/* Cross-entropy as the engine hands it to kernels: the problem beside its arrays, and the labels of rows. */
#ifndef SMX_CROSS_ENTROPY_PROBLEM_H
#define SMX_CROSS_ENTROPY_PROBLEM_H

#include "../base/dtype.h"
#include "kernels.h"

/* Where its arguments stand. */
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
    CE_BATCH_WEIGHT, /* from here on: not over tensors */
    CE_WEIGHT_SUM,
    CE_LOSS_SUM,
    CE_ARGUMENTS,
    CE_TENSORS = CE_BATCH_WEIGHT
};

/* The fields of smx_cross_entropy_args_f32 that are no arrays, and what the engine has made of them all. */
struct cross_entropy {
    bool log_probs;          /* negative log-likelihood: x has log-probabilities */
    const char *labels_name; /* the caller's, for refusals */
    enum dtype labels;       /* their type: an integer */
    int use_ignore_index;
    int64_t ignore_index;
    double smoothing, z_loss, softcap; /* as the type of the arithmetic has them */
    smx_reduction reduction;
    smx_empty_mean empty_mean;
    size_t *bad_row;
    struct pair gradient; /* dL/d(sum of the losses), for sum and mean */
    bool labels_alone;    /* nothing but labels makes the losses */
};

/* -1: rows have none. */
static inline int64_t label_of_row(const struct cross_entropy *ce, const struct array *a, size_t k) {
    const void *labels = a[CE_LABELS].data;
    if (labels == NULL) {
        return -1;
    }
    return integer_at(ce->labels, labels, k);
}

static inline bool label_is_ignored(const struct cross_entropy *ce, int64_t label) {
    return ce->use_ignore_index != 0 && label == ce->ignore_index;
}

static inline bool row_is_ignored(const struct cross_entropy *ce, const struct array *a, size_t k) {
    return ce->use_ignore_index != 0 && a[CE_LABELS].data != NULL && label_of_row(ce, a, k) == ce->ignore_index;
}

#endif
