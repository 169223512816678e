/* The instruction sets and their kernels. A file that the compiler or the target can't build still compiles, and leaves
 * its pointer null. */
#ifndef SMX_ISA_H
#define SMX_ISA_H

#include "../kernel_table.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define SMX_BUILD_X86 1 /* pragmas give each file its target: no compiler flags are needed */
#include <immintrin.h>
#else
#define SMX_BUILD_X86 0
#endif

#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline)) /* so that each constant argument makes a loop of its own */
#define NOT_INLINE __attribute__((noinline))                /* so that what it has on the stack is there for it alone */
#else
#define ALWAYS_INLINE inline
#define NOT_INLINE
#endif

extern const struct smx_kernels_f32 *const smx_scalar_f32,
    *const smx_avx2_f32, *const smx_avx512_f32, *const smx_sve_f32, *const smx_rvv_f32;
extern const struct smx_kernels_f64 *const smx_scalar_f64, *const smx_avx2_f64, *const smx_avx512_f64;

#endif
