#include <float.h>
#include <string.h>

#include "dtype.h"

#define REAL float
#define BITS uint32_t
#define F(name) name##_f32
#define MEMBER f32
#define TABLE dtype_f32
#define NAME "f32"
#define UNDERFLOW_AT 104.0
#define MIN_NORMAL 0x1p-126
#define MIN_SUBNORMAL 0x1p-149
#define MAX_FINITE FLT_MAX
#define EPSILON 0x1p-23
#define OFFSET_FROM 256.0
#include "dtype_functions.h"
