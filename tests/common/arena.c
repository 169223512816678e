#include "arena.h"

#include <string.h>

#include "check.h"
#include "rng.h"

void arena_init(arena *a, const dtype *t) {
    rng r = rng_seed(0xe10000);
    a->t = t;
    for (size_t i = 0; i < ARENA_ELEMENTS * sizeof(double) / t->size; i++) {
        t->store(a->memory, i, rng_uniform(&r, 0, 1));
    }
    memcpy(a->copy, a->memory, sizeof a->copy);
}

void *arena_at(arena *a, size_t i) { return at(a->t, a->memory, i); }

void arena_expect(arena *a, smx_status wanted, smx_status got) {
    assert_status(wanted, got);
    if (wanted != SMX_OK && memcmp(a->memory, a->copy, sizeof a->copy) != 0) {
        fail_msg("%s: the call was refused, and wrote something", label_text());
    }
    memcpy(a->memory, a->copy, sizeof a->copy);
}
