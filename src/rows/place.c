#include "../base/arithmetic.h"

#include "place.h"

#include <string.h>

int64_t smx_place(enum dtype real, const void *array, size_t i) {
    if (real == DTYPE_F64) {
        int64_t bits;
        memcpy(&bits, (const char *)array + i * sizeof bits, sizeof bits);
        return bits >= 0 ? bits : INT64_MIN - bits;
    }
    int32_t bits;
    memcpy(&bits, (const char *)array + i * sizeof bits, sizeof bits);
    return bits >= 0 ? bits : (int64_t)INT32_MIN - bits;
}

int64_t smx_place_of(enum dtype real, double value) {
    if (real == DTYPE_F64) {
        return smx_place(real, &value, 0);
    }
    float narrow = (float)value; /* only here: of DBL_MAX it would raise the caller's flag of overflow */
    return smx_place(real, &narrow, 0);
}

bool smx_between(enum dtype real, const void *array, size_t i, double low, double high) {
    int64_t place = smx_place(real, array, i);
    return smx_place_of(real, low) <= place && place <= smx_place_of(real, high);
}
