/* Sweeps over every argument, where the type is small enough. */
#ifndef SMX_TOOLS_ULP_SWEEP_H
#define SMX_TOOLS_ULP_SWEEP_H

#include <stdbool.h>

#include "search.h"

/* The term of every f32 argument. */
bool sweep_exp_f32(const search_options *options);

/* Every f32 row {x, 0} with |x| < 128; whether the results are within the bound of forward-f32. */
bool sweep_pairs_f32(const search_options *options);

/* f64 has too many arguments: terms at random and around the worst ones found. */
bool search_exp_f64(const search_options *options);

/* The Jacobian's diagonal for every f32 y in [0, 1], against the correctly rounded result. */
bool sweep_jacobian_diagonal_f32(const search_options *options);

#endif
