/* Vector operations, AVX2 + FMA, 4 lanes of double. See README.md. */
#ifndef SMX_VEC_H
#define SMX_VEC_H

#include "../base/attributes.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __m256d v_t;
typedef __m256i i_t;
typedef __m256d m_t;
#define V_LANES ((size_t)4)

/* ---- Constants, memory ---- */

static inline v_t v_set1(double a) { return _mm256_set1_pd(a); }
static inline i_t i_set1(uint64_t a) { return _mm256_set1_epi64x((long long)a); }
static inline void i_store(int64_t *p, i_t a) { _mm256_storeu_si256((__m256i *)(void *)p, a); }
/* All bits of the first n lanes set: a window that slides along ones and zeros. */
static inline __m256i first_lanes(size_t n) {
    static const int64_t window[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
    return _mm256_loadu_si256((const __m256i *)(const void *)(window + (4 - n)));
}
static inline v_t v_load(const double *p) { return _mm256_loadu_pd(p); }
/* gcc would load a vector that is used twice again for each use, as an operand of it. */
static ALWAYS_INLINE v_t v_load_once(const double *p) {
    v_t a = v_load(p);
    __asm__("" : "+x"(a));
    return a;
}
static ALWAYS_INLINE v_t v_load_n(const double *p, size_t n, v_t fill) {
    __m256i lanes = first_lanes(n);
    return _mm256_blendv_pd(fill, _mm256_maskload_pd(p, lanes), _mm256_castsi256_pd(lanes));
}
static ALWAYS_INLINE void v_prefetch(const double *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
static inline void v_store(double *p, v_t a) { _mm256_storeu_pd(p, a); }
static inline void v_stream(double *p, v_t a) { _mm256_stream_pd(p, a); }
static inline void v_stream_end(void) { _mm_sfence(); }
/* Not vmaskmovpd: see avx2_f32.h. */
static ALWAYS_INLINE void v_store_n(double *p, v_t a, size_t n) {
    __m128d rest = _mm256_castpd256_pd128(a);
    if (n & 4) {
        _mm256_storeu_pd(p, a);
        return;
    }
    if (n & 2) {
        _mm_storeu_pd(p, rest);
        rest = _mm256_extractf128_pd(a, 1);
        p += 2;
    }
    if (n & 1) {
        _mm_store_sd(p, rest);
    }
}

/* ---- Arithmetic ---- */

static inline v_t v_add(v_t a, v_t b) { return _mm256_add_pd(a, b); }
static inline v_t v_sub(v_t a, v_t b) { return _mm256_sub_pd(a, b); }
static inline v_t v_mul(v_t a, v_t b) { return _mm256_mul_pd(a, b); }
static inline v_t v_div(v_t a, v_t b) { return _mm256_div_pd(a, b); }
static inline double r_fma(double a, double b, double c) {
    return _mm_cvtsd_f64(_mm_fmadd_sd(_mm_set_sd(a), _mm_set_sd(b), _mm_set_sd(c)));
}
static inline v_t v_fma(v_t a, v_t b, v_t c) { return _mm256_fmadd_pd(a, b, c); }
static inline v_t v_fms(v_t a, v_t b, v_t c) { return _mm256_fmsub_pd(a, b, c); }
static inline v_t v_fnma(v_t a, v_t b, v_t c) { return _mm256_fnmadd_pd(a, b, c); }
/* Of two zeros, or if one operand is NaN, these give the second operand: kernels must not care. */
static inline v_t v_max(v_t a, v_t b) { return _mm256_max_pd(a, b); }
static inline v_t v_min(v_t a, v_t b) { return _mm256_min_pd(a, b); }
static inline v_t v_abs(v_t a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a); }

/* ---- Masks ---- */

static inline m_t v_ge(v_t a, v_t b) { return _mm256_cmp_pd(a, b, _CMP_GE_OQ); }
static inline m_t v_eq(v_t a, v_t b) { return _mm256_cmp_pd(a, b, _CMP_EQ_OQ); }
static inline m_t v_unordered(v_t a, v_t b) { return _mm256_cmp_pd(a, b, _CMP_UNORD_Q); }
static inline m_t m_none(void) { return _mm256_setzero_pd(); }
static inline m_t m_or(m_t a, m_t b) { return _mm256_or_pd(a, b); }
static inline m_t m_and(m_t a, m_t b) { return _mm256_and_pd(a, b); }
static inline m_t m_not(m_t a) { return _mm256_xor_pd(a, _mm256_castsi256_pd(_mm256_set1_epi32(-1))); }
static inline bool m_any(m_t a) { return _mm256_movemask_pd(a) != 0; }
static inline v_t v_keep(m_t m, v_t a) { return _mm256_and_pd(m, a); }
static inline v_t v_select(m_t m, v_t a, v_t b) { return _mm256_blendv_pd(b, a, m); }
static ALWAYS_INLINE m_t m_load_n(const uint8_t *p, size_t n) {
    int32_t bytes = 0;
    if (n == V_LANES) {
        memcpy(&bytes, p, V_LANES);
    } else {
        for (size_t i = 0; i < n; i++) {
            bytes |= (int32_t)p[i] << (8 * i);
        }
    }
    __m256i lanes = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(bytes));
    return _mm256_castsi256_pd(_mm256_cmpgt_epi64(lanes, _mm256_setzero_si256()));
}

