#include "rng.h"

rng rng_seed(uint64_t seed) {
    rng r = {seed};
    return r;
}

uint64_t rng_next(rng *r) {
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t rng_below(rng *r, size_t bound) { return (size_t)(rng_next(r) % bound); }

double rng_uniform(rng *r, double low, double high) {
    return low + (high - low) * ((double)(rng_next(r) >> 11) * 0x1p-53);
}

double rng_normal(rng *r) {
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        sum += rng_uniform(r, -0.5, 0.5);
    }
    return sum * 0x1.bb67ae8584caap0; /* sqrt(3): the variance of four of them is 1/3 */
}

void rng_permutation(rng *r, size_t n, size_t *perm) {
    for (size_t i = 0; i < n; i++) {
        size_t j = rng_below(r, i + 1);
        perm[i] = perm[j];
        perm[j] = i;
    }
}
