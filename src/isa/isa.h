/* The instruction sets and their kernels. A file that the compiler or the target can't build still compiles, and leaves
 * its pointer null. */
#ifndef SMX_ISA_H
#define SMX_ISA_H

#include "../base/attributes.h"
#include "../kernels/kernels.h"

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

/* name, smx_cpu_NAME, its kernels by type, whether F16C's conversions are among its instructions. Best first. Where a
 * type's kernels are missing, the scalar ones serve: the bits are the same. */
#define SMX_ISA_TABLE(X)                    \
    X(avx512, avx512_f32, avx512_f64, true) \
    X(avx2, avx2_f32, avx2_f64, true)       \
    X(sve, sve_f32, scalar_f64, false)      \
    X(rvv, rvv_f32, scalar_f64, false)      \
    X(scalar, scalar_f32, scalar_f64, false)

extern const struct kernels *const smx_scalar_f32,
    *const smx_avx2_f32, *const smx_avx512_f32, *const smx_sve_f32, *const smx_rvv_f32, *const smx_scalar_f64,
                                                                                            *const smx_avx2_f64,
                                                                                                *const smx_avx512_f64;

#endif
