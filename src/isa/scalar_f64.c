/* Scalar kernels, f64: the reference that every other instruction set must equal bit for bit. */
#include "../base/arithmetic.h"

#include "isa.h"

/* In this order: */
#include "../vec/scalar_f64.h"

#include "../kernels/real_f64_template.h"

#include "../kernels/all.h"

const struct kernels *const smx_scalar_f64 = &kernels_f64;
