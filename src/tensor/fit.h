/* Tensors against the shape of a call: where, for each row, an argument lies. */
#ifndef SMX_TENSOR_FIT_H
#define SMX_TENSOR_FIT_H

#include "axes.h"
#include "call.h"

/* What a tensor and the form of its rows say of an operand; the strides are still to come. */
void smx_operand_fill(const struct view *view, enum form form, size_t n, struct operand *operand);

/* Strides of a tensor along the dimensions of the call's rows and, of a vector, along the axes; numpy's rules where
 * `broadcast`: from the last dimension backwards, an extent of 1 or no dimension goes with any. False if it does not
 * fit. */
bool smx_fit(const struct view *view, const struct view *x, const struct axes *axes, bool vector, bool broadcast,
             struct operand *operand);

/* All that the argument's description asks for; but not yet the dimension that some vectors a row have more. */
bool smx_fit_argument(const struct argument *argument, const struct view *view, const struct view *x,
                      const struct axes *axes, size_t n, struct operand *operand);

#endif
