/* Vector operations, AVX-512 (F, DQ, BW, VL), 16 lanes of float. See README.md. */
#ifndef SMX_VEC_H
#define SMX_VEC_H

#include "../base/attributes.h"

#include <immintrin.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "x86_f32.h"

typedef __m512 v_t;
typedef __m512i i_t;
typedef __mmask16 m_t;
#define V_LANES ((size_t)16)

/* ---- Constants, memory ---- */

static inline v_t v_set1(float a) { return _mm512_set1_ps(a); }
static inline i_t i_set1(uint32_t a) { return _mm512_set1_epi32((int)a); }
static inline void i_store(int32_t *p, i_t a) { _mm512_storeu_si512(p, a); }
static inline m_t first_lanes(size_t n) { return (m_t)((1u << n) - 1); }
static inline v_t v_load(const float *p) { return _mm512_loadu_ps(p); }
/* gcc would load a vector that is used twice again for each use, as an operand of it. */
static ALWAYS_INLINE v_t v_load_once(const float *p) {
    v_t a = v_load(p);
    __asm__("" : "+v"(a));
    return a;
}
static ALWAYS_INLINE v_t v_load_n(const float *p, size_t n, v_t fill) {
    return _mm512_mask_loadu_ps(fill, first_lanes(n), p);
}
static ALWAYS_INLINE void v_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
static inline void v_store(float *p, v_t a) { _mm512_storeu_ps(p, a); }
static inline void v_stream(float *p, v_t a) { _mm512_stream_ps(p, a); }
static inline void v_stream_end(void) { _mm_sfence(); }
static ALWAYS_INLINE void v_store_n(float *p, v_t a, size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), a); }

/* ---- Halves ---- */

#define V_HALVES 1
static inline v_t v_from_f16(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
static inline v_t v_from_bf16(const void *p) {
    __m512i halves = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(halves, 16));
}
/* The halves at even places, and those at odd ones. */
static ALWAYS_INLINE void v_two_from_bf16(const void *p, v_t *even, v_t *odd) {
    __m512i halves = _mm512_castps_si512(v_load_once(p));
    *even = _mm512_castsi512_ps(_mm512_slli_epi32(halves, 16));
    *odd = _mm512_castsi512_ps(_mm512_and_si512(halves, _mm512_set1_epi32(-0x10000)));
}
static inline __m256i f16_of(v_t a) { return _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline i_t v_to_f16(v_t a, v_t b) { return _mm512_inserti64x4(_mm512_castsi256_si512(f16_of(a)), f16_of(b), 1); }
/* Rounded to nearest, ties to even, in the upper halves of the lanes. VCVTNEPS2BF16 takes subnormal numbers for 0. */
static inline __m512i bf16_rounded(v_t a) {
    __m512i bits = _mm512_castps_si512(a);
    __mmask16 odd = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x10000));
    return _mm512_mask_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd, bits,
                                 _mm512_set1_epi32(0x8000));
}
static inline i_t v_to_bf16(v_t a, v_t b) {
    const __m512i odd = _mm512_setr_epi32(0x30001, 0x70005, 0xb0009, 0xf000d, 0x130011, 0x170015, 0x1b0019, 0x1f001d,
                                          0x230021, 0x270025, 0x2b0029, 0x2f002d, 0x330031, 0x370035, 0x3b0039,
                                          0x3f003d); /* places of 16 bits, of a and then b */
    return _mm512_permutex2var_epi16(bf16_rounded(a), odd, bf16_rounded(b));
}
static inline i_t v_two_to_bf16(v_t even, v_t odd) {
    return _mm512_mask_mov_epi16(_mm512_srli_epi32(bf16_rounded(even), 16), 0xaaaaaaaa, bf16_rounded(odd));
}

/* ---- Arithmetic ---- */

static inline v_t v_add(v_t a, v_t b) { return _mm512_add_ps(a, b); }
static inline v_t v_sub(v_t a, v_t b) { return _mm512_sub_ps(a, b); }
static inline v_t v_mul(v_t a, v_t b) { return _mm512_mul_ps(a, b); }
static inline v_t v_div(v_t a, v_t b) { return _mm512_div_ps(a, b); }
static inline float r_fma(float a, float b, float c) {
    return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}
