/* Vector operations, SVE, as many lanes of float as the machine has. See README.md. */
#ifndef SMX_VEC_H
#define SMX_VEC_H

#include "../base/attributes.h"

#include <arm_sve.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef svfloat32_t v_t;
typedef svuint32_t i_t;
typedef svbool_t m_t;
#define V_LANES ((size_t)svcntw())
#define V_LANES_MOST 64 /* the architecture's limit: 2048 bits */

/* ---- Constants, memory ---- */

/* SVE predicates every operation; _x: what other lanes hold does not matter. */
static inline m_t all_lanes(void) { return svptrue_b32(); }
static inline v_t v_set1(float a) { return svdup_n_f32(a); }
static inline i_t i_set1(uint32_t a) { return svdup_n_u32(a); }
static inline void i_store(int32_t *p, i_t a) { svst1_s32(all_lanes(), p, svreinterpret_s32_u32(a)); }
static inline m_t first_lanes(size_t n) { return svwhilelt_b32_u64(0, n); }
static inline v_t v_load(const float *p) { return svld1_f32(all_lanes(), p); }
static inline v_t v_load_once(const float *p) { return v_load(p); }
static ALWAYS_INLINE v_t v_load_n(const float *p, size_t n, v_t fill) {
    m_t lanes = first_lanes(n);
    return svsel_f32(lanes, svld1_f32(lanes, p), fill);
}
static ALWAYS_INLINE void v_prefetch(const float *p) { svprfw(all_lanes(), p, SV_PLDL1KEEP); }
static inline void v_store(float *p, v_t a) { svst1_f32(all_lanes(), p, a); }
static inline void v_stream(float *p, v_t a) { svstnt1_f32(all_lanes(), p, a); }
static inline void v_stream_end(void) {}
static ALWAYS_INLINE void v_store_n(float *p, v_t a, size_t n) { svst1_f32(first_lanes(n), p, a); }

/* ---- Arithmetic ---- */

static inline v_t v_add(v_t a, v_t b) { return svadd_f32_x(all_lanes(), a, b); }
static inline v_t v_sub(v_t a, v_t b) { return svsub_f32_x(all_lanes(), a, b); }
static inline v_t v_mul(v_t a, v_t b) { return svmul_f32_x(all_lanes(), a, b); }
static inline v_t v_div(v_t a, v_t b) { return svdiv_f32_x(all_lanes(), a, b); }
static inline float r_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
/* svmla(c, a, b) is c + a b, svnmls a b - c, svmls c - a b. */
static inline v_t v_fma(v_t a, v_t b, v_t c) { return svmla_f32_x(all_lanes(), c, a, b); }
static inline v_t v_fms(v_t a, v_t b, v_t c) { return svnmls_f32_x(all_lanes(), c, a, b); }
static inline v_t v_fnma(v_t a, v_t b, v_t c) { return svmls_f32_x(all_lanes(), c, a, b); }
static inline v_t v_max(v_t a, v_t b) { return svmax_f32_x(all_lanes(), a, b); }
static inline v_t v_min(v_t a, v_t b) { return svmin_f32_x(all_lanes(), a, b); }
static inline v_t v_abs(v_t a) { return svabs_f32_x(all_lanes(), a); }

/* ---- Masks ---- */

static inline m_t v_ge(v_t a, v_t b) { return svcmpge_f32(all_lanes(), a, b); }
static inline m_t v_eq(v_t a, v_t b) { return svcmpeq_f32(all_lanes(), a, b); }
static inline m_t v_unordered(v_t a, v_t b) { return svcmpuo_f32(all_lanes(), a, b); }
static inline m_t m_none(void) { return svpfalse_b(); }
static inline m_t m_or(m_t a, m_t b) { return svorr_b_z(all_lanes(), a, b); }
static inline m_t m_and(m_t a, m_t b) { return svand_b_z(all_lanes(), a, b); }
static inline m_t m_not(m_t a) { return svnot_b_z(all_lanes(), a); }
static inline bool m_any(m_t a) { return svptest_any(all_lanes(), a); }
static inline v_t v_keep(m_t m, v_t a) { return svsel_f32(m, a, svdup_n_f32(0)); }
static inline v_t v_select(m_t m, v_t a, v_t b) { return svsel_f32(m, a, b); }
static ALWAYS_INLINE m_t m_load_n(const uint8_t *p, size_t n) {
    m_t lanes = first_lanes(n);
    return svcmpne_n_u32(lanes, svld1ub_u32(lanes, p), 0);
}

