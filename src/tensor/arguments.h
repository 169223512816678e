/* From the tensors of a public function to a call. */
#ifndef SMX_TENSOR_ARGUMENTS_H
#define SMX_TENSOR_ARGUMENTS_H

#include "call.h"

/* A call as a public function has it: a tensor for each of the operation's arguments, in the table's order. */
struct tensor_request {
    const struct operation *operation, *columns; /* columns: see call.h */
    const DLTensor *const *tensor;
    int axis;
    const smx_tensor_options *opt;
};

/* Checks everything: options, then the tensors by themselves, then against each other, then values of the options'
 * tensors. `call` is then complete but for `ce` and `sum`. */
smx_status smx_call_prepare(const struct tensor_request *request, struct call *call);

#endif
