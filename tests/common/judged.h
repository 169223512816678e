/* Golden cases made up by a test, run by the library and judged by MPFR (tests/reference/oracle_case.h). */
#ifndef SMX_TESTS_JUDGED_H
#define SMX_TESTS_JUDGED_H

#include <golden.h>

#include "check.h"
#include "fill.h"

/* A case of that type with its inputs in place, all zeros. */
golden_case judged_case(const dtype *t, golden_function function, size_t n);

/* Kinds of rows of logits: those of fill.h, nearly certain ones, ties, logsumexps near 0, large offsets. */
enum { JUDGED_X_KINDS = FILL_X_KINDS + 4 };
const char *judged_x_name(size_t kind);
void judged_x(const dtype *t, void *x, size_t n, size_t kind, rng *r);

/* Random policies for infinities. */
void judged_policies(golden_case *c, rng *r);

/* Options for a case: none, a scale, one of the masks, or all of them at once; a window and slopes; the same with a
 * softcap and a sink, where they are taken. What stands in a masked place is NaN. */
enum { JUDGED_OPTIONS = 8 };
const char *judged_options_name(size_t kind);
void judged_options(golden_case *c, size_t kind, rng *r);

/* Runs and judges the case, fails where an error is beyond its bound, and frees the case. */
void judged_check(golden_case *c);

/* Prints the largest error of each result of each function since the last call. */
void judged_print(void);

#endif
