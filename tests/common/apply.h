/* Any function of the table (functions.h) on one row written out by hand. */
#ifndef SMX_TESTS_APPLY_H
#define SMX_TESTS_APPLY_H

#include "call.h"
#include "rows.h"

/* Output number `output` (from 0) of the named function, given its inputs in their order; those that it lacks are null.
 * The call must succeed. */
row apply(const char *name, const smx_options *opt, int output, const row *a, const row *b, const row *c);

/* One mask, for one row. */
smx_options keeping(const uint8_t *keep);
smx_options scaled_by(const void *scale);

#endif
