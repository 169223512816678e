/* Vector operations, RISC-V V, one register of floats, as many lanes as the machine has. See README.md. */
#ifndef SMX_VEC_H
#define SMX_VEC_H

#include "../base/attributes.h"

#include <riscv_vector.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef vfloat32m1_t v_t;
typedef vuint32m1_t i_t;
typedef vbool32_t m_t;
/* As many lanes as there are arrays for: registers of up to 65536 bits may have more, which stay unused. A power of
 * two, as VLMAX is, so that vsetvl has no choice. The tests set it lower than what qemu has. */
#ifndef V_LANES_MOST
#define V_LANES_MOST 64
#endif
#define V_LANES ((size_t)__riscv_vsetvl_e32m1(V_LANES_MOST))

/* ---- Constants, memory ---- */

static inline v_t v_set1(float a) { return __riscv_vfmv_v_f_f32m1(a, V_LANES); }
static inline i_t i_set1(uint32_t a) { return __riscv_vmv_v_x_u32m1(a, V_LANES); }
static inline void i_store(int32_t *p, i_t a) {
    __riscv_vse32_v_i32m1(p, __riscv_vreinterpret_v_u32m1_i32m1(a), V_LANES);
}
static inline v_t v_load(const float *p) { return __riscv_vle32_v_f32m1(p, V_LANES); }
static inline v_t v_load_once(const float *p) { return v_load(p); }
/* _tu: lanes from n on stay those of fill. */
static ALWAYS_INLINE v_t v_load_n(const float *p, size_t n, v_t fill) { return __riscv_vle32_v_f32m1_tu(fill, p, n); }
static ALWAYS_INLINE void v_prefetch(const float *p) { (void)p; }
static inline void v_store(float *p, v_t a) { __riscv_vse32_v_f32m1(p, a, V_LANES); }
/* Zihintntl has hints for this, but no intrinsic that both compilers know. */
static inline void v_stream(float *p, v_t a) { v_store(p, a); }
static inline void v_stream_end(void) {}
static ALWAYS_INLINE void v_store_n(float *p, v_t a, size_t n) { __riscv_vse32_v_f32m1(p, a, n); }

/* ---- Arithmetic ---- */

static inline v_t v_add(v_t a, v_t b) { return __riscv_vfadd_vv_f32m1(a, b, V_LANES); }
static inline v_t v_sub(v_t a, v_t b) { return __riscv_vfsub_vv_f32m1(a, b, V_LANES); }
static inline v_t v_mul(v_t a, v_t b) { return __riscv_vfmul_vv_f32m1(a, b, V_LANES); }
static inline v_t v_div(v_t a, v_t b) { return __riscv_vfdiv_vv_f32m1(a, b, V_LANES); }
static inline float r_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline v_t v_fma(v_t a, v_t b, v_t c) { return __riscv_vfmadd_vv_f32m1(a, b, c, V_LANES); }
static inline v_t v_fms(v_t a, v_t b, v_t c) { return __riscv_vfmsub_vv_f32m1(a, b, c, V_LANES); }
static inline v_t v_fnma(v_t a, v_t b, v_t c) { return __riscv_vfnmsub_vv_f32m1(a, b, c, V_LANES); }
static inline v_t v_max(v_t a, v_t b) { return __riscv_vfmax_vv_f32m1(a, b, V_LANES); }
static inline v_t v_min(v_t a, v_t b) { return __riscv_vfmin_vv_f32m1(a, b, V_LANES); }
static inline v_t v_abs(v_t a) { return __riscv_vfabs_v_f32m1(a, V_LANES); }

/* ---- Masks ---- */

static inline m_t v_ge(v_t a, v_t b) { return __riscv_vmfge_vv_f32m1_b32(a, b, V_LANES); }
static inline m_t v_eq(v_t a, v_t b) { return __riscv_vmfeq_vv_f32m1_b32(a, b, V_LANES); }
static inline m_t m_none(void) { return __riscv_vmclr_m_b32(V_LANES); }
static inline m_t m_or(m_t a, m_t b) { return __riscv_vmor_mm_b32(a, b, V_LANES); }
static inline m_t m_and(m_t a, m_t b) { return __riscv_vmand_mm_b32(a, b, V_LANES); }
static inline m_t m_not(m_t a) { return __riscv_vmnot_m_b32(a, V_LANES); }
static inline m_t v_unordered(v_t a, v_t b) {
    return m_or(__riscv_vmfne_vv_f32m1_b32(a, a, V_LANES), __riscv_vmfne_vv_f32m1_b32(b, b, V_LANES));
}
static inline bool m_any(m_t a) { return __riscv_vfirst_m_b32(a, V_LANES) >= 0; }
static inline v_t v_keep(m_t m, v_t a) { return __riscv_vmerge_vvm_f32m1(v_set1(0), a, m, V_LANES); }
static inline v_t v_select(m_t m, v_t a, v_t b) { return __riscv_vmerge_vvm_f32m1(b, a, m, V_LANES); }
static ALWAYS_INLINE m_t m_load_n(const uint8_t *p, size_t n) {
    vuint8mf4_t none = __riscv_vmv_v_x_u8mf4(0, V_LANES);
    return __riscv_vmsne_vx_u8mf4_b32(__riscv_vle8_v_u8mf4_tu(none, p, n), 0, V_LANES);
}

