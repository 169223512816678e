/* Vector operations, AVX-512 (F, DQ, BW, VL), 8 lanes of double. See README.md. */
#ifndef SMX_VEC_H
#define SMX_VEC_H

#include "../base/attributes.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512d v_t;
typedef __m512i i_t;
typedef __mmask8 m_t;
#define V_LANES ((size_t)8)

/* ---- Constants, memory ---- */

static inline v_t v_set1(double a) { return _mm512_set1_pd(a); }
static inline i_t i_set1(uint64_t a) { return _mm512_set1_epi64((long long)a); }
static inline void i_store(int64_t *p, i_t a) { _mm512_storeu_si512(p, a); }
static inline m_t first_lanes(size_t n) { return (m_t)((1u << n) - 1); }
static inline v_t v_load(const double *p) { return _mm512_loadu_pd(p); }
/* gcc would load a vector that is used twice again for each use, as an operand of it. */
static ALWAYS_INLINE v_t v_load_once(const double *p) {
    v_t a = v_load(p);
    __asm__("" : "+v"(a));
    return a;
}
static ALWAYS_INLINE v_t v_load_n(const double *p, size_t n, v_t fill) {
    return _mm512_mask_loadu_pd(fill, first_lanes(n), p);
}
static ALWAYS_INLINE void v_prefetch(const double *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
static inline void v_store(double *p, v_t a) { _mm512_storeu_pd(p, a); }
static inline void v_stream(double *p, v_t a) { _mm512_stream_pd(p, a); }
static inline void v_stream_end(void) { _mm_sfence(); }
static ALWAYS_INLINE void v_store_n(double *p, v_t a, size_t n) { _mm512_mask_storeu_pd(p, first_lanes(n), a); }

/* ---- Arithmetic ---- */

static inline v_t v_add(v_t a, v_t b) { return _mm512_add_pd(a, b); }
static inline v_t v_sub(v_t a, v_t b) { return _mm512_sub_pd(a, b); }
static inline v_t v_mul(v_t a, v_t b) { return _mm512_mul_pd(a, b); }
static inline v_t v_div(v_t a, v_t b) { return _mm512_div_pd(a, b); }
static inline double r_fma(double a, double b, double c) {
    return _mm_cvtsd_f64(_mm_fmadd_sd(_mm_set_sd(a), _mm_set_sd(b), _mm_set_sd(c)));
}
static inline v_t v_fma(v_t a, v_t b, v_t c) { return _mm512_fmadd_pd(a, b, c); }
static inline v_t v_fms(v_t a, v_t b, v_t c) { return _mm512_fmsub_pd(a, b, c); }
static inline v_t v_fnma(v_t a, v_t b, v_t c) { return _mm512_fnmadd_pd(a, b, c); }
/* Of two zeros, or if one operand is NaN, these give the second operand: kernels must not care. */
static inline v_t v_max(v_t a, v_t b) { return _mm512_max_pd(a, b); }
static inline v_t v_min(v_t a, v_t b) { return _mm512_min_pd(a, b); }
static inline v_t v_abs(v_t a) { return _mm512_abs_pd(a); }

/* ---- Masks ---- */

static inline m_t v_ge(v_t a, v_t b) { return _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ); }
static inline m_t v_eq(v_t a, v_t b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
static inline m_t v_unordered(v_t a, v_t b) { return _mm512_cmp_pd_mask(a, b, _CMP_UNORD_Q); }
static inline m_t m_none(void) { return 0; }
static inline m_t m_or(m_t a, m_t b) { return (m_t)(a | b); }
static inline m_t m_and(m_t a, m_t b) { return (m_t)(a & b); }
static inline m_t m_not(m_t a) { return (m_t)~a; }
static inline bool m_any(m_t a) { return a != 0; }
static inline v_t v_keep(m_t m, v_t a) { return _mm512_maskz_mov_pd(m, a); }
static inline v_t v_select(m_t m, v_t a, v_t b) { return _mm512_mask_blend_pd(m, b, a); }
static ALWAYS_INLINE m_t m_load_n(const uint8_t *p, size_t n) {
    __m128i bytes = _mm_maskz_loadu_epi8(first_lanes(n), p);
    return (m_t)_mm_test_epi8_mask(bytes, bytes);
}

/* ---- Bits and integers ---- */

static inline i_t v_bits(v_t a) { return _mm512_castpd_si512(a); }
static inline v_t v_from_bits(i_t a) { return _mm512_castsi512_pd(a); }
static inline i_t i_add(i_t a, i_t b) { return _mm512_add_epi64(a, b); }
static inline i_t i_sub(i_t a, i_t b) { return _mm512_sub_epi64(a, b); }
static inline i_t i_or(i_t a, i_t b) { return _mm512_or_si512(a, b); }
static inline i_t i_max(i_t a, i_t b) { return _mm512_max_epi64(a, b); }
static inline i_t i_exponent(i_t a) { return _mm512_slli_epi64(a, 52); }

/* ---- Across lanes ---- */

static inline double v_hmax(v_t a) { return _mm512_reduce_max_pd(a); }
static inline int64_t i_hsum(i_t a) { return _mm512_reduce_add_epi64(a); }

/* ---- Rows to lanes ---- */

#define V_TRANSPOSE 1
/* Pairs of rows are interleaved; then quarters of vectors are exchanged twice. */
static ALWAYS_INLINE void v_transpose(v_t a[8]) {
    __m512d b[8];
    for (int i = 0; i < 4; i++) {
        b[i] = _mm512_unpacklo_pd(a[2 * i], a[2 * i + 1]);
        b[i + 4] = _mm512_unpackhi_pd(a[2 * i], a[2 * i + 1]);
    }
    /* b[4 h + g] holds, in its 128-bit lane q, column 2 q + h of rows 2 g and 2 g + 1. */
    for (int h = 0; h < 2; h++) {
        const __m512d *pair = b + 4 * h;
        __m512d even0 = _mm512_shuffle_f64x2(pair[0], pair[1], 0x88),
                odd0 = _mm512_shuffle_f64x2(pair[0], pair[1], 0xdd);
        __m512d even1 = _mm512_shuffle_f64x2(pair[2], pair[3], 0x88),
                odd1 = _mm512_shuffle_f64x2(pair[2], pair[3], 0xdd);
        a[h] = _mm512_shuffle_f64x2(even0, even1, 0x88);
        a[h + 2] = _mm512_shuffle_f64x2(odd0, odd1, 0x88);
        a[h + 4] = _mm512_shuffle_f64x2(even0, even1, 0xdd);
        a[h + 6] = _mm512_shuffle_f64x2(odd0, odd1, 0xdd);
    }
}

static inline void v_unzip(v_t a, v_t b, v_t *even, v_t *odd) {
    *even = _mm512_permutex2var_pd(a, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), b);
    *odd = _mm512_permutex2var_pd(a, _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15), b);
}
static inline void v_zip(v_t even, v_t odd, v_t *a, v_t *b) {
    *a = _mm512_permutex2var_pd(even, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), odd);
    *b = _mm512_permutex2var_pd(even, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), odd);
}

