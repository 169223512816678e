/* What the public functions share: each checks its arguments, then hands rows, or parts of a row, to threads. */
#ifndef SMX_API_COMMON_H
#define SMX_API_COMMON_H

#include "../cpu.h"
#include "../dispatch.h"
#include "../exact_sum.h"
#include "../float_env.h"
#include "../matrix.h"
#include "../parallel.h"
#include "../refused.h"
#include "smx/smx.h"

#include <math.h>
#include <string.h>

/* A row is cut into at most this many parts: their statistics stand on the stack. */
#define PARTS_MAX ((size_t)64)

/* Options, then the kernels in use. An environment that makes no sense is refused even where nothing would depend on
 * it. */
static inline smx_status begin(const smx_options *opt, struct settings *settings,
                               const struct NAME(smx_kernels) * *kernels) {
    smx_status status = smx_settings(opt, settings);
    if (status != SMX_OK) {
        return status;
    }
    *kernels = NAME(smx_kernels_in_use)();
    return *kernels == NULL ? smx_no_kernels() : SMX_OK;
}

/* The same for functions that take neither scale nor masks. */
static inline smx_status begin_plain(const smx_options *opt, struct settings *settings,
                                     const struct NAME(smx_kernels) * *kernels) {
    smx_status status = begin(opt, settings, kernels);
    return status == SMX_OK && !settings_plain(settings) ? smx_refuse(SMX_ERROR_OPTION, smx_settings_first(settings))
                                                         : status;
}

static inline struct matrix matrix_of(const real *data, size_t rows, size_t n, size_t stride, const char *name,
                                      const char *stride_name) {
    struct matrix a = {data, rows, n, stride, sizeof(real), name, stride_name};
    return a;
}

/* The checks that concern one matrix. */
static inline smx_status check_matrix(const struct matrix *a) {
    if (!matrix_strides(a)) {
        return smx_refuse(SMX_ERROR_STRIDE, a->stride_name);
    }
    if (!matrix_fits(a)) {
        return smx_refuse(SMX_ERROR_SIZE, a->name);
    }
    return a->data == NULL ? smx_refuse(SMX_ERROR_NULL, a->name) : SMX_OK;
}

/* An output must not share an element with another array. */
static inline smx_status check_apart(const struct matrix *out, const struct matrix *other) {
    return matrix_overlap(out, other) ? smx_refuse(SMX_ERROR_OVERLAP, out->name) : SMX_OK;
}

/* But it may be an input itself. */
static inline smx_status check_output(const struct matrix *out, const struct matrix *in) {
    return matrix_same(out, in) ? SMX_OK : check_apart(out, in);
}

/* Whether `out` is best written past the caches: it is not there yet, as in place it is, and will not stay, as what is
 * read takes as much room. AVX2, Zen 3: log-softmax of 8192 x 1024 is 1.25 times as fast, whose y is as large as the
 * cache. Such stores trap at addresses that are no multiple of an element's size; others do not. */
static inline bool bypasses_cache(const struct matrix *out, const struct matrix *in) {
    return out->rows * out->n * out->size > smx_cpu_cache_bytes() / 2 && out->data != in->data &&
           (uintptr_t)out->data % out->size == 0;
}

/* A row in contiguous parts of equal length, but for the last: whole cache lines, so that no two threads share one. */
struct span {
    size_t from, n;
};

static inline struct span part_of(size_t n, size_t parts, size_t i) {
    size_t length = (n / parts + 63) / 64 * 64;
    struct span span = {i * length < n ? i * length : n, 0};
    span.n = i == parts - 1 || n - span.from < length ? n - span.from : length;
    return span;
}

/* The i-th of `pieces` runs of `count` things, as even as can be. */
static inline struct span piece_of(size_t count, size_t pieces, size_t i) {
    size_t each = count / pieces, more = count % pieces;
    struct span span = {i * each + (i < more ? i : more), each + (i < more ? 1 : 0)};
    return span;
}

/* Few long rows are cut into parts; in how many, or 1. */
static inline size_t parts_of_row(const struct settings *settings, size_t rows, size_t n) {
    size_t by_rows = smx_pieces(settings, rows, n), by_parts = smx_pieces(settings, n, 1);
    if (by_parts > PARTS_MAX) {
        by_parts = PARTS_MAX;
    }
    return by_rows < by_parts ? by_parts : 1;
}

/* A number's place among all of its type, as an integer: -0 is +0, NaN lies beyond the infinities. Comparing floats out
 * here could set the caller's exception flags. */
static inline int64_t place_of(real a) {
    real_integer bits;
    memcpy(&bits, &a, sizeof bits);
    return bits >= 0 ? bits : REAL_INTEGER_MIN - bits;
}

static inline bool is_nan(real a) {
    real infinity = (real)INFINITY;
    return place_of(a) > place_of(infinity) || place_of(a) < -place_of(infinity);
}

/* NaN only in the canonical way, and not -0. */
static inline real clean(real a) { return is_nan(a) ? (real)NAN : a + 0; }

/* An exact sum as a real, correctly rounded. */
static inline real real_of_sum(struct pair sum) {
    return clean((real)(sizeof(real) < sizeof(double) ? rounded_to_odd(sum) : sum.high));
}

static inline bool sums_are_zero(const int64_t a[4]) { return a[0] == 0 && a[1] == 0 && a[2] == 0 && a[3] == 0; }

static inline void add_sums(int64_t into[4], const int64_t from[4]) {
    for (int k = 0; k < 4; k++) {
        into[k] += from[k];
    }
}

#endif
