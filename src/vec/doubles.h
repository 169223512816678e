/* Doubles four vectors at a time, from operations on one (d_t). Each step is written for all four before the next: a
 * chain of dependent operations fills a scheduler's queues with what cannot start yet, and four of them in step do not.
 * Of one vector at a time, a softcap took 69 cycles for 16 floats with AVX-512 on Zen 4, whose ports need 32. See
 * README.md. */
#ifndef SMX_VEC_DOUBLES_H
#define SMX_VEC_DOUBLES_H

#include "../base/attributes.h"

typedef struct {
    d_t a, b, c, d;
} w_t;
#define W_LANES (4 * D_LANES)

static ALWAYS_INLINE w_t w_set1(double x) {
    d_t a = d_set1(x);
    return (w_t){a, a, a, a};
}
static ALWAYS_INLINE w_t w_sum(const d_real *p, const d_real *q) {
    return (w_t){d_sum(p, q), d_sum(p + D_LANES, q + D_LANES), d_sum(p + 2 * D_LANES, q + 2 * D_LANES),
                 d_sum(p + 3 * D_LANES, q + 3 * D_LANES)};
}
static ALWAYS_INLINE void w_store(double *p, w_t x) {
    d_store(p, x.a);
    d_store(p + D_LANES, x.b);
    d_store(p + 2 * D_LANES, x.c);
    d_store(p + 3 * D_LANES, x.d);
}

#define SMX_ONE(op) \
    static ALWAYS_INLINE w_t w_##op(w_t x) { return (w_t){d_##op(x.a), d_##op(x.b), d_##op(x.c), d_##op(x.d)}; }
#define SMX_TWO(op)                                                                           \
    static ALWAYS_INLINE w_t w_##op(w_t x, w_t y) {                                           \
        return (w_t){d_##op(x.a, y.a), d_##op(x.b, y.b), d_##op(x.c, y.c), d_##op(x.d, y.d)}; \
    }
SMX_TWO(add)
SMX_TWO(sub)
SMX_TWO(mul)
SMX_TWO(div)
SMX_TWO(max)
SMX_TWO(copysign)
SMX_ONE(abs)
SMX_ONE(exponent)
#undef SMX_ONE
#undef SMX_TWO
static ALWAYS_INLINE w_t w_fma(w_t x, w_t y, w_t z) {
    return (w_t){d_fma(x.a, y.a, z.a), d_fma(x.b, y.b, z.b), d_fma(x.c, y.c, z.c), d_fma(x.d, y.d, z.d)};
}

#endif
