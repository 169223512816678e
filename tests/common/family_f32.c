#include "family_runs.h"

#define REAL float
#define F(name) name##_f32
#define RUNS family_runs_f32
#define CROSS_ENTROPY_EVAL cross_entropy_eval_f32
#include "family_run.h"
