#include "thresholds.h"

#include <assert.h>
#include <stdlib.h>

#include "../../include/smx/smx.h"
#include "../../src/isa/dispatch.h"
#include "isas.h"

enum { MOST = 512 };

typedef struct list {
    size_t count, value[MOST];
} list;

static void add(list *l, size_t value) {
    for (size_t i = 0; i < l->count; i++) {
        if (l->value[i] == value) {
            return;
        }
    }
    assert(l->count < MOST);
    l->value[l->count++] = value;
}

static void add_with_neighbours(list *l, size_t value) {
    if (value > 1) {
        add(l, value - 1);
    }
    add(l, value);
    add(l, value + 1);
}

static void add_all(list *l, size_t (*threshold)(size_t)) {
    for (size_t i = 0; threshold(i) != 0; i++) {
        add_with_neighbours(l, threshold(i));
    }
}

static int ascending(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Asks each instruction set's kernels; the one in use stays. */
static void collect(list *lengths, list *rows) {
    const char *in_use = smx_isa();
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        add_all(lengths, smx_kernels_in_use(DTYPE_F32)->threshold_of_n);
        add_all(lengths, smx_kernels_in_use(DTYPE_F64)->threshold_of_n);
        add_all(rows, smx_kernels_in_use(DTYPE_F32)->threshold_of_rows);
        add_all(rows, smx_kernels_in_use(DTYPE_F64)->threshold_of_rows);
    }
    use_isa(in_use);
    qsort(lengths->value, lengths->count, sizeof *lengths->value, ascending);
    qsort(rows->value, rows->count, sizeof *rows->value, ascending);
}

static list all_lengths, all_rows;

static const list *collected(const list *wanted) {
    if (all_lengths.count == 0) {
        collect(&all_lengths, &all_rows);
    }
    return wanted;
}

size_t threshold_length(size_t i) {
    const list *l = collected(&all_lengths);
    return i < l->count ? l->value[i] : 0;
}

size_t threshold_rows(size_t i) {
    const list *l = collected(&all_rows);
    return i < l->count ? l->value[i] : 0;
}
