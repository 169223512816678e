/* Numbers of either type, compared as integers. */
#ifndef SMX_PLACE_H
#define SMX_PLACE_H

#include "../base/dtype.h"

#include <stdbool.h>
#include <stdint.h>

/* A number's place among all of its type, as an integer: -0 is +0, NaN lies beyond the infinities. Out here, comparing
 * floats could set the caller's exception flags. */
int64_t smx_place(enum dtype real, const void *array, size_t i);

/* The place of a number that both types have. */
int64_t smx_place_of(enum dtype real, double value);

/* Whether low <= array[i] <= high. */
bool smx_between(enum dtype real, const void *array, size_t i, double low, double high);

#endif