/* ---- Bits and integers ---- */

static inline i_t v_bits(v_t a) { return _mm256_castpd_si256(a); }
static inline v_t v_from_bits(i_t a) { return _mm256_castsi256_pd(a); }
static inline i_t i_add(i_t a, i_t b) { return _mm256_add_epi64(a, b); }
static inline i_t i_sub(i_t a, i_t b) { return _mm256_sub_epi64(a, b); }
static inline i_t i_or(i_t a, i_t b) { return _mm256_or_si256(a, b); }
/* AVX2 has no maximum of 64-bit integers. */
static inline i_t i_max(i_t a, i_t b) { return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(b, a)); }
static inline i_t i_exponent(i_t a) { return _mm256_slli_epi64(a, 52); }

/* ---- Across lanes ---- */

static inline double v_hmax(v_t a) {
    __m128d b = _mm_max_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_max_sd(b, _mm_unpackhi_pd(b, b)));
}
static inline int64_t i_hsum(i_t a) {
    __m128i t = _mm_add_epi64(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    return _mm_cvtsi128_si64(_mm_add_epi64(t, _mm_unpackhi_epi64(t, t)));
}

/* ---- Rows to lanes ---- */

#define V_TRANSPOSE 1
static ALWAYS_INLINE void v_transpose(v_t a[4]) {
    __m256d low0 = _mm256_unpacklo_pd(a[0], a[1]), high0 = _mm256_unpackhi_pd(a[0], a[1]);
    __m256d low1 = _mm256_unpacklo_pd(a[2], a[3]), high1 = _mm256_unpackhi_pd(a[2], a[3]);
    a[0] = _mm256_permute2f128_pd(low0, low1, 0x20);
    a[1] = _mm256_permute2f128_pd(high0, high1, 0x20);
    a[2] = _mm256_permute2f128_pd(low0, low1, 0x31);
    a[3] = _mm256_permute2f128_pd(high0, high1, 0x31);
}

static inline void v_unzip(v_t a, v_t b, v_t *even, v_t *odd) {
    __m256d low = _mm256_permute2f128_pd(a, b, 0x20), high = _mm256_permute2f128_pd(a, b, 0x31);
    *even = _mm256_unpacklo_pd(low, high);
    *odd = _mm256_unpackhi_pd(low, high);
}
static inline void v_zip(v_t even, v_t odd, v_t *a, v_t *b) {
    __m256d low = _mm256_unpacklo_pd(even, odd), high = _mm256_unpackhi_pd(even, odd);
    *a = _mm256_permute2f128_pd(low, high, 0x20);
    *b = _mm256_permute2f128_pd(low, high, 0x31);
}

/* As with floats. */
static ALWAYS_INLINE i_t i_fold_each(const v_t a[4], i_t (*op)(i_t, i_t)) {
    i_t b[2];
    for (int i = 0; i < 2; i++) {
        i_t even = v_bits(a[2 * i]), odd = v_bits(a[2 * i + 1]);
        b[i] = op(_mm256_unpacklo_epi64(even, odd), _mm256_unpackhi_epi64(even, odd));
    }
    return op(_mm256_permute2x128_si256(b[0], b[1], 0x20), _mm256_permute2x128_si256(b[0], b[1], 0x31));
}

/* ---- Sums of limbs, in lanes ---- */

/* AVX2 multiplies integers of 32 bits: what the upper halves give is added to the upper half. */
static inline i_t i_mul(i_t a, i_t b) {
    i_t upper =
        _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(a, 32), b), _mm256_mul_epu32(a, _mm256_srli_epi64(b, 32)));
    return _mm256_add_epi64(_mm256_mul_epu32(a, b), _mm256_slli_epi64(upper, 32));
}
/* As with floats. */
static inline v_t v_binade(v_t a) { return _mm256_and_pd(a, _mm256_set1_pd(-INFINITY)); }

/* AVX2 does not convert integers of 64 bits. */
static inline v_t doubles_of_integers(i_t a) {
    int64_t lanes[4];
    i_store(lanes, a);
    return _mm256_setr_pd((double)lanes[0], (double)lanes[1], (double)lanes[2], (double)lanes[3]);
}
#include "limbs_f64.h"

/* ---- Doubles ---- */

typedef v_t d_t;
static inline d_t d_copysign(d_t a, d_t sign) {
    d_t bit = _mm256_set1_pd(-0.0);
    return _mm256_or_pd(_mm256_andnot_pd(bit, a), _mm256_and_pd(bit, sign));
}

#include "doubles_f64.h"

#endif
