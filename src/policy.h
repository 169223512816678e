/* What becomes of a row without a finite maximum. */
#ifndef SMX_POLICY_H
#define SMX_POLICY_H

#include <math.h>
#include <stdbool.h>

struct policy {
    bool plus_inf_limit;      /* SMX_PLUS_INF_LIMIT */
    bool minus_inf_row_zeros; /* SMX_MINUS_INF_ROW_ZEROS */
};

enum filling { FILL_NOT, FILL_NAN, FILL_ZERO };

/* How a row with this maximum is filled; FILL_NOT: it is computed. */
static inline enum filling policy_filling(struct policy policy, double max) {
    if (isnan(max)) {
        return FILL_NAN;
    }
    if (isinf(max) && max > 0) {
        return policy.plus_inf_limit ? FILL_NOT : FILL_NAN;
    }
    if (isinf(max)) {
        return policy.minus_inf_row_zeros ? FILL_ZERO : FILL_NAN;
    }
    return FILL_NOT;
}

#endif
