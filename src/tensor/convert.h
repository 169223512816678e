/* The element types of tensors, and conversion between them. */
#ifndef SMX_TENSOR_CONVERT_H
#define SMX_TENSOR_CONVERT_H

#include "../base/dtype.h"
#include "smx/tensor.h"

#include <stdbool.h>

/* False if it is none of them. */
bool smx_dtype_of(DLDataType type, enum dtype *dtype);

/* Converts between two types of one set; floats are rounded once, as half.h says. Any alignment; no overlap. The caller
 * is in the library's floating-point environment. */
void smx_convert(size_t count, enum dtype from_type, const void *from, enum dtype to_type, void *to);

#endif
