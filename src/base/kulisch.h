/* Inside of smx_exact_sum: a fixed-point number that spans the whole range of doubles. Slower than the kernels' sums,
 * but it needs to know nothing of the numbers beforehand: for one number a row. Kulisch, Miranker: Computer Arithmetic
 * in Theory and Practice, 1981. All of it runs in the default floating-point environment. */
#ifndef SMX_KULISCH_H
#define SMX_KULISCH_H

#include "pair.h"
#include "smx/smx.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define EXACT_SUM_LIMBS 68

/* So many numbers may be added between two carries: each brings less than 2^33 to a limb. */
#define EXACT_SUM_ADDITIONS ((size_t)1 << 29)

static inline void exact_sum_add(smx_exact_sum *sum, double a) {
    if (!isfinite(a)) {
        sum->nans += isnan(a) ? 1 : 0;
        sum->plus_infinities += a > 0 ? 1 : 0;
        sum->minus_infinities += a < 0 ? 1 : 0;
        return;
    }
    uint64_t bits = bits_of_double(a);
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

/* Limbs into [0, 2^32), but for the last, which has the sign. */
static inline void exact_sum_carry(smx_exact_sum *sum) {
    for (int k = 0; k < EXACT_SUM_LIMBS - 1; k++) {
        int64_t high;
        sum->limb[k] = wide_split(sum->limb[k], &high);
        sum->limb[k + 1] += high;
    }
}

/* Adds one sum to another; both have been carried, or had few additions. */
static inline void exact_sum_merge(smx_exact_sum *into, const smx_exact_sum *from) {
    for (int k = 0; k < EXACT_SUM_LIMBS; k++) {
        into->limb[k] += from->limb[k];
    }
    into->plus_infinities += from->plus_infinities;
    into->minus_infinities += from->minus_infinities;
    into->nans += from->nans;
    exact_sum_carry(into);
}

/* A sum that threads add theirs to, in any order. At most 2^31 of them: each brings less than 2^32 to a limb. */
struct exact_sum_shared {
    _Atomic int64_t number[sizeof(smx_exact_sum) / sizeof(int64_t)];
};

static inline void exact_sum_share(smx_exact_sum *sum, struct exact_sum_shared *with) {
    exact_sum_carry(sum);
    int64_t number[sizeof *sum / sizeof(int64_t)];
    memcpy(number, sum, sizeof *sum);
    for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
        if (number[k] != 0) {
            atomic_fetch_add_explicit(&with->number[k], number[k], memory_order_relaxed);
        }
    }
}

/* Once all have added theirs. */
static inline smx_exact_sum exact_sum_of_shared(struct exact_sum_shared *shared) {
    int64_t number[sizeof(smx_exact_sum) / sizeof(int64_t)];
    for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
        number[k] = atomic_load_explicit(&shared->number[k], memory_order_relaxed);
    }
    smx_exact_sum sum;
    memcpy(&sum, number, sizeof sum);
    exact_sum_carry(&sum);
    return sum;
}

/* The sum to 53 bits and the next 53; where it is not finite, infinity or NaN. What lies below both only matters as
 * zero or not, which the last bit of the window says. */
static inline struct pair exact_sum_pair(const smx_exact_sum *sum) {
    if (sum->nans != 0 || (sum->plus_infinities != 0 && sum->minus_infinities != 0)) {
        return pair_of((double)NAN);
    }
    if (sum->plus_infinities != 0 || sum->minus_infinities != 0) {
        return pair_of(sum->plus_infinities != 0 ? (double)INFINITY : -(double)INFINITY);
    }
    smx_exact_sum a = *sum;
    exact_sum_carry(&a);
    bool negative = a.limb[EXACT_SUM_LIMBS - 1] < 0;
    if (negative) {
        for (int k = 0; k < EXACT_SUM_LIMBS; k++) {
            a.limb[k] = -a.limb[k];
        }
        exact_sum_carry(&a);
    }
    int top = EXACT_SUM_LIMBS - 1;
    while (top > 0 && a.limb[top] == 0) {
        top--;
    }
    struct wide window = {{0}};
    int lowest = top > 3 ? top - 3 : 0;
    for (int k = lowest; k <= top; k++) {
        window.limb[k - lowest] = a.limb[k];
    }
    for (int k = 0; k < lowest; k++) {
        window.limb[0] |= a.limb[k] != 0;
    }
    struct pair value = pair_scaled(pair_of_wide(window), 32 * lowest - 1074);
    return negative ? pair_negative(value) : value;
}

/* A pair as a double that rounds to the float that the pair's own value rounds to: to odd (Boldo, Melquiond: Emulation
 * of FMA and correctly rounded sums: proved algorithms using rounding to odd, 2008). */
static inline double rounded_to_odd(struct pair a) {
    uint64_t bits = bits_of_double(a.high);
    if (a.low != 0 && isfinite(a.high) && bits % 2 == 0) {
        bits += (a.low > 0) == (a.high > 0) ? 1 : (uint64_t)-1;
        return double_of_bits(bits);
    }
    return a.high;
}

/* The quotient of two sums; NaN if the divisor is 0 or the quotient has no value. */
static inline double exact_sum_ratio(const smx_exact_sum *sum, const smx_exact_sum *divisor) {
    struct pair a = exact_sum_pair(sum), b = exact_sum_pair(divisor);
    if (b.high == 0) {
        return (double)NAN;
    }
    if (!isfinite(a.high) || !isfinite(b.high)) {
        return a.high / b.high;
    }
    return pair_div(a, b).high;
}

#endif
