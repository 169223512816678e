/* AVX2 + FMA kernels, f64. */
#include "../base/arithmetic.h"

#include "isa.h"

#if SMX_BUILD_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

/* In this order: */
#include "../vec/avx2_f64.h"

#include "../kernels/real_f64_template.h"

#include "../kernels/all.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif

const struct kernels *const smx_avx2_f64 = &kernels_f64;

#else

const struct kernels *const smx_avx2_f64 = NULL;

#endif
