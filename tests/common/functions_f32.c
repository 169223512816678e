#include "functions.h"

#define REAL float
#define F(name) name##_f32
#define PART_STEP part_step_f32
#define TABLE functions_f32
#define CROSS_ENTROPY_EVAL cross_entropy_eval_f32
#include "functions_typed.h"
