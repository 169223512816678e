/* A signed integer of 128 bits in four limbs of 32, each held in a 64-bit word, so that limbs can be added without
 * carries. C has no such type, and the sum must be able to travel (MPI, GPUs) as plain 64-bit integers. */
#ifndef SMX_WIDE_H
#define SMX_WIDE_H

#include "attributes.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Rows have up to this many entries: so far the proof in kernels/limb_sum_template.h goes that no sum overflows. */
#define SMX_ROW_MOST ((uint64_t)1 << 36)

struct wide {
    int64_t limb[4]; /* value = sum of limb[k] * 2^(32 k); a limb may have any sign and up to 63 bits */
};

/* The low 32 bits of v, and in *high the rest: v = low + 2^32 * high, without a shift of a negative number. */
static inline int64_t wide_split(int64_t v, int64_t *high) {
    int64_t low = (int64_t)((uint64_t)v & 0xffffffffu);
    *high = (v - low) / 4294967296;
    return low;
}

/* Adds v * 2^shift, 0 <= shift < 96. */
static inline void wide_add(struct wide *w, int64_t v, int shift) {
    int k = shift / 32;
    int64_t high, carry, factor = (int64_t)1 << shift % 32;
    int64_t low = wide_split(v, &high);
    w->limb[k] += wide_split(low * factor, &carry);
    w->limb[k + 1] += carry;
    w->limb[k + 1] += wide_split(high * factor, &carry);
    if (k + 2 < 4) {
        w->limb[k + 2] += carry;
    } else {
        w->limb[k + 1] += carry * 4294967296; /* the last limb has the sign */
    }
}

/* Brings limbs 0 to 2 into [0, 2^32); the value stays. */
static inline void wide_carry(struct wide *w) {
    for (int k = 0; k < 3; k++) {
        int64_t high;
        w->limb[k] = wide_split(w->limb[k], &high);
        w->limb[k + 1] += high;
    }
}

static ALWAYS_INLINE uint64_t bits_of_double(double a) {
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}

static ALWAYS_INLINE double double_of_bits(uint64_t bits) {
    double a;
    memcpy(&a, &bits, sizeof a);
    return a;
}

/* 2^exponent, -1022 <= exponent <= 1023. */
static ALWAYS_INLINE double double_power_of_two(int exponent) {
    return double_of_bits((uint64_t)(exponent + 1023) << 52);
}

/* ilogb(a) of a normal a; -1023 for subnormal ones and 0. */
static ALWAYS_INLINE int exponent_of(double a) { return (int)(bits_of_double(a) >> 52 & 0x7ff) - 1023; }

/* The double nearest w (ties to even), which is taken off w: a second call gives the next 53 bits. */
static inline double wide_take(struct wide *w) {
    wide_carry(w);
    bool negative = w->limb[3] < 0;
    struct wide a = *w;
    if (negative) {
        for (int k = 0; k < 4; k++) {
            a.limb[k] = -a.limb[k];
        }
        wide_carry(&a);
    }
    int top = 3;
    while (top > 0 && a.limb[top] == 0) {
        top--;
    }
    /* In bits; one too many at most, where the conversion rounds up. */
    int length = a.limb[top] == 0 ? 0 : 32 * top + exponent_of((double)a.limb[top]) + 1;
    /* The top 62 bits as an integer; what lies below them only matters as zero or not (it breaks ties). */
    int shift = length > 62 ? length - 62 : 0;
    int64_t window = 0;
    bool sticky = false;
    for (int k = 3; k >= 0; k--) {
        int at = 32 * k - shift; /* where this limb's lowest bit goes */
        if (at >= 0) {
            window += at < 62 ? a.limb[k] * ((int64_t)1 << at) : 0;
        } else if (at > -32) {
            window += a.limb[k] >> -at;
            sticky |= (a.limb[k] & (((int64_t)1 << -at) - 1)) != 0;
        } else {
            sticky |= a.limb[k] != 0;
        }
    }
    double rounded = (double)(window | sticky);
    double result = rounded * double_power_of_two(shift);
    int64_t taken = (int64_t)rounded;
    wide_add(w, negative ? taken : -taken, shift);
    return negative ? -result : result;
}

#endif
