/* Vector operations, AVX2 + FMA, 8 lanes of float. See README.md. */
#ifndef SMX_VEC_H
#define SMX_VEC_H

#include "../base/attributes.h"

#include <immintrin.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "x86_f32.h"

typedef __m256 v_t;
typedef __m256i i_t;
typedef __m256 m_t;
#define V_LANES ((size_t)8)

/* ---- Constants, memory ---- */

static inline v_t v_set1(float a) { return _mm256_set1_ps(a); }
static inline i_t i_set1(uint32_t a) { return _mm256_set1_epi32((int)a); }
static inline void i_store(int32_t *p, i_t a) { _mm256_storeu_si256((__m256i *)(void *)p, a); }
/* All bits of the first n lanes set: a window that slides along ones and zeros. */
static inline __m256i first_lanes(size_t n) {
    static const int32_t window[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
    return _mm256_loadu_si256((const __m256i *)(const void *)(window + (8 - n)));
}
static inline v_t v_load(const float *p) { return _mm256_loadu_ps(p); }
/* gcc would load a vector that is used twice again for each use, as an operand of it. */
static ALWAYS_INLINE v_t v_load_once(const float *p) {
    v_t a = v_load(p);
    __asm__("" : "+x"(a));
    return a;
}
/* vmaskmov reads nothing where the mask is not set, and gives 0 there: hence the blend. */
static ALWAYS_INLINE v_t v_load_n(const float *p, size_t n, v_t fill) {
    __m256i lanes = first_lanes(n);
    return _mm256_blendv_ps(fill, _mm256_maskload_ps(p, lanes), _mm256_castsi256_ps(lanes));
}
static ALWAYS_INLINE void v_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
static inline void v_store(float *p, v_t a) { _mm256_storeu_ps(p, a); }
static inline void v_stream(float *p, v_t a) { _mm256_stream_ps(p, a); }
static inline void v_stream_end(void) { _mm_sfence(); }
/* By halves, quarters and one, not by vmaskmovps, which is slow on AMD processors (docs/tuning.md). */
static ALWAYS_INLINE void v_store_n(float *p, v_t a, size_t n) {
    __m128 rest = _mm256_castps256_ps128(a);
    if (n & 8) {
        _mm256_storeu_ps(p, a);
        return;
    }
    if (n & 4) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps(a, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
    if (n & 1) {
        _mm_store_ss(p, rest);
    }
}

/* ---- Halves ---- */

#define V_HALVES 1
static inline v_t v_from_f16(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
static inline v_t v_from_bf16(const void *p) {
    __m256i halves = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(halves, 16));
}
/* The halves at even places, and those at odd ones. */
static ALWAYS_INLINE void v_two_from_bf16(const void *p, v_t *even, v_t *odd) {
    __m256i halves = _mm256_castps_si256(v_load_once(p));
    *even = _mm256_castsi256_ps(_mm256_slli_epi32(halves, 16));
    *odd = _mm256_castsi256_ps(_mm256_and_si256(halves, _mm256_set1_epi32(-0x10000)));
}
static inline __m128i f16_of(v_t a) { return _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline i_t v_to_f16(v_t a, v_t b) { return _mm256_set_m128i(f16_of(b), f16_of(a)); }
/* Rounded to nearest, ties to even, in the upper halves of the lanes. */
static inline __m256i bf16_rounded(v_t a) {
    __m256i bits = _mm256_castps_si256(a), odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    return _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
}
static inline __m256i bf16_of(v_t a) { return _mm256_srli_epi32(bf16_rounded(a), 16); }
static inline i_t v_to_bf16(v_t a, v_t b) {
    return _mm256_permute4x64_epi64(_mm256_packus_epi32(bf16_of(a), bf16_of(b)), 0xd8);
}
static inline i_t v_two_to_bf16(v_t even, v_t odd) {
    return _mm256_blend_epi16(bf16_of(even), bf16_rounded(odd), 0xaa);
}

/* ---- Arithmetic ---- */

static inline v_t v_add(v_t a, v_t b) { return _mm256_add_ps(a, b); }
static inline v_t v_sub(v_t a, v_t b) { return _mm256_sub_ps(a, b); }
static inline v_t v_mul(v_t a, v_t b) { return _mm256_mul_ps(a, b); }
static inline v_t v_div(v_t a, v_t b) { return _mm256_div_ps(a, b); }
static inline float r_fma(float a, float b, float c) {
    return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}
static inline v_t v_fma(v_t a, v_t b, v_t c) { return _mm256_fmadd_ps(a, b, c); }
static inline v_t v_fms(v_t a, v_t b, v_t c) { return _mm256_fmsub_ps(a, b, c); }
static inline v_t v_fnma(v_t a, v_t b, v_t c) { return _mm256_fnmadd_ps(a, b, c); }
/* Of two zeros, or if one operand is NaN, these give the second operand: kernels must not care. */
static inline v_t v_max(v_t a, v_t b) { return _mm256_max_ps(a, b); }
static inline v_t v_min(v_t a, v_t b) { return _mm256_min_ps(a, b); }
static inline v_t v_abs(v_t a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }

/* ---- Masks ---- */

static inline m_t v_ge(v_t a, v_t b) { return _mm256_cmp_ps(a, b, _CMP_GE_OQ); }
static inline m_t v_eq(v_t a, v_t b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
static inline m_t v_unordered(v_t a, v_t b) { return _mm256_cmp_ps(a, b, _CMP_UNORD_Q); }
static inline m_t m_none(void) { return _mm256_setzero_ps(); }
static inline m_t m_or(m_t a, m_t b) { return _mm256_or_ps(a, b); }
static inline m_t m_and(m_t a, m_t b) { return _mm256_and_ps(a, b); }
static inline m_t m_not(m_t a) { return _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))); }
static inline bool m_any(m_t a) { return _mm256_movemask_ps(a) != 0; }
static inline v_t v_keep(m_t m, v_t a) { return _mm256_and_ps(m, a); }
static inline v_t v_select(m_t m, v_t a, v_t b) { return _mm256_blendv_ps(b, a, m); }
static ALWAYS_INLINE m_t m_load_n(const uint8_t *p, size_t n) {
    int64_t bytes = 0;
    if (n == V_LANES) {
        memcpy(&bytes, p, V_LANES);
    } else {
        for (size_t i = 0; i < n; i++) {
            bytes |= (int64_t)p[i] << (8 * i);
        }
    }
    __m256i lanes = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes));
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(lanes, _mm256_setzero_si256()));
}

