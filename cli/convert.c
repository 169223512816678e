#include "convert.h"

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
    return convert_reals(name, to_dtype, to, from_dtype, from, count);
}
