/* Which instruction set's kernels are in use. The only place that chooses. */
#ifndef SMX_DISPATCH_H
#define SMX_DISPATCH_H

#include "../base/dtype.h"
#include "../kernels/kernels.h"
#include "smx/base.h"

/* Those of DTYPE_F32 or DTYPE_F64. Null if the environment names an instruction set that can't be used, or a cache or
 * threads that make no sense. */
const struct kernels *smx_kernels_in_use(enum dtype real);

/* The refusal of a call where they are null. */
smx_status smx_no_kernels(void);

/* Whether half types may be converted by F16C's instructions, where the processor has them. */
bool smx_f16c_in_use(void);

#endif
