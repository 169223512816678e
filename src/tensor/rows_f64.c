#include "../arithmetic.h"

typedef double real;
#define NAME(stem) stem##_f64

#include "rows.h"
