/* Which instruction set's kernels are in use. The only place that chooses. */
#ifndef SMX_DISPATCH_H
#define SMX_DISPATCH_H

#include "kernel_table.h"

/* Null if SMX_ISA names an instruction set that can't be used. */
const struct smx_kernels_f32 *smx_kernels_in_use_f32(void);
const struct smx_kernels_f64 *smx_kernels_in_use_f64(void);

#endif
