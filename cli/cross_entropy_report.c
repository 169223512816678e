/* What smx cross-entropy and smx nll print. */
#include <inttypes.h>
#include <stdio.h>

#include "cross_entropy.h"

static void print_number(const row_call *c, const char *label, double value) {
    printf("%-10s%.*g (%a)", label, c->real == NPY_F4 ? 9 : 17, value, value);
}

static void print_loss(const row_call *c) {
    if (c->set->reduction == SMX_REDUCTION_NONE) {
        printf("%-10sone for each row\n", "loss");
        return;
    }
    print_number(c, "loss", ((const totals *)c->state)->reduced_loss);
    printf(", the %s\n", c->set->reduction == SMX_REDUCTION_MEAN ? "mean" : "sum");
}

static void print_rows(const row_call *c) {
    const totals *t = c->state;
    printf("%-10s%" PRIu64, "rows", t->count);
    if (t->count < c->space->rows)
        printf(" of %zu, the others are ignored", c->space->rows);
    printf("\n");
    if (c->set->text[SET_CLASS_WEIGHTS] != NULL && has_labels(c)) {
        print_number(c, "weight", t->weight);
        printf("\n");
    }
}

void cross_entropy_report(const row_call *call) {
    const totals *t = call->state;
    print_loss(call);
    print_rows(call);
    if (has_labels(call) && t->count > 0)
        printf("%-10s%.2f %%: %" PRIu64 " of %" PRIu64 "\n", "accuracy", 100.0 * (double)t->correct / (double)t->count,
               t->correct, t->count);
}
