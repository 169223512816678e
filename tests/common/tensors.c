#include "tensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

const char *const element_names[ELEMENTS] = {"f16", "bf16", "f32", "f64", "i8",  "i16", "i32",
                                             "i64", "u8",   "u16", "u32", "u64", "bool"};

enum { DLPACK_BOOL = 6 }; /* kDLBool of later versions */

static const struct {
    uint8_t code, bits;
} types[ELEMENTS] = {{kDLFloat, 16}, {kDLBfloat, 16}, {kDLFloat, 32},  {kDLFloat, 64}, {kDLInt, 8},
                     {kDLInt, 16},   {kDLInt, 32},    {kDLInt, 64},    {kDLUInt, 8},   {kDLUInt, 16},
                     {kDLUInt, 32},  {kDLUInt, 64},   {DLPACK_BOOL, 8}};

/* Binary formats: bits of a significand, and exponents of the smallest and the largest normal number's leading bit. */
static const struct {
    int precision, least, most;
} formats[ELEMENTS_FLOAT] = {{11, -14, 15}, {8, -126, 127}, {24, -126, 127}, {53, -1022, 1023}};

size_t element_size(element e) { return types[e].bits / 8; }

DLDataType element_type(element e) {
    DLDataType type = {types[e].code, types[e].bits, 1};
    return type;
}

uint64_t element_rounded(element e, double value) {
    int precision = formats[e].precision, least = formats[e].least;
    int bits = types[e].bits;
    uint64_t infinity = (((uint64_t)1 << (bits - precision)) - 1) << (precision - 1);
    if (isnan(value)) {
        return infinity | (uint64_t)1 << (precision - 2);
    }
    uint64_t sign = (uint64_t)(signbit(value) != 0) << (bits - 1);
    double a = fabs(value);
    if (isinf(a) || a == 0) {
        return sign | (a == 0 ? 0 : infinity);
    }
    int exponent = ilogb(a) > least ? ilogb(a) : least;
    double units = nearbyint(ldexp(a, precision - 1 - exponent)); /* 2^precision: the next exponent, by itself */
    if (units == ldexp(1, precision)) {
        units /= 2;
        exponent++;
    }
    uint64_t biased = units >= ldexp(1, precision - 1) ? (uint64_t)(exponent - least) : 0;
    uint64_t magnitude = biased * ((uint64_t)1 << (precision - 1)) + (uint64_t)units;
    return sign | (exponent > formats[e].most ? infinity : magnitude);
}

double element_value(element e, uint64_t bits) {
    int precision = formats[e].precision;
    uint64_t sign = bits >> (types[e].bits - 1) & 1, magnitude = bits & (((uint64_t)1 << (types[e].bits - 1)) - 1);
    uint64_t fraction = magnitude & (((uint64_t)1 << (precision - 1)) - 1);
    int biased = (int)(magnitude >> (precision - 1)), last = formats[e].most - formats[e].least + 2;
    double a;
    if (biased == last) {
        a = fraction ? NAN : INFINITY;
    } else if (biased == 0) {
        a = ldexp((double)fraction, formats[e].least - precision + 1);
    } else {
        a = ldexp((double)(fraction | (uint64_t)1 << (precision - 1)), formats[e].least + biased - precision);
    }
    return sign ? -a : a;
}

/* ---- Layouts ---- */

/* Strides, in elements, for dimensions laid out in that order, the last one densest. Returns the elements they span. */
static size_t choose_strides(tensor *t, const size_t *order, int layout, rng *r) {
    size_t span = 1;
    for (int i = t->dl.ndim - 1; i >= 0; i--) {
        size_t d = order[i], extent = (size_t)t->shape[d];
        size_t stride = span + (layout & LAYOUT_GAPS && rng_below(r, 2) ? rng_below(r, 4) : 0);
        t->strides[d] = (int64_t)stride;
        span = extent > 1 ? (extent - 1) * stride + span : span;
    }
    return span;
}

