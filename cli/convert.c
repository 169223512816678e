#include "convert.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "message.h"

static unsigned threads_to_use;

void convert_use_threads(unsigned threads) { threads_to_use = threads; }

#ifdef SMX_TENSORS
#include "smx/tensor.h"

static DLTensor tensor_of(npy_dtype dtype, const void *numbers, int64_t *shape) {
    uint8_t code = dtype == NPY_BF16 ? kDLBfloat : kDLFloat, bits = (uint8_t)(8 * npy_item_size(dtype));
    const union {
        const void *read;
        void *written;
    } either = {numbers}; /* DLPack has one type for both */
    return (DLTensor){
        .data = either.written, .device = {kDLCPU, 0}, .ndim = 1, .dtype = {code, bits, 1}, .shape = shape};
}

static bool convert_reals(const char *name, npy_dtype to_dtype, void *to, npy_dtype from_dtype, const void *from,
                          size_t count) {
    int64_t shape = (int64_t)count;
    const DLTensor source = tensor_of(from_dtype, from, &shape);
    DLTensor target = tensor_of(to_dtype, to, &shape);
    const smx_tensor_options options = {.size = sizeof options, .threads = threads_to_use};
    smx_status status = smx_tensor_copy(&source, &target, &options);
    if (status != SMX_OK)
        complain_status(name, status);
    return status == SMX_OK;
}
#else
static bool convert_reals(const char *name, npy_dtype to_dtype, void *to, npy_dtype from_dtype, const void *from,
                          size_t count) {
    (void)to;
    (void)from;
    (void)count;
    complain(name, "this build, without SMX_TENSORS, cannot convert %s to %s", npy_dtype_name(from_dtype),
             npy_dtype_name(to_dtype));
    return false;
}
#endif

static int64_t integer_at(npy_dtype dtype, const void *numbers, size_t i) {
    switch (dtype) {
    case NPY_I1:
        return ((const int8_t *)numbers)[i];
    case NPY_I2:
        return ((const int16_t *)numbers)[i];
    case NPY_I4:
        return ((const int32_t *)numbers)[i];
    case NPY_U1:
        return ((const uint8_t *)numbers)[i];
    case NPY_U2:
        return ((const uint16_t *)numbers)[i];
    case NPY_U4:
        return ((const uint32_t *)numbers)[i];
    default:
        return ((const int64_t *)numbers)[i]; /* of u8 too large to be given: negative */
    }
}

static bool convert_integers(const char *name, int64_t *to, npy_dtype dtype, const void *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = integer_at(dtype, from, i);
        if (dtype == NPY_U8 && to[i] < 0) {
            complain(name, "%" PRIu64 " is larger than any label or length, 2^63 - 1 at most", (uint64_t)to[i]);
            return false;
        }
    }
    return true;
}

bool convert(const char *name, npy_dtype to_dtype, void *to, npy_dtype from_dtype, const void *from, size_t count) {
    if (to_dtype == from_dtype) {
        memcpy(to, from, count * npy_item_size(to_dtype));
        return true;
    }
    if (to_dtype == NPY_I8)
        return convert_integers(name, to, from_dtype, from, count);
    return convert_reals(name, to_dtype, to, from_dtype, from, count);
}
