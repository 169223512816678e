/* The public functions for float. */
#include <stddef.h>

typedef float real;
#define NAME(stem) stem##_f32
#define ONE_IN_SUM 68 /* a term of 1 is 2^68 in a sum */
#define PRODUCT_EXPONENT_MIN (-298)
#define PRODUCT_EXPONENT_MAX 255

#include "api/forward.h"

#include "api/backward.h"

#include "api/jacobian.h"
