/* RISC-V V kernels, f32. No pragma can give clang 16 or gcc 12 the target: the file needs -march=rv64gcv. */
#include "../base/arithmetic.h"

#include "isa.h"

#if defined(__riscv_vector)

/* In this order: */
#include "../vec/rvv_f32.h"

#include "../kernels/real_f32_template.h"

#include "../kernels/all.h"

const struct kernels *const smx_rvv_f32 = &kernels_f32;

#else

const struct kernels *const smx_rvv_f32 = NULL;

#endif
