/* Numbers from one dtype to another. */
#ifndef SMX_CLI_CONVERT_H
#define SMX_CLI_CONVERT_H

#include <stdbool.h>
#include <stddef.h>

#include "npy.h"

/* How many threads conversions use at most, as in smx_options. */
void convert_use_threads(unsigned threads);

/* Converts count numbers, rounded once to nearest (ties to even) where the type is narrower: between the real dtypes,
 * and from any integers to i8. `to` and `from` must not overlap. Returns false after a message, under the name. */
bool convert(const char *name, npy_dtype to_dtype, void *to, npy_dtype from_dtype, const void *from, size_t count);

#endif
