/* SVE kernels, f32. */
#include "../base/arithmetic.h"

#include "isa.h"

#if defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("+sve")
#define BUILD_SVE 1
#elif defined(__ARM_FEATURE_SVE)
#define BUILD_SVE 1
#else
#define BUILD_SVE 0
#endif

#if BUILD_SVE

/* In this order: */
#include "../vec/sve_f32.h"

#include "../kernels/real_f32_template.h"

#include "../kernels/all.h"

const struct kernels *const smx_sve_f32 = &kernels_f32;

#else

const struct kernels *const smx_sve_f32 = NULL;

#endif
