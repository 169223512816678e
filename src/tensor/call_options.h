/* The options of a call on tensors. */
#ifndef SMX_TENSOR_CALL_OPTIONS_H
#define SMX_TENSOR_CALL_OPTIONS_H

#include "axes.h"
#include "call.h"

enum { TENSORS_OF_OPTIONS = OPERAND_SINK + 1 };

/* A set of OPTION_..., once they are read. */
unsigned smx_options_given(const struct call *call);

/* The name of the first option that is given, once they are read, and not among those taken; null if there is none. */
const char *smx_option_not_taken(const struct call *call, unsigned taken);

/* Policies and threads. */
smx_status smx_tensor_options_read_row(const smx_tensor_options *opt, struct call *call);

/* Scale and masks, once the call has its shape; the views are of those tensors that are given. */
smx_status smx_tensor_options_read(const smx_tensor_options *opt, const struct view *x, const struct axes *axes,
                                   struct view views[TENSORS_OF_OPTIONS], struct call *call);

/* Every scale and length. */
smx_status smx_options_check_values(const struct call *call);

#endif
