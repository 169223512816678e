/* Vector operations, one lane of float. */
#include <stdint.h>

typedef float scalar_real;
typedef uint32_t scalar_bits;
typedef int32_t scalar_integer;
#define SCALAR_MANTISSA 23
#define SCALAR_FMA fmaf
#define SCALAR_ABS fabsf

#include "scalar.h"