static inline v_t v_fma(v_t a, v_t b, v_t c) { return _mm512_fmadd_ps(a, b, c); }
static inline v_t v_fms(v_t a, v_t b, v_t c) { return _mm512_fmsub_ps(a, b, c); }
static inline v_t v_fnma(v_t a, v_t b, v_t c) { return _mm512_fnmadd_ps(a, b, c); }
/* Of two zeros, or if one operand is NaN, these give the second operand: kernels must not care. */
static inline v_t v_max(v_t a, v_t b) { return _mm512_max_ps(a, b); }
static inline v_t v_min(v_t a, v_t b) { return _mm512_min_ps(a, b); }
static inline v_t v_abs(v_t a) { return _mm512_abs_ps(a); }

/* ---- Masks ---- */

static inline m_t v_ge(v_t a, v_t b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
static inline m_t v_eq(v_t a, v_t b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
static inline m_t v_unordered(v_t a, v_t b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
static inline m_t m_none(void) { return 0; }
static inline m_t m_or(m_t a, m_t b) { return (m_t)(a | b); }
static inline m_t m_and(m_t a, m_t b) { return (m_t)(a & b); }
static inline m_t m_not(m_t a) { return (m_t)~a; }
static inline bool m_any(m_t a) { return a != 0; }
static inline v_t v_keep(m_t m, v_t a) { return _mm512_maskz_mov_ps(m, a); }
static inline v_t v_select(m_t m, v_t a, v_t b) { return _mm512_mask_blend_ps(m, b, a); }
static ALWAYS_INLINE m_t m_load_n(const uint8_t *p, size_t n) {
    __m128i bytes = _mm_maskz_loadu_epi8(first_lanes(n), p);
    return _mm_test_epi8_mask(bytes, bytes);
}

/* ---- Bits and integers ---- */

static inline i_t v_bits(v_t a) { return _mm512_castps_si512(a); }
static inline v_t v_from_bits(i_t a) { return _mm512_castsi512_ps(a); }
static inline i_t i_add(i_t a, i_t b) { return _mm512_add_epi32(a, b); }
static inline i_t i_sub(i_t a, i_t b) { return _mm512_sub_epi32(a, b); }
static inline i_t i_or(i_t a, i_t b) { return _mm512_or_si512(a, b); }
static inline i_t i_max(i_t a, i_t b) { return _mm512_max_epi32(a, b); }
static inline i_t i_exponent(i_t a) { return _mm512_slli_epi32(a, 23); }

/* ---- Across lanes ---- */

static inline float v_hmax(v_t a) {
    return hmax_of_eight(_mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1)));
}
static inline int64_t i_hsum(i_t a) {
    return _mm512_reduce_add_epi64(_mm512_add_epi64(_mm512_cvtepi32_epi64(_mm512_castsi512_si256(a)),
                                                    _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(a, 1))));
}

/* ---- Rows to lanes ---- */

#define V_TRANSPOSE 1
/* Pairs of rows are interleaved, then pairs of pairs; then quarters of vectors are exchanged twice. */
static ALWAYS_INLINE void v_transpose(v_t a[16]) {
    __m512 b[16], c[16];
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        c[i] = _mm512_shuffle_ps(b[i], b[i + 2], 0x44);
        c[i + 1] = _mm512_shuffle_ps(b[i], b[i + 2], 0xee);
        c[i + 2] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        c[i + 3] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    /* c[4 g + k] holds, in its 128-bit lane q, columns 4 q + k of rows 4 g to 4 g + 3. */
    for (int k = 0; k < 4; k++) {
        __m512 even0 = _mm512_shuffle_f32x4(c[k], c[k + 4], 0x88), odd0 = _mm512_shuffle_f32x4(c[k], c[k + 4], 0xdd);
        __m512 even1 = _mm512_shuffle_f32x4(c[k + 8], c[k + 12], 0x88);
        __m512 odd1 = _mm512_shuffle_f32x4(c[k + 8], c[k + 12], 0xdd);
        a[k] = _mm512_shuffle_f32x4(even0, even1, 0x88);
        a[k + 4] = _mm512_shuffle_f32x4(odd0, odd1, 0x88);
        a[k + 8] = _mm512_shuffle_f32x4(even0, even1, 0xdd);
        a[k + 12] = _mm512_shuffle_f32x4(odd0, odd1, 0xdd);
    }
}

