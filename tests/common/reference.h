/* docs/bits.md once more, line by line and for one row: written from that page and not from the library's sources, for
 * reading and not for speed. Names are those of the page. The caller's rounding mode must be to nearest. */
#ifndef SMX_TESTS_REFERENCE_H
#define SMX_TESTS_REFERENCE_H

#include <stddef.h>

#include "../../include/smx/smx.h"

/* n >= 1. x, y, g and the results do not overlap. J is n x n. */
void reference_softmax_f32(size_t n, const float *x, float *y, smx_plus_inf plus_inf, smx_minus_inf_row minus_inf_row);
void reference_softmax_f64(size_t n, const double *x, double *y, smx_plus_inf plus_inf,
                           smx_minus_inf_row minus_inf_row);

void reference_backward_f32(size_t n, const float *y, const float *g, float *dx);
void reference_backward_f64(size_t n, const double *y, const double *g, double *dx);

void reference_jacobian_f32(size_t n, const float *y, float *J);
void reference_jacobian_f64(size_t n, const double *y, double *J);

#endif
