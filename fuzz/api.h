/* A call of any function of the table (tests/common/functions.h) with any arguments and options, as fuzz_api makes it
 * of an input. */
#ifndef SMX_FUZZ_API_H
#define SMX_FUZZ_API_H

#include "common/call.h"
#include "common/masks.h"

/* What is wrong with the arguments on purpose. */
typedef enum spoil {
    SPOIL_NOTHING,
    SPOIL_NULL,    /* a pointer */
    SPOIL_STRIDE,  /* one that is too small */
    SPOIL_OVERLAP, /* an output that lies somewhere in another argument */
    SPOIL_OPTIONS, /* a field with a value that means nothing, or contradicts another */
    SPOILS
} spoil;

typedef struct scene {
    function f; /* one of the table; for cross-entropy, with settings and arguments of its own */
    call c;     /* of f; rows without gaps */
    masks m;    /* and policies */
    uint64_t seed;
    spoil spoil;
    size_t spoil_at, spoil_by, spoil_how;
    /* How the call is repeated: */
    unsigned threads;
    size_t way;      /* in which its tasks are run */
    size_t cut;      /* how many rows make the first of two calls */
    const char *isa; /* what is not repeated on all of them is on this */
} scene;

void scene_decode(scene *s, const uint8_t *data, size_t size);
void scene_free(scene *s);

/* Prints everything of it. */
void scene_dump(const scene *s);

/* The masks of some rows, written out for each. */
masks masks_of_rows(const masks *m, const size_t *order, size_t count);

/* Aborts unless the call has the same bits on every instruction set, at other strides and places, with more threads, in
 * place, in another order, in several calls; and unless it writes nothing but its outputs, and those only if it
 * succeeds. */
void scene_check(scene *s);

#endif
