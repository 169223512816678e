/* Vector operations, one lane of double. */
#include <stdint.h>

typedef double scalar_real;
typedef uint64_t scalar_bits;
typedef int64_t scalar_integer;
#define SCALAR_MANTISSA 52
#define SCALAR_FMA fma
#define SCALAR_ABS fabs

#include "scalar.h"