/* ---- Bits and integers ---- */

static inline i_t v_bits(v_t a) { return _mm256_castps_si256(a); }
static inline v_t v_from_bits(i_t a) { return _mm256_castsi256_ps(a); }
static inline i_t i_add(i_t a, i_t b) { return _mm256_add_epi32(a, b); }
static inline i_t i_sub(i_t a, i_t b) { return _mm256_sub_epi32(a, b); }
static inline i_t i_or(i_t a, i_t b) { return _mm256_or_si256(a, b); }
static inline i_t i_max(i_t a, i_t b) { return _mm256_max_epi32(a, b); }
static inline i_t i_exponent(i_t a) { return _mm256_slli_epi32(a, 23); }

/* ---- Across lanes ---- */

static inline float v_hmax(v_t a) { return hmax_of_eight(a); }
/* Lanes become 64 bits wide before they are added. */
static inline int64_t i_hsum(i_t a) {
    __m256i s = _mm256_add_epi64(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(a)),
                                 _mm256_cvtepi32_epi64(_mm256_extracti128_si256(a, 1)));
    __m128i t = _mm_add_epi64(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
    return _mm_cvtsi128_si64(_mm_add_epi64(t, _mm_unpackhi_epi64(t, t)));
}

/* ---- Rows to lanes ---- */

