/* The last steps across lanes that AVX2 and AVX-512 share: of 8 floats, whole or half a vector. See README.md. */
#ifndef SMX_VEC_X86_F32_H
#define SMX_VEC_X86_F32_H

#include "../base/attributes.h"

#include <immintrin.h>
#include <stdint.h>

static inline float hmax_of_eight(__m256 a) {
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

/* 1 / sum as two floats, high + low. The sum is that of limbs of 32 bits, the upper one's shares at even places and the
 * lower one's at odd ones, less a constant for each. What would go through general registers, as integers of 64 bits,
 * takes 6 cycles more (Zen 4). */
static ALWAYS_INLINE void reciprocal_of_shares(__m256i shares, uint32_t top_constant, uint32_t middle_constant,
                                               __m128 *high, __m128 *low) {
    __m128i limbs = _mm_add_epi32(_mm256_castsi256_si128(shares), _mm256_extracti128_si256(shares, 1));
    limbs = _mm_add_epi32(limbs, _mm_unpackhi_epi64(limbs, limbs));
    limbs = _mm_sub_epi32(limbs, _mm_setr_epi32((int)top_constant, (int)middle_constant, 0, 0));
    __m128d sums = _mm_mul_pd(_mm_cvtepi32_pd(limbs), _mm_setr_pd(0x1p38, 0x1p16));
    __m128d reciprocal = _mm_div_sd(_mm_set_sd(1), _mm_add_sd(sums, _mm_unpackhi_pd(sums, sums)));
    *high = _mm_cvtsd_ss(_mm_setzero_ps(), reciprocal);
    *low = _mm_cvtsd_ss(_mm_setzero_ps(), _mm_sub_sd(reciprocal, _mm_cvtss_sd(reciprocal, *high)));
}

#endif
