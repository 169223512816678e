#include "convert.h"

#include <stdint.h>
#include <string.h>

#include "message.h"

bool convert(const char *name, npy_dtype to_dtype, void *to, npy_dtype from_dtype, const void *from, size_t count) {
    if (to_dtype == from_dtype) {
        memcpy(to, from, count * npy_item_size(to_dtype));
        return true;
    }
    if (from_dtype == NPY_I4 && to_dtype == NPY_I8) {
        for (size_t i = 0; i < count; i++)
            ((int64_t *)to)[i] = ((const int32_t *)from)[i];
        return true;
    }
    if (from_dtype == NPY_F4 && to_dtype == NPY_F8) {
        for (size_t i = 0; i < count; i++)
            ((double *)to)[i] = (double)((const float *)from)[i];
        return true;
    }
    if (from_dtype == NPY_F8 && to_dtype == NPY_F4) {
        for (size_t i = 0; i < count; i++)
            ((float *)to)[i] = (float)((const double *)from)[i];
        return true;
    }
    complain(name, "dtype %s cannot be converted to %s", npy_dtype_name(from_dtype), npy_dtype_name(to_dtype));
    return false;
}
