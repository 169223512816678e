/* Runs a call on tensors, whatever their layout. */
#ifndef SMX_TENSOR_RUN_CALL_H
#define SMX_TENSOR_RUN_CALL_H

#include "arguments.h"

/* Of a call that is prepared: straight on the tensors where their layout is that of arrays, else in groups of rows, of which those
 * arguments go through scratch memory that are not of the right type and layout. */
smx_status smx_call_run(struct call *call);

/* Prepares a call (arguments.h), and runs it. */
smx_status smx_call_apply(const struct tensor_request *request);

#endif
