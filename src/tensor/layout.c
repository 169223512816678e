#include "../base/arithmetic.h"

#include "layout.h"

#include "sizes.h"

#include <string.h>

static void move_dimension(struct call *c, int from, int to) {
    c->shape[to] = c->shape[from];
    for (int i = 0; i < c->operands; i++) {
        c->operand[i].row[to] = c->operand[i].row[from];
    }
}

static void swap_dimensions(struct call *c, int a, int b) {
    size_t extent = c->shape[a];
    c->shape[a] = c->shape[b];
    c->shape[b] = extent;
    for (int i = 0; i < c->operands; i++) {
        ptrdiff_t row = c->operand[i].row[a];
        c->operand[i].row[a] = c->operand[i].row[b];
        c->operand[i].row[b] = row;
    }
}

/* How far a step along a dimension leads, over all arguments. */
static size_t step(const struct call *c, int d) {
    size_t sum = 0;
    for (int i = OPERANDS_OF_OPTIONS; i < c->operands; i++) {
        ptrdiff_t row = c->operand[i].row[d];
        if (c->operand[i].given) {
            sum += smaller((size_t)(row < 0 ? -row : row), SIZE_MAX - sum);
        }
    }
    return sum;
}

/* What follows works on `count` dimensions from `first` on, and returns how many are left. */

static int without_ones(struct call *c, int first, int count) {
    int kept = first;
    for (int d = first; d < first + count; d++) {
        if (c->shape[d] != 1) {
            move_dimension(c, d, kept++);
        }
    }
    return kept - first;
}

static int sorted(struct call *c, int first, int count) {
    for (int d = first + 1; d < first + count; d++) {
        for (int k = d; k > first && step(c, k - 1) < step(c, k); k--) {
            swap_dimensions(c, k - 1, k);
        }
    }
    return count;
}

/* Whether a step along dimension `d` is as many steps along `inner` as that has. */
static bool operand_continues(const struct call *c, const struct operand *o, int d, int inner) {
    return o->row[d] == o->row[inner] * (ptrdiff_t)c->shape[inner];
}

static bool all_continue(const struct call *c, int operand, int d, int inner) {
    for (; operand < c->operands; operand++) {
        if (c->operand[operand].given && !operand_continues(c, &c->operand[operand], d, inner)) {
            return false;
        }
    }
    return true;
}

/* Where all operands from `operand` on allow it. */
static int coalesced(struct call *c, int operand, int first, int count) {
    int kept = first;
    for (int d = first + 1; d < first + count; d++) {
        if (all_continue(c, operand, kept, d)) {
            size_t outer = c->shape[kept];
            move_dimension(c, d, kept);
            c->shape[kept] *= outer;
        } else {
            move_dimension(c, d, ++kept);
        }
    }
    return count == 0 ? 0 : kept - first + 1;
}

void smx_layout_sort(struct call *c) { c->ndim = sorted(c, 0, without_ones(c, 0, c->ndim)); }

void smx_layout_coalesce(struct call *c, bool with_options) {
    c->ndim = coalesced(c, with_options ? 0 : OPERANDS_OF_OPTIONS, 0, c->ndim);
    if (c->ndim == 0) {
        c->shape[0] = 1;
        for (int i = 0; i < c->operands; i++) {
            c->operand[i].row[0] = 0;
        }
        c->ndim = 1;
    }
}

/* Labels, the place of the largest entry, class weights, a matrix: each goes by the number of an entry. */
static bool entries_are_counted(const struct call *c) {
    for (int i = OPERANDS_OF_OPTIONS; i < c->operands; i++) {
        const struct operand *o = &c->operand[i];
        if (o->given && (o->form == FORM_CLASSES || o->form == FORM_MATRIX || o->work == DTYPE_I64)) {
            return true;
        }
    }
    return false;
}

void smx_layout_within(struct call *c) {
    if (c->within < 2) {
        return;
    }
    int first = c->first_within, count = without_ones(c, first, c->within);
    if (!entries_are_counted(c)) {
        count = sorted(c, first, count);
    }
    count = c->within = coalesced(c, 0, first, count);
    for (int i = 0; i < c->operands; i++) {
        struct operand *o = &c->operand[i];
        if (!o->given || (o->form != FORM_ROW && o->form != FORM_VECTORS)) {
            continue;
        }
        o->stride[1] = count == 0 ? 0 : o->row[first + count - 1];
        for (int d = first + 1; d < first + count; d++) {
            o->scattered = o->scattered || !operand_continues(c, o, d - 1, d);
        }
    }
}

size_t smx_layout_index(const struct call *c, size_t row, size_t index[DIMENSIONS_MAX]) {
    for (int d = c->ndim - 1; d > 0; d--) {
        index[d] = row % c->shape[d];
        row /= c->shape[d];
    }
    index[0] = row;
    return c->shape[c->ndim - 1] - index[c->ndim - 1];
}

ptrdiff_t smx_layout_offset(const struct call *c, const struct operand *o, const size_t index[DIMENSIONS_MAX]) {
    ptrdiff_t offset = 0;
    for (int d = 0; d < c->ndim; d++) {
        offset += (ptrdiff_t)index[d] * o->row[d];
    }
    return offset;
}

static bool steps_over(ptrdiff_t stride, size_t elements, size_t size) {
    return stride >= (ptrdiff_t)(elements * size) && (size_t)stride % size == 0;
}

static bool same_storage(enum dtype a, enum dtype b) {
    return a == b || ((1 << a & DTYPES_FLAG) != 0 && (1 << b & DTYPES_FLAG) != 0);
}

bool smx_layout_block(const struct operand *o, size_t rows, ptrdiff_t row, struct block *b) {
    size_t size = dtype_size(o->work), *between = o->form == FORM_MATRIX ? &b->matrix : &b->ld;
    if (o->scattered || !same_storage(o->dtype, o->work) || (uintptr_t)o->data % size != 0) {
        return false;
    }
    struct block packed = {o->data, o->extent[1], o->extent[0] * o->extent[1], false};
    *b = packed;
    if (o->extent[1] > 1 && o->stride[1] != (ptrdiff_t)size) {
        return false;
    }
    if (o->extent[0] > 1) {
        if (!steps_over(o->stride[0], o->extent[1], size)) {
            return false;
        }
        b->ld = (size_t)o->stride[0] / size;
        b->matrix = o->extent[0] * b->ld;
    }
    if (rows == 1) {
        return true;
    }
    if (o->repeats && row == 0) {
        b->single = true;
        return true;
    }
    if (o->form == FORM_VALUE) {
        return row == (ptrdiff_t)size;
    }
    if (!steps_over(row, *between, size)) {
        return false;
    }
    *between = (size_t)row / size;
    return true;
}
