/* What the two halves of smx cross-entropy share. */
#ifndef SMX_CLI_CROSS_ENTROPY_H
#define SMX_CLI_CROSS_ENTROPY_H

#include "exact_sum.h"
#include "transform.h"

enum { LOGITS, TARGETS, CLASS_WEIGHTS, DLOSS };
enum { ROW_LOSS, REDUCED_LOSS, GRAD, GRAD_TARGETS, LSE, LOG_PROB, ARGMAX, CORRECT, ROW_DLOSS };

/* Over all tiles. */
typedef struct totals {
    exact_sum loss, weight;
    uint64_t count, correct; /* rows that are not ignored, and those of them that are right */
    bool weights_checked;
} totals;

static inline bool has_labels(const row_call *call) { return call->source[TARGETS].fit == FIT_ROWS; }

/* Their weight, and the loss as the settings reduce it, in the type of the arithmetic. */
double cross_entropy_weight(const row_call *call);
double cross_entropy_reduced(const row_call *call);

/* Prints both, and how many rows were right. */
void cross_entropy_report(const row_call *call);

#endif
