/* Quick runs. */
#ifndef SMX_TESTS_SAMPLED_H
#define SMX_TESTS_SAMPLED_H

#include <stddef.h>

/* How many of so many rounds to run: all, or about an eighth where the environment says SMX_TESTS=sample, as the
 * presets of `make test` and asan do. Tests that take long ask. */
size_t sampled(size_t rounds);

/* The same of a loop in steps of 1: its step in a quick run, else 1. */
size_t sample_step(size_t quick);

#endif
