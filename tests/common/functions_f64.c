#include "functions.h"

#define REAL double
#define F(name) name##_f64
#define PART_STEP part_step_f64
#define TABLE functions_f64
#define CROSS_ENTROPY_EVAL cross_entropy_eval_f64
#include "functions_typed.h"
