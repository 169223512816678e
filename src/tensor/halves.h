/* A call on halves that has a kernel of its own. */
#ifndef SMX_TENSOR_HALVES_H
#define SMX_TENSOR_HALVES_H

#include "call.h"

/* Runs a call without options whose arguments are all of one half type, with the entries of a row one after the other.
 * False: it is another, or the instruction set in use has no kernel for it. The call's dimensions are coalesced. */
bool smx_run_halves(const struct call *call, smx_status *status);

#endif
