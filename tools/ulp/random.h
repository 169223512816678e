/* Random numbers for the search: splitmix64, so that a seed gives the same rows everywhere. */
#ifndef SMX_TOOLS_ULP_RANDOM_H
#define SMX_TOOLS_ULP_RANDOM_H

#include <math.h>
#include <stdint.h>

typedef struct random_state {
    uint64_t state;
} random_state;

static inline uint64_t random_bits(random_state *r) {
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Below n; the bias of the remainder does not matter to a search. */
static inline uint64_t random_below(random_state *r, uint64_t n) { return random_bits(r) % n; }

static inline double random_uniform(random_state *r, double low, double high) {
    return low + (high - low) * ((double)(random_bits(r) >> 11) * 0x1p-53);
}

/* Uniform in the logarithm. */
static inline double random_log(random_state *r, double low, double high) {
    return exp(random_uniform(r, log(low), log(high)));
}

static inline double random_sign(random_state *r) { return random_bits(r) & 1 ? 1 : -1; }

/* Box and Muller. */
static inline double random_normal(random_state *r) {
    return sqrt(-2 * log(1 - random_uniform(r, 0, 1))) * cos(6.283185307179586 * random_uniform(r, 0, 1));
}

#endif
