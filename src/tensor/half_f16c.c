/* Half precision by F16C, and bf16 by AVX2's integers: VCVTNEPS2BF16 of AVX-512 takes subnormal numbers for 0. */
#include "half.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c")
#endif

#include "half_loops.h"

/* The instructions keep part of a NaN's payload: the canonical NaN takes its place. */
static void f16_to_f32(size_t count, const void *from, void *to) {
    const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32((int)F32_NAN));
    const unsigned char *f = from;
    unsigned char *t = to;
    size_t i = 0;
    for (; count - i >= 8; i += 8) {
        __m256 a = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(f + 2 * i)));
        a = _mm256_blendv_ps(a, nan, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
        _mm256_storeu_ps((float *)(void *)(t + 4 * i), a);
    }
    f16_to_f32_loop(count - i, f + 2 * i, t + 4 * i);
}

static void f32_to_f16(size_t count, const void *from, void *to) {
    const __m128i nan = _mm_set1_epi16((short)F16_NAN);
    const unsigned char *f = from;
    unsigned char *t = to;
    size_t i = 0;
    for (; count - i >= 8; i += 8) {
        __m256 a = _mm256_loadu_ps((const float *)(const void *)(f + 4 * i));
        __m128i h = _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
        __m128i mask = _mm_packs_epi32(_mm256_castsi256_si128(is_nan), _mm256_extracti128_si256(is_nan, 1));
        _mm_storeu_si128((__m128i *)(void *)(t + 2 * i), _mm_blendv_epi8(h, nan, mask));
    }
    f32_to_f16_loop(count - i, f + 4 * i, t + 2 * i);
}

static void bf16_to_f32(size_t count, const void *from, void *to) { bf16_to_f32_loop(count, from, to); }
static void f32_to_bf16(size_t count, const void *from, void *to) { f32_to_bf16_loop(count, from, to); }

#if defined(__clang__)
#pragma clang attribute pop
#endif

static const struct half_functions functions = {f16_to_f32, f32_to_f16, bf16_to_f32, f32_to_bf16};
const struct half_functions *const smx_half_f16c = &functions;

#else

const struct half_functions *const smx_half_f16c = NULL;

#endif
