/* Which instruction set's kernels are in use. The only place that chooses. */
#ifndef SMX_DISPATCH_H
#define SMX_DISPATCH_H

#include "kernel_table.h"
#include "smx/base.h"

/* Null if the environment names an instruction set that can't be used, or a cache or threads that make no sense. */
const struct smx_kernels_f32 *smx_kernels_in_use_f32(void);
const struct smx_kernels_f64 *smx_kernels_in_use_f64(void);

/* The refusal of a call where these are null. */
smx_status smx_no_kernels(void);

#endif
