/* One block of memory that inputs and outputs of a call share, and a copy of it: a refused call must leave it as it
 * was, byte for byte. */
#ifndef SMX_TESTS_ARENA_H
#define SMX_TESTS_ARENA_H

#include "dtype.h"

enum { ARENA_ELEMENTS = 1000 };

typedef struct arena {
    const dtype *t;
    double memory[ARENA_ELEMENTS], copy[ARENA_ELEMENTS];
} arena;

/* Filled with finite numbers in [0, 1). */
void arena_init(arena *a, const dtype *t);
void *arena_at(arena *a, size_t i);

/* Fails unless the status is the one wanted and, if that is no success, nothing was written. After a success the memory
 * is as at first again. */
void arena_expect(arena *a, smx_status wanted, smx_status got);

#endif