/* Lanes first, first + 2, ... of two vectors one after the other. */
static inline __m512i every_second(int first) {
    return _mm512_add_epi32(_mm512_set1_epi32(first),
                            _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
}
static inline void v_unzip(v_t a, v_t b, v_t *even, v_t *odd) {
    *even = _mm512_permutex2var_ps(a, every_second(0), b);
    *odd = _mm512_permutex2var_ps(a, every_second(1), b);
}
/* Lanes first, first + 1, ... of two vectors in turn. */
static inline __m512i alternately(int first) {
    return _mm512_add_epi32(_mm512_set1_epi32(first),
                            _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
}
static inline void v_zip(v_t even, v_t odd, v_t *a, v_t *b) {
    *a = _mm512_permutex2var_ps(even, alternately(0), odd);
    *b = _mm512_permutex2var_ps(even, alternately(8), odd);
}

/* Quarters of two vectors, added up in pairs: those of a, then those of b. */
static ALWAYS_INLINE i_t fold_quarters(i_t a, i_t b, i_t (*op)(i_t, i_t)) {
    return op(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xdd));
}
/* A transposition that joins two vectors after each step: 16, 8, 4 and 2 shuffles instead of 16 each time. */
static ALWAYS_INLINE i_t i_fold_each(const v_t a[16], i_t (*op)(i_t, i_t)) {
    i_t b[8], c[4];
    for (int i = 0; i < 8; i++) {
        i_t even = v_bits(a[2 * i]), odd = v_bits(a[2 * i + 1]);
        b[i] = op(_mm512_unpacklo_epi32(even, odd), _mm512_unpackhi_epi32(even, odd));
    }
    for (int i = 0; i < 4; i++) {
        c[i] = op(_mm512_unpacklo_epi64(b[2 * i], b[2 * i + 1]), _mm512_unpackhi_epi64(b[2 * i], b[2 * i + 1]));
    }
    return fold_quarters(fold_quarters(c[0], c[1], op), fold_quarters(c[2], c[3], op), op);
}

/* ---- Sums of limbs, in lanes ---- */

static inline i_t i_mul(i_t a, i_t b) { return _mm512_mullo_epi32(a, b); }
/* Sign and exponent field alone: minus infinity has all their bits, and no others. */
static inline v_t v_binade(v_t a) { return _mm512_and_ps(a, _mm512_set1_ps(-INFINITY)); }

/* top * top_unit + middle * middle_unit of eight lanes. */
static inline __m512d eight_sums(__m256i top, __m256i middle, double top_unit, double middle_unit) {
    return _mm512_add_pd(_mm512_mul_pd(_mm512_cvtepi32_pd(top), _mm512_set1_pd(top_unit)),
                         _mm512_mul_pd(_mm512_cvtepi32_pd(middle), _mm512_set1_pd(middle_unit)));
}
/* Doubles as two floats each, high + low. */
static inline void split_doubles(__m512d d0, __m512d d1, v_t *high, v_t *low) {
    __m256 h0 = _mm512_cvtpd_ps(d0), h1 = _mm512_cvtpd_ps(d1);
    __m256 l0 = _mm512_cvtpd_ps(_mm512_sub_pd(d0, _mm512_cvtps_pd(h0)));
    __m256 l1 = _mm512_cvtpd_ps(_mm512_sub_pd(d1, _mm512_cvtps_pd(h1)));
    *high = _mm512_insertf32x8(_mm512_castps256_ps512(h0), h1, 1);
    *low = _mm512_insertf32x8(_mm512_castps256_ps512(l0), l1, 1);
}
static inline void v_reciprocal_of_limbs(i_t top, i_t middle, v_t *high, v_t *low) {
    __m512d one = _mm512_set1_pd(1);
    __m512d s0 = eight_sums(_mm512_castsi512_si256(top), _mm512_castsi512_si256(middle), 0x1p38, 0x1p16);
    __m512d s1 = eight_sums(_mm512_extracti64x4_epi64(top, 1), _mm512_extracti64x4_epi64(middle, 1), 0x1p38, 0x1p16);
    split_doubles(_mm512_div_pd(one, s0), _mm512_div_pd(one, s1), high, low);
}
static ALWAYS_INLINE void v_value_of_limbs(i_t top, i_t middle, v_t unit, v_t *high, v_t *low) {
    __m512d s0 = eight_sums(_mm512_castsi512_si256(top), _mm512_castsi512_si256(middle), 0x1p-21, 0x1p-44);
    __m512d s1 = eight_sums(_mm512_extracti64x4_epi64(top, 1), _mm512_extracti64x4_epi64(middle, 1), 0x1p-21, 0x1p-44);
    split_doubles(_mm512_mul_pd(s0, _mm512_cvtps_pd(_mm512_castps512_ps256(unit))),
                  _mm512_mul_pd(s1, _mm512_cvtps_pd(_mm512_extractf32x8_ps(unit, 1))), high, low);
}

#define V_RECIPROCAL_OF_LANES 1
static ALWAYS_INLINE void v_reciprocal_of_lanes(i_t top, i_t middle, uint32_t top_constant, uint32_t middle_constant,
                                                v_t *high, v_t *low) {
    __m128 upper, lower;
    __m512i both = _mm512_add_epi32(_mm512_unpacklo_epi32(top, middle), _mm512_unpackhi_epi32(top, middle));
    __m256i shares = _mm256_add_epi32(_mm512_castsi512_si256(both), _mm512_extracti64x4_epi64(both, 1));
    reciprocal_of_shares(shares, top_constant, middle_constant, &upper, &lower);
    *high = _mm512_broadcastss_ps(upper);
    *low = _mm512_broadcastss_ps(lower);
}

/* ---- Doubles ---- */

typedef float d_real;
typedef __m512d d_t;
#define D_LANES (V_LANES / 2)
static inline d_t d_set1(double a) { return _mm512_set1_pd(a); }
static inline d_t d_add(d_t a, d_t b) { return _mm512_add_pd(a, b); }
static inline d_t d_sub(d_t a, d_t b) { return _mm512_sub_pd(a, b); }
static inline d_t d_mul(d_t a, d_t b) { return _mm512_mul_pd(a, b); }
static inline d_t d_div(d_t a, d_t b) { return _mm512_div_pd(a, b); }
static inline d_t d_fma(d_t a, d_t b, d_t c) { return _mm512_fmadd_pd(a, b, c); }
static inline d_t d_max(d_t a, d_t b) { return _mm512_max_pd(a, b); }
static inline d_t d_abs(d_t a) { return _mm512_abs_pd(a); }
static inline d_t d_copysign(d_t a, d_t sign) {
    __m512i bits = _mm512_set1_epi64(INT64_MIN); /* 0xd8: from `sign` where its bit is, else from a */
    return _mm512_castsi512_pd(
        _mm512_ternarylogic_epi64(_mm512_castpd_si512(a), _mm512_castpd_si512(sign), bits, 0xd8));
}
static inline d_t d_exponent(d_t a) { return _mm512_castsi512_pd(_mm512_slli_epi64(_mm512_castpd_si512(a), 52)); }
static inline d_t d_sum(const float *p, const float *q) {
    return _mm512_add_pd(_mm512_cvtps_pd(_mm256_loadu_ps(p)), _mm512_cvtps_pd(_mm256_loadu_ps(q)));
}
static inline void d_store(double *p, d_t a) { _mm512_storeu_pd(p, a); }

static inline v_t v_split(const double *p, v_t *low) {
    v_t high;
    split_doubles(_mm512_loadu_pd(p), _mm512_loadu_pd(p + D_LANES), &high, low);
    return high;
}

#include "doubles.h"

#endif
