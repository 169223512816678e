/* The element types that tensors may have, and conversion between them. */
#ifndef SMX_TENSOR_DTYPE_H
#define SMX_TENSOR_DTYPE_H

#include "smx/tensor.h"

#include <stdbool.h>
#include <stddef.h>

enum dtype { DTYPE_F16, DTYPE_BF16, DTYPE_F32, DTYPE_F64, DTYPE_I32, DTYPE_I64, DTYPE_BOOL, DTYPE_U8, DTYPES };

/* Sets of them. */
enum {
    DTYPES_FLOAT = 1 << DTYPE_F16 | 1 << DTYPE_BF16 | 1 << DTYPE_F32 | 1 << DTYPE_F64,
    DTYPES_INTEGER = 1 << DTYPE_I32 | 1 << DTYPE_I64,
    DTYPES_FLAG = 1 << DTYPE_BOOL | 1 << DTYPE_U8
};

/* False if it is none of them. */
bool smx_dtype_of(DLDataType type, enum dtype *dtype);

size_t smx_dtype_size(enum dtype dtype);

/* Converts between two types of one set; floats are rounded once, as half.h says. Any alignment; no overlap. The caller
 * is in the library's floating-point environment. */
void smx_convert(size_t count, enum dtype from_type, const void *from, enum dtype to_type, void *to);

#endif
