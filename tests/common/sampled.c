#include "sampled.h"

#include <stdlib.h>
#include <string.h>

size_t sample_step(size_t quick) {
    const char *run = getenv("SMX_TESTS");
    return run != NULL && strcmp(run, "sample") == 0 ? quick : 1;
}

size_t sampled(size_t rounds) {
    size_t step = sample_step(8);
    return (rounds + step - 1) / step;
}
