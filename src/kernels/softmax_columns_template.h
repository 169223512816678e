/* Softmax and log-softmax down columns: entry j of column c is at x[j * ldx + c]. Each lane has a column of its own, so
 * that memory is read as it lies. Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_COLUMNS_TEMPLATE_H
#define SMX_SOFTMAX_COLUMNS_TEMPLATE_H

#include "../attributes.h"
#include "../policy.h"

#include "column_template.h"
#include "columns_buffered_template.h"
#include "columns_in_place_template.h"

/* How many of the columns go together. */
static inline size_t columns_together(size_t columns, size_t n) {
    size_t vectors = columns / V_LANES, most = n > COLUMNS_BUFFERED_MOST ? COLUMNS_IN_PLACE_VECTORS : LINE_VECTORS;
    vectors = vectors < most ? vectors : most;
    return vectors == 0 ? columns : vectors * V_LANES;
}

NOT_INLINE static bool softmax_columns_buffered(size_t columns, size_t n, const real *x, size_t ldx, real *y,
                                                size_t ldy, uintptr_t next) {
    return columns_buffered_some(false, columns, n, x, ldx, y, ldy, next);
}

NOT_INLINE static bool softmax_columns_in_place(size_t columns, size_t n, const real *x, size_t ldx, real *y,
                                                size_t ldy, uintptr_t next) {
    (void)next;
    return columns_in_place_some(false, columns, n, x, ldx, y, ldy);
}

NOT_INLINE static bool log_softmax_columns_buffered(size_t columns, size_t n, const real *x, size_t ldx, real *y,
                                                    size_t ldy, uintptr_t next) {
    return columns_buffered_some(true, columns, n, x, ldx, y, ldy, next);
}

NOT_INLINE static bool log_softmax_columns_in_place(size_t columns, size_t n, const real *x, size_t ldx, real *y,
                                                    size_t ldy, uintptr_t next) {
    (void)next;
    return columns_in_place_some(true, columns, n, x, ldx, y, ldy);
}

typedef bool (*columns_function)(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                 uintptr_t next);
typedef void (*column_function)(size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy);

static void all_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy,
                        columns_function group, column_function column) {
    for (size_t c = 0; c < columns;) {
        const real *from = x + c;
        size_t left = columns - c, some = columns_together(left, n);
        uintptr_t next = some < left ? (uintptr_t)(from + some) + LAST_BYTE : (uintptr_t)x + n * ldx * sizeof(real);
        if (!group(some, n, from, ldx, y + c, ldy, next)) {
            some = left < V_LANES ? left : V_LANES;
            if (!group(some, n, from, ldx, y + c, ldy, next)) {
                for (size_t i = 0; i < some; i++) {
                    column(n, from + i, ldx, y + c + i, ldy, policy);
                }
            }
        }
        c += some;
    }
}

static void softmax_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                            struct policy policy) {
    all_columns(columns, n, x, ldx, y, ldy, policy,
                n > COLUMNS_BUFFERED_MOST ? softmax_columns_in_place : softmax_columns_buffered, softmax_column);
}

static void log_softmax_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                struct policy policy) {
    all_columns(columns, n, x, ldx, y, ldy, policy,
                n > COLUMNS_BUFFERED_MOST ? log_softmax_columns_in_place : log_softmax_columns_buffered,
                log_softmax_column);
}

#endif
