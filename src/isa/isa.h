/* The instruction sets and their kernels. A file that the compiler or the target can't build still compiles, and leaves
 * its pointer null. */
#ifndef SMX_ISA_H
#define SMX_ISA_H

#include "../attributes.h"
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

extern const struct smx_kernels_f32 *const smx_scalar_f32,
    *const smx_avx2_f32, *const smx_avx512_f32, *const smx_sve_f32, *const smx_rvv_f32;
extern const struct smx_kernels_f64 *const smx_scalar_f64, *const smx_avx2_f64, *const smx_avx512_f64;

#endif
