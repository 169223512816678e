/* A call down the columns of its tensors. */
#ifndef SMX_TENSOR_COLUMNS_H
#define SMX_TENSOR_COLUMNS_H

#include "call.h"

/* Where an inner dimension is contiguous, and the operation has that; else false, with nothing done. The call's
 * dimensions are coalesced, with the options (layout.h). */
bool smx_run_columns(const struct call *call, smx_status *status);

#endif
