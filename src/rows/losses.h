/* Cross-entropy over the engine: the checks that go beyond the table of operations, and what is reduced over rows. The
 * functions over pointers take the whole way, smx_cross_entropy_rows; those over tensors, whose rows may come in
 * groups, the steps by themselves: check, weigh (for each group), then rows with smx_rows_run, then the total. */
#ifndef SMX_LOSSES_H
#define SMX_LOSSES_H

#include "../base/kulisch.h"
#include "rows.h"

/* `log_probs`: negative log-likelihood. */
const struct operation *smx_cross_entropy_operation(bool log_probs, smx_reduction reduction);

/* The fields by themselves and beside each other; the class weights. In the library's floating-point environment. */
smx_status smx_cross_entropy_check_fields(const struct cross_entropy *ce, const struct array *a, enum dtype real);
smx_status smx_cross_entropy_check_weights(const struct array *a, enum dtype real, size_t n);

/* Refuses labels of `rows` rows, and adds the number and the weight of those that count. */
smx_status smx_cross_entropy_weigh(const struct cross_entropy *ce, const struct array *a, enum dtype real, size_t rows,
                                   size_t n, smx_exact_sum *weight, int64_t *count);

/* Sets what kernels need: the gradient, for a mean over `weight`, and whether labels are alone, which they are not
 * unless logits are plain entries. */
void smx_cross_entropy_prepare(struct cross_entropy *ce, const struct array *a, enum dtype real, bool plain,
                               const smx_exact_sum *weight);

/* What has been added up over rows. */
struct totals {
    const smx_exact_sum *loss, *weight;
    const smx_exact_sum *divisor; /* of a mean: the weight, or that of a batch of which these rows are a piece */
    int64_t count;
};

/* Writes what is asked for of reduced, weight and count. */
void smx_cross_entropy_total(const struct cross_entropy *ce, const struct array *a, enum dtype real,
                             const struct totals *totals);

/* All of it. */
smx_status smx_cross_entropy_rows(struct rows_request *request, struct cross_entropy *ce);

/* An exact sum, correctly rounded to an array's first element. */
void smx_store_sum(enum dtype real, void *array, const smx_exact_sum *sum);

#endif
