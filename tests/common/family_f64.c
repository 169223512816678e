#include "family_runs.h"

#define REAL double
#define F(name) name##_f64
#define RUNS family_runs_f64
#define CROSS_ENTROPY_EVAL cross_entropy_eval_f64
#include "family_run.h"
