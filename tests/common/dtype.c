#include "dtype.h"

void *at(const dtype *t, void *a, size_t i) { return (unsigned char *)a + i * t->size; }

const void *at_const(const dtype *t, const void *a, size_t i) { return (const unsigned char *)a + i * t->size; }

uint64_t canonical_nan(const dtype *t) { return t->size == sizeof(float) ? 0x7fc00000u : 0x7ff8000000000000u; }
