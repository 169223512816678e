/* Vector operations, one lane, in plain C: the reference that all others must equal bit for bit. See README.md.
 * scalar_f32.h and scalar_f64.h say of which type. */
#ifndef SMX_VEC_H
#define SMX_VEC_H

#include "../base/attributes.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef scalar_real v_t;
typedef scalar_bits i_t;
typedef bool m_t;
#define V_LANES ((size_t)1)

/* ---- Constants, memory ---- */

static inline v_t v_set1(scalar_real a) { return a; }
static inline i_t i_set1(scalar_bits a) { return a; }
static inline void i_store(scalar_integer *p, i_t a) { *p = (scalar_integer)a; }
static inline v_t v_load(const scalar_real *p) { return *p; }
static inline v_t v_load_once(const scalar_real *p) { return v_load(p); }
static ALWAYS_INLINE v_t v_load_n(const scalar_real *p, size_t n, v_t fill) { return n == 0 ? fill : *p; }
static ALWAYS_INLINE void v_prefetch(const scalar_real *p) { (void)p; }
static inline void v_store(scalar_real *p, v_t a) { *p = a; }
static inline void v_stream(scalar_real *p, v_t a) { *p = a; }
static inline void v_stream_end(void) {}
static ALWAYS_INLINE void v_store_n(scalar_real *p, v_t a, size_t n) {
    if (n != 0) {
        *p = a;
    }
}

/* ---- Arithmetic ---- */

static inline v_t v_add(v_t a, v_t b) { return a + b; }
static inline v_t v_sub(v_t a, v_t b) { return a - b; }
static inline v_t v_mul(v_t a, v_t b) { return a * b; }
static inline v_t v_div(v_t a, v_t b) { return a / b; }
/* The C library's fma is exact everywhere: IEEE 754 leaves it no choice. */
static inline scalar_real r_fma(scalar_real a, scalar_real b, scalar_real c) { return SCALAR_FMA(a, b, c); }
static inline v_t v_fma(v_t a, v_t b, v_t c) { return SCALAR_FMA(a, b, c); }
static inline v_t v_fms(v_t a, v_t b, v_t c) { return SCALAR_FMA(a, b, -c); }
static inline v_t v_fnma(v_t a, v_t b, v_t c) { return SCALAR_FMA(-a, b, c); }
static inline v_t v_max(v_t a, v_t b) { return a > b ? a : b; }
static inline v_t v_min(v_t a, v_t b) { return a < b ? a : b; }
static inline v_t v_abs(v_t a) { return SCALAR_ABS(a); }

/* ---- Masks ---- */

static inline m_t v_ge(v_t a, v_t b) { return a >= b; }
static inline m_t v_eq(v_t a, v_t b) { return a == b; }
static inline m_t v_unordered(v_t a, v_t b) { return isunordered(a, b); }
static inline m_t m_none(void) { return false; }
static inline m_t m_or(m_t a, m_t b) { return a || b; }
static inline m_t m_and(m_t a, m_t b) { return a && b; }
static inline m_t m_not(m_t a) { return !a; }
static inline bool m_any(m_t a) { return a; }
static inline v_t v_keep(m_t m, v_t a) { return m ? a : 0; }
static inline v_t v_select(m_t m, v_t a, v_t b) { return m ? a : b; }
static ALWAYS_INLINE m_t m_load_n(const uint8_t *p, size_t n) { return n != 0 && *p != 0; }

/* ---- Bits and integers ---- */

static inline i_t v_bits(v_t a) {
    i_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}
static inline v_t v_from_bits(i_t a) {
    v_t value;
    memcpy(&value, &a, sizeof value);
    return value;
}
static inline i_t i_add(i_t a, i_t b) { return a + b; }
static inline i_t i_sub(i_t a, i_t b) { return a - b; }
static inline i_t i_or(i_t a, i_t b) { return a | b; }
static inline i_t i_max(i_t a, i_t b) { return (scalar_integer)a > (scalar_integer)b ? a : b; }
static inline i_t i_exponent(i_t a) { return a << SCALAR_MANTISSA; }

/* ---- Across lanes ---- */

static inline scalar_real v_hmax(v_t a) { return a; }
static inline int64_t i_hsum(i_t a) { return (scalar_integer)a; }

/* ---- Doubles ---- */

typedef double w_t;
#define W_LANES ((size_t)1)
static inline w_t w_set1(double a) { return a; }
static inline w_t w_add(w_t a, w_t b) { return a + b; }
static inline w_t w_sub(w_t a, w_t b) { return a - b; }
static inline w_t w_mul(w_t a, w_t b) { return a * b; }
static inline w_t w_div(w_t a, w_t b) { return a / b; }
static inline w_t w_fma(w_t a, w_t b, w_t c) { return fma(a, b, c); }
static inline w_t w_max(w_t a, w_t b) { return a > b ? a : b; }
static inline w_t w_abs(w_t a) { return fabs(a); }
static inline w_t w_copysign(w_t a, w_t sign) { return copysign(a, sign); }
static inline w_t w_exponent(w_t a) {
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits <<= 52;
    memcpy(&a, &bits, sizeof a);
    return a;
}
static inline w_t w_sum(const scalar_real *p, const scalar_real *q) { return (double)*p + (double)*q; }
static inline void w_store(double *p, w_t a) { *p = a; }
static inline v_t v_split(const double *p, v_t *low) {
    v_t high = (scalar_real)*p;
    *low = (scalar_real)(*p - (double)high);
    return high;
}

#endif
