/* SVE kernels, f32. */
#include "isa.h"

const struct smx_kernels_f32 *const smx_sve_f32 = NULL;
