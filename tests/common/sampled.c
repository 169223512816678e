#include "sampled.h"

#include <stdlib.h>
#include <string.h>

size_t sampled(size_t rounds) {
    const char *run = getenv("SMX_TESTS");
    return run != NULL && strcmp(run, "sample") == 0 ? (rounds + 7) / 8 : rounds;
}
