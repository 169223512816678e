/* A sum of doubles without error: rounded once, at its end. What makes the loss of a batch that streams through in
 * tiles the one that the library gives for the whole, to the last bit. */
#ifndef SMX_CLI_EXACT_SUM_H
#define SMX_CLI_EXACT_SUM_H

#include <stdint.h>

enum { EXACT_LIMBS = 69 };

/* All zeros: nothing added yet. */
typedef struct exact_sum {
    int64_t limb[EXACT_LIMBS]; /* the sum is limb[k] 2^(32 k - 1074), summed over k */
    uint64_t pending;          /* additions since the limbs were normalised */
    double special;            /* the sum of what was not finite */
} exact_sum;

void exact_add(exact_sum *sum, double value);

/* The sum to the nearest float or double, ties to even. The float is right for a sum of floats. */
float exact_round_f32(const exact_sum *sum);
double exact_round_f64(const exact_sum *sum);

#endif
