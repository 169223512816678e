#include <float.h>
#include <string.h>

#include "dtype.h"

#define REAL double
#define BITS uint64_t
#define F(name) name##_f64
#define MEMBER f64
#define TABLE dtype_f64
#define NAME "f64"
#define UNDERFLOW_AT 746.0
#define MIN_NORMAL 0x1p-1022
#define MIN_SUBNORMAL 0x1p-1074
#define MAX_FINITE DBL_MAX
#define EPSILON 0x1p-52
#define OFFSET_FROM 2048.0
#include "dtype_functions.h"
