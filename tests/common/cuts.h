/* A row computed in parts: cut at random, each part by itself, merged in a random order and grouping. */
#ifndef SMX_TESTS_CUTS_H
#define SMX_TESTS_CUTS_H

#include "dtype.h"
#include "rng.h"

/* Part k of a cut is [begin[k], begin[k + 1]). */
typedef struct cut {
    size_t parts;
    size_t *begin;
} cut;

/* Some parts of length 0 and 1 are among them. */
cut cut_random(rng *r, size_t n, size_t parts);
void cut_free(cut *c);

/* How partial statistics are put together. */
typedef enum merging {
    MERGE_TREE, /* by the merge function, two random ones at a time */
    MERGE_SUMS  /* maxima by the merge function, then the limbs as plain integers, as MPI_Allreduce would */
} merging;

/* Called before each part of each step, to switch instruction sets on the way; may be null. */
typedef void (*before_part)(rng *r);

/* All three steps; every part of `out` is written by its own call, in a random order. out may be x, y or dy. */
void softmax_in_parts(const dtype *t, size_t n, const void *x, const cut *c, merging how, before_part before,
                      const smx_options *opt, rng *r, void *out);
void backward_in_parts(const dtype *t, size_t n, const void *y, const void *dy, const cut *c, merging how,
                       before_part before, rng *r, void *out);

#endif
