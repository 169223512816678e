/* The public functions for double. */
#include "arithmetic.h"

#include <float.h>
#include <stddef.h>
#include <stdint.h>

typedef double real;
typedef int64_t real_integer;
#define REAL_INTEGER_MIN INT64_MIN
#define NAME(stem) stem##_f64
#define LARGEST_REAL DBL_MAX
#define ONE_IN_SUM 87 /* a term of 1 is 2^87 in a sum */
#define PRODUCT_EXPONENT_MIN (-2148)
#define PRODUCT_EXPONENT_MAX 2047

#include "api/forward.h"

#include "api/backward.h"

#include "api/jacobian.h"

#include "api/columns.h"

#include "api/cross_entropy.h"

#include "api/hessian.h"

#include "api/groups.h"
