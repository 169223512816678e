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
    void *scale, *add, *alibi, *sink;
    uint8_t *keep;
    int64_t *lengths;
    int64_t position; /* of a row written out: the entry at which its query stands */
} masks;

/* Random ones, of the kinds that `what` names (OPTION_ADD and so on), with strides. */
masks masks_random(const dtype *t, size_t rows, size_t n, int what, rng *r);
void masks_free(masks *m);

/* A random choice of what a function takes, with what it needs. */
int masks_choice(const function *f, rng *r);

/* What (L) of smx/base.h says of row k, written out: one scale, slope and sink, one row of `add` if there was one, one
 * row of `keep`, in which lengths, causality and the window are too. An entry that one mask drops has keep 0, and add
 * is NaN there. With perm, entry i is that of perm[i]; slopes, which depend on places, are then left out. */
masks masks_of_row(const masks *m, size_t k, const size_t *perm);

/* Whether the options of a row written out say all: with slopes, a call of one row can only have its query at the first
 * entry or, with the causal rule, at the last that is kept. */
int masks_can_be_alone(const masks *m, size_t k);

/* Its options, or none for a function that takes none: no mask keeps what a mask of ones keeps. */
const smx_options *masks_options(const masks *m, const function *f);

/* The entry at which the query of row k stands. */
int64_t masks_position(const masks *m, size_t k);

/* Whether entry i of row k is kept. */
int masks_keep(const masks *m, size_t k, size_t i);

/* What is added to entry i of row k. */
double masks_added(const masks *m, size_t k, size_t i);

#endif
