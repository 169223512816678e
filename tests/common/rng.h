/* Pseudo-random numbers for everything here that needs them: tests, golden vectors, fuzzers, tools/ulp, bench. The
 * generator is splitmix64 (Steele, Lea, Flood 2014), so that a seed gives the same numbers on any platform. Needs
 * nothing but integers and products of doubles. */
#ifndef SMX_TESTS_RNG_H
#define SMX_TESTS_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct rng {
    uint64_t state;
} rng;

static inline rng rng_seed(uint64_t seed) {
    rng r = {seed};
    return r;
}

static inline uint64_t rng_next(rng *r) {
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Uniform on [0, bound); bound > 0. The bias of the remainder does not matter here. */
static inline size_t rng_below(rng *r, size_t bound) { return (size_t)(rng_next(r) % bound); }

/* Uniform on [low, high). */
static inline double rng_uniform(rng *r, double low, double high) {
    return low + (high - low) * ((double)(rng_next(r) >> 11) * 0x1p-53);
}

/* Roughly normal, mean 0, variance 1: a sum of uniforms, and no call of libm, so that it is the same everywhere. */
static inline double rng_normal(rng *r) {
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        sum += rng_uniform(r, -0.5, 0.5);
    }
    return sum * 0x1.bb67ae8584caap0; /* sqrt(3): the variance of four of them is 1/3 */
}

/* A random permutation of 0 .. n-1. */
static inline void rng_permutation(rng *r, size_t n, size_t *perm) {
    for (size_t i = 0; i < n; i++) {
        size_t j = rng_below(r, i + 1);
        perm[i] = perm[j];
        perm[j] = i;
    }
}

#endif