#define V_TRANSPOSE 1
/* Pairs of rows are interleaved, then pairs of pairs, then halves are exchanged: 24 shuffles. */
static ALWAYS_INLINE void v_transpose(v_t a[8]) {
    __m256 b[8], c[8];
    for (int i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        c[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
        c[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
        c[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        c[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        a[i] = _mm256_permute2f128_ps(c[i], c[i + 4], 0x20);
        a[i + 4] = _mm256_permute2f128_ps(c[i], c[i + 4], 0x31);
    }
}

static inline void v_unzip(v_t a, v_t b, v_t *even, v_t *odd) {
    __m256 low = _mm256_permute2f128_ps(a, b, 0x20), high = _mm256_permute2f128_ps(a, b, 0x31);
    *even = _mm256_shuffle_ps(low, high, 0x88);
    *odd = _mm256_shuffle_ps(low, high, 0xdd);
}
static inline void v_zip(v_t even, v_t odd, v_t *a, v_t *b) {
    __m256 low = _mm256_unpacklo_ps(even, odd), high = _mm256_unpackhi_ps(even, odd);
    *a = _mm256_permute2f128_ps(low, high, 0x20);
    *b = _mm256_permute2f128_ps(low, high, 0x31);
}

/* A transposition that joins two vectors after each step: 8, 4 and 2 shuffles instead of 8 each time. */
static ALWAYS_INLINE i_t i_fold_each(const v_t a[8], i_t (*op)(i_t, i_t)) {
    i_t b[4], c[2];
    for (int i = 0; i < 4; i++) {
        i_t even = v_bits(a[2 * i]), odd = v_bits(a[2 * i + 1]);
        b[i] = op(_mm256_unpacklo_epi32(even, odd), _mm256_unpackhi_epi32(even, odd));
    }
    for (int i = 0; i < 2; i++) {
        c[i] = op(_mm256_unpacklo_epi64(b[2 * i], b[2 * i + 1]), _mm256_unpackhi_epi64(b[2 * i], b[2 * i + 1]));
    }
    return op(_mm256_permute2x128_si256(c[0], c[1], 0x20), _mm256_permute2x128_si256(c[0], c[1], 0x31));
}

/* ---- Sums of limbs, in lanes ---- */

static inline i_t i_mul(i_t a, i_t b) { return _mm256_mullo_epi32(a, b); }
/* Sign and exponent field alone: minus infinity has all their bits, and no others. */
static inline v_t v_binade(v_t a) { return _mm256_and_ps(a, _mm256_set1_ps(-INFINITY)); }

/* top * top_unit + middle * middle_unit of four lanes. */
static inline __m256d four_sums(__m128i top, __m128i middle, double top_unit, double middle_unit) {
    return _mm256_add_pd(_mm256_mul_pd(_mm256_cvtepi32_pd(top), _mm256_set1_pd(top_unit)),
                         _mm256_mul_pd(_mm256_cvtepi32_pd(middle), _mm256_set1_pd(middle_unit)));
}
/* Doubles as two floats each, high + low. */
static inline void split_doubles(__m256d d0, __m256d d1, v_t *high, v_t *low) {
    __m128 h0 = _mm256_cvtpd_ps(d0), h1 = _mm256_cvtpd_ps(d1);
    *high = _mm256_set_m128(h1, h0);
    *low = _mm256_set_m128(_mm256_cvtpd_ps(_mm256_sub_pd(d1, _mm256_cvtps_pd(h1))),
                           _mm256_cvtpd_ps(_mm256_sub_pd(d0, _mm256_cvtps_pd(h0))));
}
static inline void v_reciprocal_of_limbs(i_t top, i_t middle, v_t *high, v_t *low) {
    __m256d one = _mm256_set1_pd(1);
    __m256d s0 = four_sums(_mm256_castsi256_si128(top), _mm256_castsi256_si128(middle), 0x1p38, 0x1p16);
    __m256d s1 = four_sums(_mm256_extracti128_si256(top, 1), _mm256_extracti128_si256(middle, 1), 0x1p38, 0x1p16);
    split_doubles(_mm256_div_pd(one, s0), _mm256_div_pd(one, s1), high, low);
}
static ALWAYS_INLINE void v_value_of_limbs(i_t top, i_t middle, v_t unit, v_t *high, v_t *low) {
    __m256d s0 = four_sums(_mm256_castsi256_si128(top), _mm256_castsi256_si128(middle), 0x1p-21, 0x1p-44);
    __m256d s1 = four_sums(_mm256_extracti128_si256(top, 1), _mm256_extracti128_si256(middle, 1), 0x1p-21, 0x1p-44);
    split_doubles(_mm256_mul_pd(s0, _mm256_cvtps_pd(_mm256_castps256_ps128(unit))),
                  _mm256_mul_pd(s1, _mm256_cvtps_pd(_mm256_extractf128_ps(unit, 1))), high, low);
}

#define V_RECIPROCAL_OF_LANES 1
static ALWAYS_INLINE void v_reciprocal_of_lanes(i_t top, i_t middle, uint32_t top_constant, uint32_t middle_constant,
                                                v_t *high, v_t *low) {
    __m128 upper, lower;
    __m256i shares = _mm256_add_epi32(_mm256_unpacklo_epi32(top, middle), _mm256_unpackhi_epi32(top, middle));
    reciprocal_of_shares(shares, top_constant, middle_constant, &upper, &lower);
    *high = _mm256_broadcastss_ps(upper);
    *low = _mm256_broadcastss_ps(lower);
}

/* ---- Doubles ---- */

typedef float d_real;
typedef __m256d d_t;
#define D_LANES (V_LANES / 2)
static inline d_t d_set1(double a) { return _mm256_set1_pd(a); }
static inline d_t d_add(d_t a, d_t b) { return _mm256_add_pd(a, b); }
static inline d_t d_sub(d_t a, d_t b) { return _mm256_sub_pd(a, b); }
static inline d_t d_mul(d_t a, d_t b) { return _mm256_mul_pd(a, b); }
static inline d_t d_div(d_t a, d_t b) { return _mm256_div_pd(a, b); }
static inline d_t d_fma(d_t a, d_t b, d_t c) { return _mm256_fmadd_pd(a, b, c); }
static inline d_t d_max(d_t a, d_t b) { return _mm256_max_pd(a, b); }
static inline d_t d_abs(d_t a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a); }
static inline d_t d_copysign(d_t a, d_t sign) {
    d_t bit = _mm256_set1_pd(-0.0);
    return _mm256_or_pd(_mm256_andnot_pd(bit, a), _mm256_and_pd(bit, sign));
}
static inline d_t d_exponent(d_t a) { return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(a), 52)); }
static inline d_t d_sum(const float *p, const float *q) {
    return _mm256_add_pd(_mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(q)));
}
static inline void d_store(double *p, d_t a) { _mm256_storeu_pd(p, a); }

static inline v_t v_split(const double *p, v_t *low) {
    v_t high;
    split_doubles(_mm256_loadu_pd(p), _mm256_loadu_pd(p + D_LANES), &high, low);
    return high;
}

#include "doubles.h"

#endif
