/* Vectors of doubles where reals are doubles: the reals' own. What vector layers of doubles share, in operations that
 * each has by then, d_copysign among them. See README.md. */
#ifndef SMX_VEC_DOUBLES_F64_H
#define SMX_VEC_DOUBLES_F64_H

typedef double d_real;
#define D_LANES V_LANES
static inline d_t d_set1(double a) { return v_set1(a); }
static inline d_t d_add(d_t a, d_t b) { return v_add(a, b); }
static inline d_t d_sub(d_t a, d_t b) { return v_sub(a, b); }
static inline d_t d_mul(d_t a, d_t b) { return v_mul(a, b); }
static inline d_t d_div(d_t a, d_t b) { return v_div(a, b); }
static inline d_t d_fma(d_t a, d_t b, d_t c) { return v_fma(a, b, c); }
static inline d_t d_max(d_t a, d_t b) { return v_max(a, b); }
static inline d_t d_abs(d_t a) { return v_abs(a); }
static inline d_t d_exponent(d_t a) { return v_from_bits(i_exponent(v_bits(a))); }
static inline d_t d_sum(const double *p, const double *q) { return v_add(v_load(p), v_load(q)); }
static inline void d_store(double *p, d_t a) { v_store(p, a); }

static inline v_t v_split(const double *p, v_t *low) {
    *low = v_set1(0);
    return v_load(p);
}

#include "doubles.h"

#endif