/* ---- Bits and integers ---- */

static inline i_t v_bits(v_t a) { return svreinterpret_u32_f32(a); }
static inline v_t v_from_bits(i_t a) { return svreinterpret_f32_u32(a); }
static inline i_t i_add(i_t a, i_t b) { return svadd_u32_x(all_lanes(), a, b); }
static inline i_t i_sub(i_t a, i_t b) { return svsub_u32_x(all_lanes(), a, b); }
static inline i_t i_or(i_t a, i_t b) { return svorr_u32_x(all_lanes(), a, b); }
static inline i_t i_max(i_t a, i_t b) {
    return svreinterpret_u32_s32(svmax_s32_x(all_lanes(), svreinterpret_s32_u32(a), svreinterpret_s32_u32(b)));
}
static inline i_t i_exponent(i_t a) { return svlsl_n_u32_x(all_lanes(), a, 23); }

/* ---- Across lanes ---- */

static inline float v_hmax(v_t a) { return svmaxv_f32(all_lanes(), a); }
static inline int64_t i_hsum(i_t a) { return svaddv_s32(all_lanes(), svreinterpret_s32_u32(a)); }

/* ---- Doubles, half as many as there are floats ---- */

typedef svfloat64_t w_t;
#define W_LANES ((size_t)svcntd())
static inline w_t w_set1(double a) { return svdup_n_f64(a); }
static inline w_t w_add(w_t a, w_t b) { return svadd_f64_x(svptrue_b64(), a, b); }
static inline w_t w_sub(w_t a, w_t b) { return svsub_f64_x(svptrue_b64(), a, b); }
static inline w_t w_mul(w_t a, w_t b) { return svmul_f64_x(svptrue_b64(), a, b); }
static inline w_t w_div(w_t a, w_t b) { return svdiv_f64_x(svptrue_b64(), a, b); }
static inline w_t w_fma(w_t a, w_t b, w_t c) { return svmla_f64_x(svptrue_b64(), c, a, b); }
static inline w_t w_max(w_t a, w_t b) { return svmax_f64_x(svptrue_b64(), a, b); }
static inline w_t w_abs(w_t a) { return svabs_f64_x(svptrue_b64(), a); }
static inline w_t w_copysign(w_t a, w_t sign) {
    svuint64_t bit = svand_n_u64_x(svptrue_b64(), svreinterpret_u64_f64(sign), (uint64_t)1 << 63);
    return svreinterpret_f64_u64(svorr_u64_x(svptrue_b64(), svreinterpret_u64_f64(w_abs(a)), bit));
}
static inline w_t w_exponent(w_t a) {
    return svreinterpret_f64_u64(svlsl_n_u64_x(svptrue_b64(), svreinterpret_u64_f64(a), 52));
}
/* A conversion takes the lower half of each double's place, and leaves its result there. */
static inline w_t doubles_at(const float *p) {
    svuint64_t bits = svld1uw_u64(svptrue_b64(), (const uint32_t *)(const void *)p);
    return svcvt_f64_f32_x(svptrue_b64(), svreinterpret_f32_u64(bits));
}
static inline w_t w_sum(const float *p, const float *q) { return w_add(doubles_at(p), doubles_at(q)); }
static inline void w_store(double *p, w_t a) { svst1_f64(svptrue_b64(), p, a); }
static inline v_t v_split(const double *p, v_t *low) {
    w_t a = svld1_f64(svptrue_b64(), p), b = svld1_f64(svptrue_b64(), p + W_LANES);
    v_t ha = svcvt_f32_f64_x(svptrue_b64(), a), hb = svcvt_f32_f64_x(svptrue_b64(), b);
    w_t la = w_sub(a, svcvt_f64_f32_x(svptrue_b64(), ha)), lb = w_sub(b, svcvt_f64_f32_x(svptrue_b64(), hb));
    *low = svuzp1_f32(svcvt_f32_f64_x(svptrue_b64(), la), svcvt_f32_f64_x(svptrue_b64(), lb));
    return svuzp1_f32(ha, hb);
}

#endif
