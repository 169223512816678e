/* The element types of arrays: those that the row functions compute in, and those that tensors and labels may have. */
#ifndef SMX_DTYPE_H
#define SMX_DTYPE_H

#include <stddef.h>

enum dtype { DTYPE_F16, DTYPE_BF16, DTYPE_F32, DTYPE_F64, DTYPE_I32, DTYPE_I64, DTYPE_BOOL, DTYPE_U8, DTYPES };

/* Sets of them. */
enum {
    DTYPES_FLOAT = 1 << DTYPE_F16 | 1 << DTYPE_BF16 | 1 << DTYPE_F32 | 1 << DTYPE_F64,
    DTYPES_INTEGER = 1 << DTYPE_I32 | 1 << DTYPE_I64,
    DTYPES_FLAG = 1 << DTYPE_BOOL | 1 << DTYPE_U8
};

/* In bytes. */
static inline size_t dtype_size(enum dtype dtype) {
    static const unsigned char sizes[DTYPES] = {
        [DTYPE_F16] = 2, [DTYPE_BF16] = 2, [DTYPE_F32] = 4,  [DTYPE_F64] = 8,
        [DTYPE_I32] = 4, [DTYPE_I64] = 8,  [DTYPE_BOOL] = 1, [DTYPE_U8] = 1,
    };
    return sizes[dtype];
}

#endif
