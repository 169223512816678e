/* Writes golden cases in the format of tests/vectors. */
#ifndef SMX_TESTS_GOLDEN_WRITE_H
#define SMX_TESTS_GOLDEN_WRITE_H

#include <stdio.h>

#include "golden.h"

/* Writes a case up to its results: head, inputs in the signature's order or their generators (null: none), options. */
void golden_write_inputs(FILE *out, const golden_case *c, const golden_generator *const *generators);

/* Writes its result arrays, or the hash of the only one. */
void golden_write_results(FILE *out, const golden_case *c, const void *result, bool hashed);

#endif
