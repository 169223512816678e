/* Rows that are handled in parts: maxima and sums of parts, merged. */
#ifndef SMX_ROW_PARTS_H
#define SMX_ROW_PARTS_H

#include "rows.h"

/* Few long rows of softmax and its backward pass: each is cut into parts, one for each thread. False, with nothing
 * done, where `pieces` threads have rows enough, and for all other calls. */
bool smx_rows_in_parts(const struct rows_run *run, size_t pieces);

/* *into = the larger of two maxima; NaN if either is. */
void smx_merge_max(enum dtype real, void *into, const void *from);

static inline bool smx_sum_is_zero(const int64_t a[4]) { return a[0] == 0 && a[1] == 0 && a[2] == 0 && a[3] == 0; }

static inline void smx_merge_sum(int64_t into[4], const int64_t from[4]) {
    for (int k = 0; k < 4; k++) {
        into[k] += from[k];
    }
}

#endif
