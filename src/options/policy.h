/* What becomes of a row without a finite maximum. */
#ifndef SMX_POLICY_H
#define SMX_POLICY_H

#include <stdbool.h>

struct policy {
    bool plus_inf_limit;      /* SMX_PLUS_INF_LIMIT */
    bool minus_inf_row_zeros; /* SMX_MINUS_INF_ROW_ZEROS */
};

/* FILL_NOT: the row is computed. */
enum filling { FILL_NOT, FILL_NAN, FILL_ZERO, FILL_MINUS_INF };

#endif
