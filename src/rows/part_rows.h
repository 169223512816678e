/* Rows that lie in parts: the steps of a call on one part of each. What the integers between the steps mean stands in
 * docs/bits.md, "Rows in parts". */
#ifndef SMX_PART_ROWS_H
#define SMX_PART_ROWS_H

#include "rows.h"

/* Reads a caller's struct for a call on n entries of each row. */
smx_status smx_part_read(const smx_part *part, enum part_step step, size_t n, struct rows_part *read);

/* Whether the integers that steps before this one have left can be those of rows. Of a checked call. */
smx_status smx_part_check(const struct rows_request *request, const struct options_read *options, bool losses);

/* The last step of rows without losses. */
smx_status smx_part_finish_rows(const struct rows_request *r, const smx_part *given);

/* A step of theirs before that; x is all that the request has. */
smx_status smx_part_share(const struct rows_request *given_rows, const smx_part *given, enum part_step step);

#endif
