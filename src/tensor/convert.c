#include "../base/arithmetic.h"

#include "convert.h"

#include "half.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* kDLBool of DLPack 0.8; Debian 12 has 0.6. */
#define CODE_BOOL 6

static const struct {
    uint8_t code, bits;
} types[DTYPES] = {
    [DTYPE_F16] = {kDLFloat, 16},  [DTYPE_BF16] = {kDLBfloat, 16}, [DTYPE_F32] = {kDLFloat, 32},
    [DTYPE_F64] = {kDLFloat, 64},  [DTYPE_I8] = {kDLInt, 8},       [DTYPE_I16] = {kDLInt, 16},
    [DTYPE_I32] = {kDLInt, 32},    [DTYPE_I64] = {kDLInt, 64},     [DTYPE_U8] = {kDLUInt, 8},
    [DTYPE_U16] = {kDLUInt, 16},   [DTYPE_U32] = {kDLUInt, 32},    [DTYPE_U64] = {kDLUInt, 64},
    [DTYPE_BOOL] = {CODE_BOOL, 8},
};

bool smx_dtype_of(DLDataType type, enum dtype *dtype) {
    for (int i = 0; i < DTYPES; i++) {
        if (type.code == types[i].code && type.bits == types[i].bits && type.lanes == 1) {
            *dtype = (enum dtype)i;
            return true;
        }
    }
    return false;
}

/* ---- Between f32 and f64 ---- */

static void f32_to_f64(size_t count, const unsigned char *restrict from, unsigned char *restrict to) {
    for (size_t i = 0; i < count; i++) {
        float a;
        memcpy(&a, from + i * sizeof a, sizeof a);
        double b = a == a ? (double)a : (double)NAN;
        memcpy(to + i * sizeof b, &b, sizeof b);
    }
}

static void f64_to_f32(size_t count, const unsigned char *restrict from, unsigned char *restrict to) {
    for (size_t i = 0; i < count; i++) {
        double a;
        memcpy(&a, from + i * sizeof a, sizeof a);
        float b = a == a ? (float)a : NAN;
        memcpy(to + i * sizeof b, &b, sizeof b);
    }
}

/* Rounds to odd: of the two floats around `a`, the one whose last bit is 1. A second rounding, to a type with two bits
 * less or fewer, is then the correct rounding of `a` (Boldo, Melquiond: Emulation of a FMA and correctly
 * rounded sums). */
static void f64_to_f32_odd(size_t count, const unsigned char *restrict from, unsigned char *restrict to) {
    for (size_t i = 0; i < count; i++) {
        double a;
        memcpy(&a, from + i * sizeof a, sizeof a);
        float b = a == a ? (float)a : NAN;
        uint32_t bits;
        memcpy(&bits, &b, sizeof bits);
        uint32_t inexact = (double)b < a || (double)b > a;
        uint32_t beyond = fabs((double)b) > fabs(a);
        bits += inexact & ~bits & 1 ? 1 - 2 * beyond : 0;
        memcpy(to + i * sizeof bits, &bits, sizeof bits);
    }
}

static void to_i64(size_t count, enum dtype type, const unsigned char *restrict from, unsigned char *restrict to) {
    for (size_t i = 0; i < count; i++) {
        int64_t a = integer_at(type, from, i);
        memcpy(to + i * sizeof a, &a, sizeof a);
    }
}

/* ---- Any to any ---- */

static bool is_half(enum dtype dtype) { return dtype == DTYPE_F16 || dtype == DTYPE_BF16; }

static void to_f32(size_t count, enum dtype type, const void *from, bool odd, void *to) {
    switch (type) {
    case DTYPE_F16:
        smx_half_functions()->f16_to_f32(count, from, to);
        break;
    case DTYPE_BF16:
        smx_half_functions()->bf16_to_f32(count, from, to);
        break;
    case DTYPE_F64:
        (odd ? f64_to_f32_odd : f64_to_f32)(count, from, to);
        break;
    default:
        memcpy(to, from, count * sizeof(float));
    }
}

static void from_f32(size_t count, const void *from, enum dtype type, void *to) {
    switch (type) {
    case DTYPE_F16:
        smx_half_functions()->f32_to_f16(count, from, to);
        break;
    case DTYPE_BF16:
        smx_half_functions()->f32_to_bf16(count, from, to);
        break;
    case DTYPE_F64:
        f32_to_f64(count, from, to);
        break;
    default:
        memcpy(to, from, count * sizeof(float));
    }
}

enum { CHUNK = 256 }; /* floats on the way between two other types */

void smx_convert(size_t count, enum dtype from_type, const void *from, enum dtype to_type, void *to) {
    size_t from_size = dtype_size(from_type), to_size = dtype_size(to_type);
    if (to_type == DTYPE_I64 && from_type != DTYPE_I64) {
        to_i64(count, from_type, from, to);
    } else if (from_type == to_type || (1 << from_type & DTYPES_FLAG) != 0) {
        memcpy(to, from, count * to_size);
    } else if (from_type == DTYPE_F32) {
        from_f32(count, from, to_type, to);
    } else if (to_type == DTYPE_F32) {
        to_f32(count, from_type, from, false, to);
    } else {
        float chunk[CHUNK];
        const unsigned char *f = from;
        unsigned char *t = to;
        for (size_t i = 0; i < count; i += CHUNK) {
            size_t n = count - i < CHUNK ? count - i : CHUNK;
            to_f32(n, from_type, f + i * from_size, is_half(to_type), chunk);
            from_f32(n, chunk, to_type, t + i * to_size);
        }
    }
}
