#include "../base/arithmetic.h"

#include "call.h"

#include "columns.h"
#include "groups.h"
#include "layout.h"
#include "straight.h"

size_t smx_call_rows(const struct call *c) {
    size_t rows = 1;
    for (int d = 0; d < c->ndim; d++) {
        rows *= c->shape[d];
    }
    return rows;
}

smx_status smx_call_run(struct call *c) {
    smx_status status;
    smx_layout_sort(c);
    /* What can work on the tensors as they are comes first. */
    if (smx_run_straight(c, &status)) {
        return status;
    }
    smx_layout_coalesce(c, true);
    return smx_run_columns(c, &status) ? status : smx_run_groups(c);
}
