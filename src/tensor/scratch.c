#include "../base/arithmetic.h"

#include "scratch.h"

#include "../kernels/kernels.h"
#include "sizes.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

void *smx_scratch_new(size_t count, size_t bytes) {
    if (bytes > (PTRDIFF_MAX - 63) / count) {
        return NULL;
    }
    volatile int *error = &errno; /* clang takes it that no allocation sets errno, and leaves out what puts it back */
    int caller = *error;
    void *scratch = aligned_alloc(64, (count * bytes + 63) / 64 * 64);
    *error = caller;
    return scratch;
}

void *smx_scratch_apart(size_t pieces, size_t *bytes) {
    if (pieces > 1 && *bytes <= PTRDIFF_MAX) {
        size_t fetched = larger(PREFETCH_BYTES, smaller(*bytes, PREFETCH_ROW_BYTES));
        *bytes += fetched + PREFETCH_BYTES; /* the processor goes on from there by itself */
    }
    return smx_scratch_new(pieces, *bytes);
}

void smx_scratch_free(void *scratch) { free(scratch); }
