#include "sizes.h"

enum { ALL_UP_TO = 130 };

static const size_t more[] = {255, 256, 257, 511, 512, 513, 1000, 4095, 4096, 4097};

const size_t long_sizes[LONG_SIZES] = {(1 << 18) - 1, 1 << 18, (1 << 18) + 1, 300007};

size_t short_sizes_count(void) { return ALL_UP_TO + 1 + sizeof more / sizeof *more; }

size_t short_size(size_t i) { return i <= ALL_UP_TO ? i : more[i - ALL_UP_TO - 1]; }
