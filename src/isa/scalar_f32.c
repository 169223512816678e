/* Scalar kernels, f32: the reference that every other instruction set must equal bit for bit. */
#include "../base/arithmetic.h"

#include "isa.h"

/* In this order: */
#include "../vec/scalar_f32.h"

#include "../kernels/real_f32_template.h"

#include "../kernels/all.h"

const struct kernels *const smx_scalar_f32 = &kernels_f32;
