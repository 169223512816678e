/* AVX-512 kernels, f32. */
#include "../base/arithmetic.h"

#include "isa.h"

#if SMX_BUILD_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,fma")
#endif

/* In this order: */
#include "../vec/avx512_f32.h"

#include "../kernels/real_f32_template.h"

#include "../kernels/all.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif

const struct kernels *const smx_avx512_f32 = &kernels_f32;

#else

const struct kernels *const smx_avx512_f32 = NULL;

#endif
