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

#endif
