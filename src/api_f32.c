/* The public functions for float. */
#include "arithmetic.h"

#include <float.h>
#include <stddef.h>
#include <stdint.h>

typedef float real;
typedef int32_t real_integer;
#define REAL_INTEGER_MIN INT32_MIN
#define NAME(stem) stem##_f32
#define LARGEST_REAL FLT_MAX
#define ONE_IN_SUM 67 /* a term of 1 is 2^67 in a sum */
#define PRODUCT_EXPONENT_MIN (-298)
#define PRODUCT_EXPONENT_MAX 255

#include "api/forward.h"

#include "api/backward.h"

#include "api/jacobian.h"

#include "api/columns.h"

#include "api/cross_entropy.h"

#include "api/hessian.h"

#include "api/groups.h"
