#include "../base/arithmetic.h"

#include "run_call.h"

#include "columns.h"
#include "groups.h"
#include "halves.h"
#include "layout.h"
#include "straight.h"

smx_status smx_call_run(struct call *c) {
    smx_status status;
    smx_layout_sort(c);
    /* What can work on the tensors as they are comes first. */
    if (smx_run_straight(c, &status)) {
        return status;
    }
    smx_layout_coalesce(c, true);
    return smx_run_columns(c, &status) || smx_run_halves(c, &status) ? status : smx_run_groups(c);
}

smx_status smx_call_apply(const struct tensor_request *request) {
    struct call call;
    smx_status status = smx_call_prepare(request, &call);
    return status == SMX_OK ? smx_call_run(&call) : status;
}
