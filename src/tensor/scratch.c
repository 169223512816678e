#include "scratch.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

void *smx_scratch_new(size_t pieces, size_t bytes) {
    if (bytes > (PTRDIFF_MAX - 63) / pieces) {
        return NULL;
    }
    int caller = errno;
    void *scratch = aligned_alloc(64, (pieces * bytes + 63) / 64 * 64);
    errno = caller;
    return scratch;
}

void smx_scratch_free(void *scratch) { free(scratch); }
