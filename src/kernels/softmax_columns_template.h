/* Softmax and log-softmax down columns: entry j of column i is at x[j * ldx + i]. Each lane has a column of its own, so
 * that memory is read as it lies. Columns go through a buffer (columns_buffered_template.h) or, if they are long, stay
 * in place (columns_in_place_template.h); what neither can handle goes column by column (column_template.h).
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_COLUMNS_TEMPLATE_H
#define SMX_SOFTMAX_COLUMNS_TEMPLATE_H

#include "../base/attributes.h"
#include "../options/policy.h"

#include "column_template.h"
#include "columns_buffered_template.h"
#include "columns_in_place_template.h"

/* How many of the columns go together. */
static inline size_t columns_together(size_t columns, size_t n) {
    size_t vectors = columns / V_LANES, most = n > COLUMNS_BUFFERED_MOST ? COLUMNS_IN_PLACE_VECTORS : LINE_VECTORS;
    vectors = vectors < most ? vectors : most;
    return vectors == 0 ? columns : vectors * V_LANES;
}

/* The ways of going down columns are functions of their own, not inlined: clang would give all of them room on the
 * stack at once. */
NOT_INLINE static bool softmax_columns_buffered(size_t columns, const struct columns *c, uintptr_t next) {
    return columns_buffered_some(false, columns, c, next);
}

NOT_INLINE static bool softmax_columns_in_place(size_t columns, const struct columns *c, uintptr_t next) {
    (void)next;
    return columns_in_place_some(false, columns, c);
}

NOT_INLINE static bool log_softmax_columns_buffered(size_t columns, const struct columns *c, uintptr_t next) {
    return columns_buffered_some(true, columns, c, next);
}

NOT_INLINE static bool log_softmax_columns_in_place(size_t columns, const struct columns *c, uintptr_t next) {
    (void)next;
    return columns_in_place_some(true, columns, c);
}

/* The functions of softmax or log-softmax: of some columns together, which may refuse, and of one. */
struct column_functions {
    bool (*some)(size_t columns, const struct columns *c, uintptr_t next);
    void (*one)(const struct columns *c, struct policy policy);
};

/* Some columns together at a time. If one of them is special, fewer are tried, and then each alone. */
static void all_columns(size_t columns, const struct columns *all, struct policy policy, struct column_functions f) {
    for (size_t i = 0; i < columns;) {
        struct columns c = {all->n, all->x + i, all->ldx, all->y + i, all->ldy};
        size_t left = columns - i, some = columns_together(left, c.n);
        uintptr_t next =
            some < left ? (uintptr_t)(c.x + some) + LAST_BYTE : (uintptr_t)all->x + c.n * c.ldx * sizeof(real);
        if (!f.some(some, &c, next)) {
            some = left < V_LANES ? left : V_LANES;
            if (!f.some(some, &c, next)) {
                for (size_t k = 0; k < some; k++, c.x++, c.y++) {
                    f.one(&c, policy);
                }
            }
        }
        i += some;
    }
}

/* Softmax of each column; bits and errors are those of softmax_rows of the transposed matrix. In place allowed. */
NOT_INLINE static void softmax_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                       struct policy policy) {
    struct columns all = {.n = n, .x = x, .ldx = ldx, .ldy = ldy};
    all.y = y; /* in the list, clang-tidy would take it for a pointer to const */
    const struct column_functions buffered = {softmax_columns_buffered, softmax_column};
    const struct column_functions in_place = {softmax_columns_in_place, softmax_column};
    all_columns(columns, &all, policy, n > COLUMNS_BUFFERED_MOST ? in_place : buffered);
}

/* Log-softmax of each column; bits and errors are those of log_softmax_rows of the transposed matrix. In place
 * allowed. */
NOT_INLINE static void log_softmax_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                           struct policy policy) {
    struct columns all = {.n = n, .x = x, .ldx = ldx, .ldy = ldy};
    all.y = y; /* in the list, clang-tidy would take it for a pointer to const */
    const struct column_functions buffered = {log_softmax_columns_buffered, log_softmax_column};
    const struct column_functions in_place = {log_softmax_columns_in_place, log_softmax_column};
    all_columns(columns, &all, policy, n > COLUMNS_BUFFERED_MOST ? in_place : buffered);
}

#endif
