/* A call straight on its tensors. */
#ifndef SMX_TENSOR_STRAIGHT_H
#define SMX_TENSOR_STRAIGHT_H

#include "call.h"

/* One call of the engine for all rows; false, with nothing done, if the layout is not that of arrays. The call's
 * dimensions are sorted (layout.h). */
bool smx_run_straight(const struct call *call, smx_status *status);

#endif
