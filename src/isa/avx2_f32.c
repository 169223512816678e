/* AVX2 + FMA kernels, f32; F16C only where halves are asked for, which src/tensor/halves.c does where it is there. */
#include "../base/arithmetic.h"

#include "isa.h"

#if SMX_BUILD_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c")
#endif

/* In this order: */
#include "../vec/avx2_f32.h"

#include "../kernels/real_f32_template.h"

#include "../kernels/all.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif

const struct kernels *const smx_avx2_f32 = &kernels_f32;

#else

const struct kernels *const smx_avx2_f32 = NULL;

#endif
