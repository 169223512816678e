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
#include <string.h>

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
 * Pass by pass over some vectors, and not one by one: a load of what has just been stored in parts of another size
 * waits until that has left for the cache (softmax of 1024: 2.6 -> 2.0 ns an entry with AVX2, 2.0 -> 1.6 with
 * AVX-512). */

/* So many logits at a time, whole vectors of either kind, and the most that can be. */
#define SOFTCAP_STEP (4 * W_LANES)
#ifdef V_LANES_MOST
#define SOFTCAP_STEP_MOST (4 * V_LANES_MOST)
#else
#define SOFTCAP_STEP_MOST SOFTCAP_STEP
#endif

/* What is behind the last whole step. */
struct softcap_rest {
    real high[SOFTCAP_STEP_MOST], low[SOFTCAP_STEP_MOST];
};

/* n < SOFTCAP_STEP logits with zeros behind them. */
static inline void fill_softcap_rest(size_t n, const real *high, const real *low, struct softcap_rest *rest) {
    memset(rest, 0, sizeof *rest);
    memcpy(rest->high, high, n * sizeof(real));
    memcpy(rest->low, low, n * sizeof(real));
}

/* A step of logits capped, in place; infinite ones and NaN stay. */
static inline void softcap_step(const struct softcap *c, real *high, real *low) {
    double value[SOFTCAP_STEP_MOST];
    for (size_t i = 0; i < SOFTCAP_STEP; i += W_LANES) {
        w_store(value + i, capped_doubles(w_sum(high + i, low + i), c));
    }
    for (size_t i = 0; i < SOFTCAP_STEP; i += V_LANES) {
        v_t given = v_load(high + i), rest, capped = v_split(value + i, &rest);
        const m_t finite = m_not(m_or(v_ge(v_abs(given), v_set1((real)INFINITY)), v_unordered(given, given)));
        v_store(high + i, v_select(finite, capped, given));
        v_store(low + i, v_select(finite, rest, v_load(low + i)));
    }
}

/* n logits, in place. */
NOT_INLINE static void softcap_block(size_t n, const struct softcap *softcap, real *high, real *low) {
    const struct softcap c = *softcap; /* a copy, of which compilers know that no result is stored there */
    size_t j = 0;
    for (; n - j >= SOFTCAP_STEP; j += SOFTCAP_STEP) {
        softcap_step(&c, high + j, low + j);
    }
    if (j < n) {
        struct softcap_rest rest;
        fill_softcap_rest(n - j, high + j, low + j, &rest);
        softcap_step(&c, rest.high, rest.low);
        memcpy(high + j, rest.high, (n - j) * sizeof(real));
        memcpy(low + j, rest.low, (n - j) * sizeof(real));
    }
}

/* The derivatives at n logits of a step, z = high + low before the cap; 0 at infinite ones and NaN. */
static inline void slopes_of_step(size_t n, const struct softcap *c, const real *high, const real *low, double *slope) {
    double value[SOFTCAP_STEP_MOST];
    for (size_t i = 0; i < SOFTCAP_STEP; i += W_LANES) {
        w_store(value + i, slopes_of_doubles(w_sum(high + i, low + i), c));
    }
    for (size_t i = 0; i < n; i++) {
        slope[i] = fabs((double)high[i]) < (double)INFINITY ? value[i] : 0;
    }
}

/* The same of any number. */
NOT_INLINE static void softcap_slopes_block(size_t n, const struct softcap *softcap, const real *high, const real *low,
                                            double *slope) {
    const struct softcap c = *softcap;
    size_t j = 0;
    for (; n - j >= SOFTCAP_STEP; j += SOFTCAP_STEP) {
        slopes_of_step(SOFTCAP_STEP, &c, high + j, low + j, slope + j);
    }
    if (j < n) {
        struct softcap_rest rest;
        fill_softcap_rest(n - j, high + j, low + j, &rest);
        slopes_of_step(n - j, &c, rest.high, rest.low, slope + j);
    }
}

/* dx = dz slope, rounded once. dx may be dz. */
static inline void multiply_by_slopes(size_t n, const real *dz, const double *slope, real *dx) {
    for (size_t i = 0; i < n; i++) {
        dx[i] = canonical((real)((double)dz[i] * slope[i]));
    }
}

#endif
