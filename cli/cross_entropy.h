/* What the two halves of smx cross-entropy and smx nll share. */
#ifndef SMX_CLI_CROSS_ENTROPY_H
#define SMX_CLI_CROSS_ENTROPY_H

#include "operation.h"

enum { LOGITS, TARGETS, CLASS_WEIGHTS, DLOSS }; /* LOGITS: or log-probabilities */
enum { ROW_LOSS, REDUCED_LOSS, GRAD, GRAD_TARGETS, LSE, LOG_PROB, ARGMAX, CORRECT };

/* Over all tiles. */
typedef struct totals {
    smx_exact_sum loss_sum, weight_sum;
    uint64_t count, correct;     /* rows that are not ignored, and those of them that are right */
    double reduced_loss, weight; /* after the last tile; in the type of the arithmetic */
    bool weights_checked;
} totals;

static inline bool has_labels(const row_call *call) { return call->source[TARGETS].fit == FIT_ROWS; }

/* Prints loss and weight, and how many rows were right. */
void cross_entropy_report(const row_call *call);

#endif
