/* The arrays of a call's options: their sizes, their values, and what they share memory with. */
#ifndef SMX_CHECK_OPTIONS_H
#define SMX_CHECK_OPTIONS_H

#include "matrix.h"
#include "rows.h"

/* Of a call that has rows with entries. */
smx_status smx_check_options(const struct rows_request *request, const smx_options *opt);

/* Whether an output shares an element with one of them. */
bool smx_overlaps_options(const struct rows_request *request, const struct matrix *out, const smx_options *opt);

#endif
