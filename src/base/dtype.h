/* The element types of arrays: those that the row functions compute in, and those that tensors and labels may have. */
#ifndef SMX_DTYPE_H
#define SMX_DTYPE_H

#include "attributes.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum dtype {
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_F32,
    DTYPE_F64,
    DTYPE_I8,
    DTYPE_I16,
    DTYPE_I32,
    DTYPE_I64,
    DTYPE_U8,
    DTYPE_U16,
    DTYPE_U32,
    DTYPE_U64,
    DTYPE_BOOL,
    DTYPES
};

/* Sets of them. */
enum {
    DTYPES_FLOAT = 1 << DTYPE_F16 | 1 << DTYPE_BF16 | 1 << DTYPE_F32 | 1 << DTYPE_F64,
    DTYPES_INTEGER = 1 << DTYPE_I8 | 1 << DTYPE_I16 | 1 << DTYPE_I32 | 1 << DTYPE_I64 | 1 << DTYPE_U8 | 1 << DTYPE_U16 |
                     1 << DTYPE_U32 | 1 << DTYPE_U64,
    DTYPES_FLAG = 1 << DTYPE_BOOL | 1 << DTYPE_U8
};

/* In bytes. */
static inline size_t dtype_size(enum dtype type) {
    static const unsigned char sizes[DTYPES] = {
        [DTYPE_F16] = 2, [DTYPE_BF16] = 2, [DTYPE_F32] = 4,  [DTYPE_F64] = 8, [DTYPE_I8] = 1,
        [DTYPE_I16] = 2, [DTYPE_I32] = 4,  [DTYPE_I64] = 8,  [DTYPE_U8] = 1,  [DTYPE_U16] = 2,
        [DTYPE_U32] = 4, [DTYPE_U64] = 8,  [DTYPE_BOOL] = 1,
    };
    return sizes[type];
}

/* Element i of an array of integers, at any address; of the rarer types. */
#define INTEGER_AT(type)                                          \
    do {                                                          \
        type a;                                                   \
        memcpy(&a, (const char *)array + i * sizeof a, sizeof a); \
        return (int64_t)a;                                        \
    } while (0)
NOT_INLINE static int64_t rare_integer_at(enum dtype type, const void *array, size_t i) {
    switch (type) {
    case DTYPE_I8:
        INTEGER_AT(int8_t);
    case DTYPE_I16:
        INTEGER_AT(int16_t);
    case DTYPE_U8:
        INTEGER_AT(uint8_t);
    case DTYPE_U16:
        INTEGER_AT(uint16_t);
    case DTYPE_U32:
        INTEGER_AT(uint32_t);
    default: /* uint64_t: beyond INT64_MAX it is what its bits are with a sign, negative */
        INTEGER_AT(int64_t);
    }
}

/* The same of all types of DTYPES_INTEGER. */
static inline int64_t integer_at(enum dtype type, const void *array, size_t i) {
    if (type == DTYPE_I64) {
        INTEGER_AT(int64_t);
    }
    if (type == DTYPE_I32) {
        INTEGER_AT(int32_t);
    }
    return rare_integer_at(type, array, i);
}
#undef INTEGER_AT

#endif
