#include "exact_sum.h"

#include <math.h>
#include <stdbool.h>

enum { UNIT = -1074, SIGNIFICAND = 53 };
static const int64_t RADIX = INT64_C(1) << 32;

/* Brings all limbs but the last into [0, 2^32). */
static void normalise(exact_sum *sum) {
    int64_t carry = 0;
    for (int k = 0; k < EXACT_LIMBS - 1; k++) {
        int64_t value = sum->limb[k] + carry;
        int64_t low = (int64_t)((uint64_t)value & 0xffffffffU);
        carry = (value - low) / RADIX;
        sum->limb[k] = low;
    }
    sum->limb[EXACT_LIMBS - 1] += carry;
    sum->pending = 0;
}

void exact_add(exact_sum *sum, double value) {
    if (!isfinite(value)) {
        sum->special += value;
        return;
    }
    if (value == 0)
        return;
    int exponent;
    double fraction = frexp(fabs(value), &exponent);
    int place = exponent - SIGNIFICAND - UNIT;
    if (place < 0) { /* a subnormal number has fewer digits */
        fraction = ldexp(fraction, place);
        place = 0;
    }
    uint64_t digits = (uint64_t)ldexp(fraction, SIGNIFICAND);
    uint64_t low = (digits & 0xffffffffU) << place % 32, high = (digits >> 32) << place % 32;
    int64_t sign = value < 0 ? -1 : 1;
    int64_t *limb = &sum->limb[place / 32];
    limb[0] += sign * (int64_t)(low & 0xffffffffU);
    limb[1] += sign * (int64_t)((low >> 32) + (high & 0xffffffffU));
    limb[2] += sign * (int64_t)(high >> 32);
    if (++sum->pending == UINT64_C(1) << 28)
        normalise(sum);
}

static unsigned bit(const exact_sum *sum, int place) { return sum->limb[place / 32] >> place % 32 & 1; }

static int highest_bit(const exact_sum *sum) {
    int place = 32 * EXACT_LIMBS - 1;
    while (place >= 0 && bit(sum, place) == 0)
        place--;
    return place;
}

static bool any_below(const exact_sum *sum, int place) {
    for (int i = 0; i < place; i++) {
        if (bit(sum, i) != 0)
            return true;
    }
    return false;
}

/* The sum to the nearest number of so many bits. */
static double round_to(const exact_sum *sum, int bits) {
    if (sum->special != 0) /* an infinity, or NaN */
        return sum->special;
    exact_sum copy = *sum;
    normalise(&copy);
    bool negative = copy.limb[EXACT_LIMBS - 1] < 0;
    if (negative) {
        for (int k = 0; k < EXACT_LIMBS; k++)
            copy.limb[k] = -copy.limb[k];
        normalise(&copy);
    }
    int top = highest_bit(&copy), last = top < bits ? 0 : top - bits + 1;
    uint64_t digits = 0;
    for (int place = top; place >= last; place--)
        digits = digits << 1 | bit(&copy, place);
    if (last > 0 && bit(&copy, last - 1) != 0 && (digits % 2 != 0 || any_below(&copy, last - 1)))
        digits++;
    double value = ldexp((double)digits, last + UNIT);
    return negative ? -value : value;
}

float exact_round_f32(const exact_sum *sum) { return (float)round_to(sum, 24); }
double exact_round_f64(const exact_sum *sum) { return round_to(sum, SIGNIFICAND); }