/* ---- Bits and integers ---- */

static inline i_t v_bits(v_t a) { return __riscv_vreinterpret_v_f32m1_u32m1(a); }
static inline v_t v_from_bits(i_t a) { return __riscv_vreinterpret_v_u32m1_f32m1(a); }
static inline i_t i_add(i_t a, i_t b) { return __riscv_vadd_vv_u32m1(a, b, V_LANES); }
static inline i_t i_sub(i_t a, i_t b) { return __riscv_vsub_vv_u32m1(a, b, V_LANES); }
static inline i_t i_or(i_t a, i_t b) { return __riscv_vor_vv_u32m1(a, b, V_LANES); }
static inline i_t i_max(i_t a, i_t b) {
    vint32m1_t c = __riscv_vreinterpret_v_u32m1_i32m1(a), d = __riscv_vreinterpret_v_u32m1_i32m1(b);
    return __riscv_vreinterpret_v_i32m1_u32m1(__riscv_vmax_vv_i32m1(c, d, V_LANES));
}
static inline i_t i_exponent(i_t a) { return __riscv_vsll_vx_u32m1(a, 23, V_LANES); }

/* ---- Across lanes ---- */

static inline float v_hmax(v_t a) {
    vfloat32m1_t lowest = __riscv_vfmv_v_f_f32m1(-__builtin_inff(), V_LANES);
    return __riscv_vfmv_f_s_f32m1_f32(__riscv_vfredmax_vs_f32m1_f32m1(a, lowest, V_LANES));
}
/* Widening: the sum has 64 bits. */
static inline int64_t i_hsum(i_t a) {
    vint64m1_t zero = __riscv_vmv_v_x_i64m1(0, __riscv_vsetvlmax_e64m1());
    vint32m1_t lanes = __riscv_vreinterpret_v_u32m1_i32m1(a);
    return __riscv_vmv_x_s_i64m1_i64(__riscv_vwredsum_vs_i32m1_i64m1(lanes, zero, V_LANES));
}

/* ---- Doubles, as many as there are floats, in two registers ---- */

typedef vfloat64m2_t w_t;
#define W_LANES V_LANES
static inline w_t w_set1(double a) { return __riscv_vfmv_v_f_f64m2(a, V_LANES); }
static inline w_t w_add(w_t a, w_t b) { return __riscv_vfadd_vv_f64m2(a, b, V_LANES); }
static inline w_t w_sub(w_t a, w_t b) { return __riscv_vfsub_vv_f64m2(a, b, V_LANES); }
static inline w_t w_mul(w_t a, w_t b) { return __riscv_vfmul_vv_f64m2(a, b, V_LANES); }
static inline w_t w_div(w_t a, w_t b) { return __riscv_vfdiv_vv_f64m2(a, b, V_LANES); }
static inline w_t w_fma(w_t a, w_t b, w_t c) { return __riscv_vfmadd_vv_f64m2(a, b, c, V_LANES); }
static inline w_t w_max(w_t a, w_t b) { return __riscv_vfmax_vv_f64m2(a, b, V_LANES); }
static inline w_t w_abs(w_t a) { return __riscv_vfabs_v_f64m2(a, V_LANES); }
static inline w_t w_copysign(w_t a, w_t sign) { return __riscv_vfsgnj_vv_f64m2(a, sign, V_LANES); }
static inline w_t w_exponent(w_t a) {
    vuint64m2_t bits = __riscv_vreinterpret_v_f64m2_u64m2(a);
    return __riscv_vreinterpret_v_u64m2_f64m2(__riscv_vsll_vx_u64m2(bits, 52, V_LANES));
}
static inline w_t w_sum(const float *p, const float *q) {
    return __riscv_vfwadd_vv_f64m2(v_load(p), v_load(q), V_LANES);
}
static inline void w_store(double *p, w_t a) { __riscv_vse64_v_f64m2(p, a, V_LANES); }
static inline v_t v_split(const double *p, v_t *low) {
    w_t a = __riscv_vle64_v_f64m2(p, V_LANES);
    v_t high = __riscv_vfncvt_f_f_w_f32m1(a, V_LANES);
    *low = __riscv_vfncvt_f_f_w_f32m1(__riscv_vfwsub_wv_f64m2(a, high, V_LANES), V_LANES);
    return high;
}

#endif
