/* The arithmetic that docs/bits.md is written in: IEEE 754 binary32 and binary64, each operation rounded once. The bits
 * of results must not hang on a compiler's flags. So what a source can see of other arithmetic is an error here, and
 * contraction, a * b + c with one rounding, which compilers do unasked, is switched off. Every .c file of the library
 * includes this before anything else (tests/arithmetic.sh).
 *
 * Other flags change no result. -fno-trapping-math is for speed: with it gcc makes loops with a comparison into vector
 * code, which is safe as kernels run with all exceptions masked. -frounding-math only takes away what a compiler would
 * have computed itself.
 *
 * Clang has no macro for -fassociative-math, -freciprocal-math, -fno-signed-zeros and -funsafe-math-optimizations
 * without the rest of -ffast-math, nor for -ffp-contract=fast, which overrules its own pragma: those are not seen. */
#ifndef SMX_ARITHMETIC_H
#define SMX_ARITHMETIC_H

#include <float.h>

#if defined(__FAST_MATH__)
#error "libsmx: compile without -ffast-math and -Ofast: they change bits"
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "libsmx: compile without -ffinite-math-only: entries may be infinite or NaN"
#endif
#if defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "libsmx: compile without -fassociative-math, -freciprocal-math, -fno-signed-zeros: they change bits"
#endif

/* 16: only types below float's are wider than they say (gcc, where the processor computes in half precision). */
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "libsmx: float and double must not be computed with more precision: compile for i386 with -msse2 -mfpmath=sse"
#endif
#if FLT_RADIX != 2 || FLT_MANT_DIG != 24 || FLT_MAX_EXP != 128 || DBL_MANT_DIG != 53 || DBL_MAX_EXP != 1024
#error "libsmx: float and double must be IEEE 754's binary32 and binary64"
#endif
_Static_assert(sizeof 1.0 == sizeof(double), "libsmx: compile without -fsingle-precision-constant");

/* gcc has not got C's pragma (12 ignores it). With its own, all of src/ is compiled to the same instructions as with
 * -std=c11 -ffp-contract=off on the command line: gcc 12, -O0, -Os, -O2 and -O3 -march=native. It must stand before the
 * first function, so that all have the same options: gcc won't inline otherwise. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("-ffp-contract=off")
#else
#pragma STDC FP_CONTRACT OFF
#endif

#endif
