/* The public functions for double. */
#include <stddef.h>

typedef double real;
#define NAME(stem) stem##_f64
#define ONE_IN_SUM 88 /* a term of 1 is 2^88 in a sum */
#define PRODUCT_EXPONENT_MIN (-2148)
#define PRODUCT_EXPONENT_MAX 2047

#include "api/forward.h"

#include "api/backward.h"

#include "api/jacobian.h"