/* As with floats. */
static ALWAYS_INLINE i_t fold_quarters(i_t a, i_t b, i_t (*op)(i_t, i_t)) {
    return op(_mm512_shuffle_i64x2(a, b, 0x88), _mm512_shuffle_i64x2(a, b, 0xdd));
}
static ALWAYS_INLINE i_t i_fold_each(const v_t a[8], i_t (*op)(i_t, i_t)) {
    i_t b[4];
    for (int i = 0; i < 4; i++) {
        i_t even = v_bits(a[2 * i]), odd = v_bits(a[2 * i + 1]);
        b[i] = op(_mm512_unpacklo_epi64(even, odd), _mm512_unpackhi_epi64(even, odd));
    }
    return fold_quarters(fold_quarters(b[0], b[1], op), fold_quarters(b[2], b[3], op), op);
}

/* ---- Sums of limbs, in lanes ---- */

static inline i_t i_mul(i_t a, i_t b) { return _mm512_mullo_epi64(a, b); }
/* As with floats. */
static inline v_t v_binade(v_t a) { return _mm512_and_pd(a, _mm512_set1_pd(-INFINITY)); }

static inline v_t doubles_of_integers(i_t a) { return _mm512_cvtepi64_pd(a); }

#include "limbs_f64.h"

/* ---- Doubles ---- */

typedef v_t d_t;
static inline d_t d_copysign(d_t a, d_t sign) {
    __m512i bits = _mm512_set1_epi64(INT64_MIN); /* 0xd8: from `sign` where its bit is, else from a */
    return v_from_bits(_mm512_ternarylogic_epi64(v_bits(a), v_bits(sign), bits, 0xd8));
}

#include "doubles_f64.h"

#endif
