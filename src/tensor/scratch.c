#include "../base/arithmetic.h"

#include "scratch.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

void *smx_scratch_new(size_t pieces, size_t bytes) {
    if (bytes > (PTRDIFF_MAX - 63) / pieces) {
        return NULL;
    }
    volatile int *error = &errno; /* clang takes it that no allocation sets errno, and leaves out what puts it back */
    int caller = *error;
    void *scratch = aligned_alloc(64, (pieces * bytes + 63) / 64 * 64);
    *error = caller;
    return scratch;
}

void smx_scratch_free(void *scratch) { free(scratch); }
