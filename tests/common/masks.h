/* Scales and masks for a call, and what they come to for one row. */
#ifndef SMX_TESTS_MASKS_H
#define SMX_TESTS_MASKS_H

#include "call.h"
#include "dtype.h"
#include "rng.h"

/* The options' arrays, each in memory of its own. */
typedef struct masks {
    const dtype *t;
    size_t rows, n;
    smx_options opt; /* one thread */
    void *scale, *add;
    uint8_t *keep;
    int64_t *lengths;
} masks;

/* Random ones, of the kinds that `what` names (OPTION_ADD and so on), with strides. */
masks masks_random(const dtype *t, size_t rows, size_t n, unsigned what, rng *r);
void masks_free(masks *m);

/* A random choice of what a function takes, with what it needs. */
unsigned masks_choice(const function *f, rng *r);

/* What (L) of smx/base.h says of row k, written out: one scale, one row of `add` if there was one, one row of `keep`,
 * in which lengths and causality are too. An entry that one mask drops has keep 0, and add is NaN there. With perm,
 * entry i is that of perm[i]. */
masks masks_of_row(const masks *m, size_t k, const size_t *perm);

/* Its options, or none for a function that takes none: no mask keeps what a mask of ones keeps. */
const smx_options *masks_options(const masks *m, const function *f);

/* Whether entry i of row k is kept. */
int masks_keep(const masks *m, size_t k, size_t i);

/* What is added to entry i of row k. */
double masks_added(const masks *m, size_t k, size_t i);

#endif
