/* RVV kernels, f32. */
#include "isa.h"

const struct smx_kernels_f32 *const smx_rvv_f32 = NULL;
