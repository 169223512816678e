#include "../arithmetic.h"

typedef float real;
#define NAME(stem) stem##_f32

#include "rows.h"
