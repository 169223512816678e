/* What the search and the golden vectors draw beside uniform numbers (tests/common/rng.h). These need libm. */
#ifndef SMX_TOOLS_ULP_RANDOM_H
#define SMX_TOOLS_ULP_RANDOM_H

#include <math.h>

#include "common/rng.h"

/* Uniform in the logarithm. */
static inline double rng_log(rng *r, double low, double high) { return exp(rng_uniform(r, log(low), log(high))); }

static inline double rng_sign(rng *r) { return rng_next(r) & 1 ? 1 : -1; }

/* Normal, mean 0, variance 1, with the tails that rng_normal lacks (Box and Muller). */
static inline double rng_gaussian(rng *r) {
    return sqrt(-2 * log(1 - rng_uniform(r, 0, 1))) * cos(6.283185307179586 * rng_uniform(r, 0, 1));
}

#endif
