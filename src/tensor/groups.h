/* A call in groups of rows. */
#ifndef SMX_TENSOR_GROUPS_H
#define SMX_TENSOR_GROUPS_H

#include "call.h"

/* Of any layout. The call's dimensions are coalesced, with the options (layout.h). */
smx_status smx_run_groups(const struct call *call);

#endif
