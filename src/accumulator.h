/* The exact sum of doubles: a fixed-point number that spans their whole range, in limbs of 32 bits, each held in 64, so
 * that 2^31 numbers can be added before a carry is due. Slower than the kernels' sums, and needs to know nothing of the
 * numbers beforehand: for one number a row. Kulisch, Miranker: Computer Arithmetic in Theory and Practice, 1981. */
#ifndef SMX_ACCUMULATOR_H
#define SMX_ACCUMULATOR_H

#include "pair.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ACCUMULATOR_LIMBS 68 /* of 32 bits, from 2^-1074 on: 2^1024 times 2^78 */

struct accumulator {
    int64_t limb[ACCUMULATOR_LIMBS];
    bool plus_infinity, minus_infinity, nan; /* seen */
};

static inline void accumulate(struct accumulator *sum, double a) {
    if (!isfinite(a)) {
        sum->nan |= isnan(a);
        sum->plus_infinity |= a > 0;
        sum->minus_infinity |= a < 0;
        return;
    }
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    unsigned field = (unsigned)(bits >> 52) & 0x7ff;
    uint64_t mantissa = bits & 0xfffffffffffff;
    if (field != 0) {
        mantissa |= (uint64_t)1 << 52;
        field--;
    }
    /* a = mantissa 2^(field - 1074), cut where limbs meet */
    unsigned k = field / 32, shift = field % 32;
    uint64_t low = (mantissa & 0xffffffff) << shift, high = (mantissa >> 32) << shift;
    int64_t part[3] = {(int64_t)(low & 0xffffffff), (int64_t)((low >> 32) + (high & 0xffffffff)),
                       (int64_t)(high >> 32)};
    for (unsigned i = 0; i < 3; i++) {
        sum->limb[k + i] += bits >> 63 ? -part[i] : part[i];
    }
}

static inline void accumulator_merge(struct accumulator *into, const struct accumulator *from) {
    for (int k = 0; k < ACCUMULATOR_LIMBS; k++) {
        into->limb[k] += from->limb[k];
    }
    into->nan |= from->nan;
    into->plus_infinity |= from->plus_infinity;
    into->minus_infinity |= from->minus_infinity;
}

/* Limbs into [0, 2^32), but for the last, which has the sign. */
static inline void accumulator_carry(struct accumulator *sum) {
    for (int k = 0; k < ACCUMULATOR_LIMBS - 1; k++) {
        int64_t high;
        sum->limb[k] = wide_split(sum->limb[k], &high);
        sum->limb[k + 1] += high;
    }
}

/* The sum as two doubles; where it is not finite, infinity or NaN. What lies below both is rounded to odd, so that
 * rounding the pair to one double rounds the sum correctly. */
static inline struct pair accumulator_value(const struct accumulator *sum) {
    if (sum->nan || (sum->plus_infinity && sum->minus_infinity)) {
        return pair_of((double)NAN);
    }
    if (sum->plus_infinity || sum->minus_infinity) {
        return pair_of(sum->plus_infinity ? (double)INFINITY : -(double)INFINITY);
    }
    struct accumulator a = *sum;
    accumulator_carry(&a);
    bool negative = a.limb[ACCUMULATOR_LIMBS - 1] < 0;
    if (negative) {
        for (int k = 0; k < ACCUMULATOR_LIMBS; k++) {
            a.limb[k] = -a.limb[k];
        }
        accumulator_carry(&a);
    }
    int top = ACCUMULATOR_LIMBS - 1;
    while (top > 0 && a.limb[top] == 0) {
        top--;
    }
    /* The top 128 bits, and one more bit that says whether there are others, in the fixed point of those limbs. */
    struct wide window = {{0}};
    int lowest = top > 3 ? top - 3 : 0;
    for (int k = lowest; k <= top; k++) {
        window.limb[k - lowest] = a.limb[k];
    }
    for (int k = 0; k < lowest; k++) {
        window.limb[0] |= a.limb[k] != 0;
    }
    double high = wide_take(&window), low = wide_take(&window);
    struct pair value = pair_scaled((struct pair){high, low}, 32 * lowest - 1074);
    return negative ? pair_negative(value) : value;
}

#endif
