/* Soft-capped logits, cap tanh(z / cap), and the derivative of that. docs/bits.md, "Softcap".
 *
 *     tanh(a) = sign(a) -m / (2 + m),    m = exp(-2 |a|) - 1 in [-1, 0], so that nothing overflows
 *
 * In doubles for either type: the difference of two logits counts, so that an error of T's precision would be seen
 * multiplied by the cap. exp(-2 |a|) is 2^u for u = -2 log2(e) |a|: what is left of u without its nearest integer needs
 * no constant of two parts, as it is exact.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTCAP_TEMPLATE_H
#define SMX_SOFTCAP_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>

#include "vector_helpers_template.h"

struct softcap {
    double cap, rate; /* cap 0: none; u = rate |z| */
};

/* tools/softcap.sollya prints log2(e). */
static inline struct softcap softcap_of(real cap) {
    return (struct softcap){(double)cap, cap == 0 ? 0 : -2 * 0x1.71547652b82fep0 / (double)cap};
}

static inline bool has_softcap(const struct softcap *c) { return c->cap != 0; }

/* *power (1 + *rest) = 2^u for u = rate |z|, |*rest| < 1/2. Adding `magic` leaves the exponent of 2^n in the last bits
 * of the sum. From u = -1023 down it is that of 0. */
static ALWAYS_INLINE void softcap_exp(w_t z, const struct softcap *c, w_t *power, w_t *rest) {
    const w_t magic = w_set1(0x1.8p52 + 1023);
    w_t u = w_max(w_mul(w_abs(z), w_set1(c->rate)), w_set1(-1023));
    w_t shifted = w_add(u, magic), r = w_sub(u, w_sub(shifted, magic));
    *power = w_exponent(shifted);
    *rest = w_mul(softcap_series(r), r);
}

static ALWAYS_INLINE w_t capped_doubles(w_t z, const struct softcap *c) {
    w_t power, rest;
    softcap_exp(z, c, &power, &rest);
    w_t m = w_fma(power, rest, w_sub(power, w_set1(1)));
    return w_copysign(w_mul(w_set1(c->cap), w_div(m, w_add(w_set1(2), m))), z);
}

/* 1 - tanh(z / cap)^2 */
static ALWAYS_INLINE w_t slopes_of_doubles(w_t z, const struct softcap *c) {
    w_t power, rest;
    softcap_exp(z, c, &power, &rest);
    w_t decay = w_fma(power, rest, power), sum = w_add(w_set1(1), decay);
    return w_div(w_mul(w_set1(4), decay), w_mul(sum, sum));
}

/* ---- Blocks ----
 *
 * Pass by pass over a block, and not vector by vector: a load of what has just been stored in parts of another size
 * waits until that has left for the cache (softmax of 1024: 2.6 -> 2.0 ns an entry with AVX2, 2.0 -> 1.6 with
 * AVX-512). */

/* The logits of a block have room for so many more behind them: W_LANES, or V_LANES. */
#define SOFTCAP_ROOM (4 * LANES_MOST)

/* Makes 0 what the last W_LANES of n logits have behind them. */
static inline void clear_room(size_t n, real *high, real *low) {
    for (size_t i = n; i < n + W_LANES; i++) {
        high[i] = low[i] = 0;
    }
}

/* n <= LOGITS_BLOCK logits capped, in place; infinite ones and NaN stay. */
NOT_INLINE static void softcap_block(size_t n, const struct softcap *softcap, real *high, real *low) {
    const struct softcap c = *softcap; /* a copy, of which compilers know that no result is stored there */
    double value[LOGITS_BLOCK + SOFTCAP_ROOM];
    clear_room(n, high, low);
    for (size_t i = 0; i < n; i += W_LANES) {
        w_store(value + i, capped_doubles(w_sum(high + i, low + i), &c));
    }
    for (size_t i = 0; i < n; i += V_LANES) {
        v_t given = v_load(high + i), rest, capped = v_split(value + i, &rest);
        const m_t finite = m_not(m_or(v_ge(v_abs(given), v_set1((real)INFINITY)), v_unordered(given, given)));
        v_store(high + i, v_select(finite, capped, given));
        v_store(low + i, v_select(finite, rest, v_load(low + i)));
    }
}

/* The derivatives at n <= LOGITS_BLOCK logits z = high + low before the cap; 0 at infinite ones and NaN. */
NOT_INLINE static void softcap_slopes_block(size_t n, const struct softcap *softcap, real *high, real *low,
                                            double *slope) {
    const struct softcap c = *softcap;
    double value[LOGITS_BLOCK + SOFTCAP_ROOM];
    clear_room(n, high, low);
    for (size_t i = 0; i < n; i += W_LANES) {
        w_store(value + i, slopes_of_doubles(w_sum(high + i, low + i), &c));
    }
    for (size_t i = 0; i < n; i++) {
        slope[i] = fabs((double)high[i]) < (double)INFINITY ? value[i] : 0;
    }
}

/* dx = dz slope, rounded once. dx may be dz. */
static inline void multiply_by_slopes(size_t n, const real *dz, const double *slope, real *dx) {
    for (size_t i = 0; i < n; i++) {
        dx[i] = canonical((real)((double)dz[i] * slope[i]));
    }
}

#endif
