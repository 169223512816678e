/* Deterministic pseudo-random numbers (splitmix64), so that a failure's seed replays it on any platform. */
#ifndef SMX_TESTS_RNG_H
#define SMX_TESTS_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct rng {
    uint64_t state;
} rng;

rng rng_seed(uint64_t seed);
uint64_t rng_next(rng *r);

/* Uniform on [0, bound); bound > 0. */
size_t rng_below(rng *r, size_t bound);

/* Uniform on [low, high). */
double rng_uniform(rng *r, double low, double high);

/* Roughly normal, mean 0, variance 1 (a sum of uniforms: no libm call, so the same everywhere). */
double rng_normal(rng *r);

/* A random permutation of 0 .. n-1. */
void rng_permutation(rng *r, size_t n, size_t *perm);

#endif