tensor tensor_new(element e, int ndim, const int64_t *shape, int layout, rng *r) {
    tensor t;
    memset(&t, 0, sizeof t);
    assert_in_range(ndim, 0, TENSOR_NDIM_MAX);
    t.e = e;
    for (int d = 0; d < ndim; d++) {
        t.shape[d] = shape[d];
    }
    t.dl.ndim = ndim;
    t.dl.dtype = element_type(e);
    t.dl.device.device_type = kDLCPU;
    size_t order[TENSOR_NDIM_MAX] = {0, 1, 2, 3, 4, 5, 6}, size = element_size(e);
    if (layout & LAYOUT_PERMUTED) {
        rng_permutation(r, (size_t)ndim, order);
    }
    size_t span = choose_strides(&t, order, layout, r), before = size * rng_below(r, 3);
    if (layout & LAYOUT_MISALIGNED && size > 1) {
        before += 1 + rng_below(r, size - 1);
    }
    t.bytes = before + span * size + 16;
    t.memory = malloc(t.bytes);
    assert_non_null(t.memory);
    fill_canary(t.memory, t.bytes);
    t.dl.data = t.memory;
    for (int d = 0; d < ndim; d++) {
        if (layout & LAYOUT_NEGATIVE && t.shape[d] > 1 && rng_below(r, 2)) {
            before += (size_t)((t.shape[d] - 1) * t.strides[d]) * size;
            t.strides[d] = -t.strides[d];
        }
    }
    t.dl.byte_offset = before;
    return t;
}

void tensor_free(tensor *t) { free(t->memory); }

/* Only now, as t may have been copied since it was made. */
DLTensor *tensor_dl(tensor *t) {
    t->dl.shape = t->shape;
    t->dl.strides = t->strides;
    return &t->dl;
}

size_t tensor_elements(const tensor *t) {
    size_t product = 1;
    for (int d = 0; d < t->dl.ndim; d++) {
        product *= (size_t)t->shape[d];
    }
    return product;
}

static unsigned char *element_at(const tensor *t, size_t k) {
    ptrdiff_t offset = 0;
    for (int d = t->dl.ndim - 1; d >= 0; d--) {
        offset += (ptrdiff_t)(k % (size_t)t->shape[d]) * (ptrdiff_t)t->strides[d];
        k /= (size_t)t->shape[d];
    }
    return t->memory + t->dl.byte_offset + offset * (ptrdiff_t)element_size(t->e);
}

uint64_t tensor_bits(const tensor *t, size_t k) {
    const unsigned char *at = element_at(t, k);
    uint64_t bits = 0;
    for (size_t i = 0; i < element_size(t->e); i++) {
        bits |= (uint64_t)at[i] << 8 * i;
    }
    return bits;
}

void tensor_set_bits(tensor *t, size_t k, uint64_t bits) {
    unsigned char *at = element_at(t, k);
    for (size_t i = 0; i < element_size(t->e); i++) {
        at[i] = (unsigned char)(bits >> 8 * i);
    }
}

double tensor_get(const tensor *t, size_t k) {
    uint64_t bits = tensor_bits(t, k);
    if (t->e < ELEMENTS_FLOAT) {
        return element_value(t->e, bits);
    }
    uint64_t sign = t->e <= I64 ? (uint64_t)1 << (8 * element_size(t->e) - 1) : 0;
    return (bits & sign) != 0 ? (double)(int64_t)(bits | (0 - sign)) : (double)bits;
}

void tensor_set(tensor *t, size_t k, double value) {
    tensor_set_bits(t, k, t->e < ELEMENTS_FLOAT ? element_rounded(t->e, value) : (uint64_t)(int64_t)value);
}

void tensor_check_gaps(const tensor *t) {
    unsigned char *inside = calloc(t->bytes, 1);
    assert_non_null(inside);
    for (size_t k = 0; k < tensor_elements(t); k++) {
        memset(inside + (element_at(t, k) - t->memory), 1, element_size(t->e));
    }
    for (size_t i = 0; i < t->bytes; i++) {
        if (!inside[i]) {
            assert_canary(t->memory + i, 1);
        }
    }
    free(inside);
}

size_t broadcast_element(const tensor *t, int ndim, const int64_t *shape, size_t k) {
    size_t found = 0, step = 1;
    for (int d = ndim - 1, own = t->dl.ndim - 1; d >= 0; d--, own--) {
        size_t i = k % (size_t)shape[d];
        k /= (size_t)shape[d];
        if (own >= 0) {
            found += t->shape[own] == 1 ? 0 : i * step;
            step *= (size_t)t->shape[own];
        }
    }
    return found;
}
