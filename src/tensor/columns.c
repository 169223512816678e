/* A call down columns: rows that lie side by side, element by element, are not gathered. Half types are widened some
 * columns at a time, and only those. */
#include "../base/arithmetic.h"

#include "columns.h"

#include "../base/float_env.h"
#include "../base/refused.h"
#include "engine_call.h"
#include "layout.h"
#include "move.h"
#include "scratch.h"
#include "sizes.h"

/* Fewer columns than this leave most of a vector empty. */
#define COLUMNS_LEAST ((size_t)8)

/* Columns that go through scratch memory go so many at a time: whole cache lines of them, and more of short ones. */
#define SLAB_COLUMNS ((size_t)64)
#define SLAB_ELEMENTS ((size_t)16384)

struct columns_plan {
    const struct call *call;
    size_t matrices, slab, slabs,
        pieces;                       /* each matrix is so many slabs of `slab` columns, the last one perhaps less */
    bool staged[OPERANDS_MAX];        /* goes through scratch memory */
    struct block block[OPERANDS_MAX]; /* of the first */
    unsigned char *scratch;
    size_t scratch_bytes; /* of one piece of work */
    struct refusal refusal;
};

/* The transposed argument, if it is of the right type: rows along the columns, with the axis between them. */
static bool block_of(const struct call *c, const struct operand *o, struct block *b) {
    struct operand transposed = *o;
    transposed.extent[1] = c->shape[c->ndim - 1];
    transposed.stride[1] = o->row[c->ndim - 1];
    return smx_layout_block(&transposed, c->n, o->stride[1], b);
}

/* Of another type, but with its columns side by side. */
static bool can_be_staged(const struct call *c, const struct operand *o) {
    return !o->scattered && o->dtype != o->work && o->row[c->ndim - 1] == (ptrdiff_t)dtype_size(o->dtype);
}

static bool suits(struct columns_plan *p) {
    const struct call *c = p->call;
    if (c->options.given != 0) {
        return false;
    }
    for (int i = 0; i < c->operands; i++) {
        const struct operand *o = &c->operand[i];
        if (!o->given) {
            continue;
        }
        if (i < OPERANDS_OF_OPTIONS || o->form != FORM_ROW) {
            return false;
        }
        p->staged[i] = !block_of(c, o, &p->block[i]);
        if (p->staged[i] && !can_be_staged(c, o)) {
            return false;
        }
    }
    return c->shape[c->ndim - 1] >= COLUMNS_LEAST;
}

/* Without anything to be staged, a slab is a whole matrix. */
static void choose_slabs(struct columns_plan *p) {
    const struct call *c = p->call;
    size_t columns = c->shape[c->ndim - 1];
    p->matrices = smx_call_rows(c) / columns;
    p->slab = columns;
    for (int i = 0; i < c->operands; i++) {
        if (p->staged[i]) {
            size_t lines = larger(1, SLAB_ELEMENTS / c->n / SLAB_COLUMNS);
            p->slab = smaller(columns, lines * SLAB_COLUMNS);
            p->scratch_bytes = p->slab * c->n * dtype_size(c->operand[i].work);
        }
    }
    p->slabs = quotient_up(columns, p->slab);
    p->pieces = smx_pieces(&c->options, p->matrices * p->slabs, p->slab * c->n);
}

/* Between `columns` of an argument, at `data`, and scratch memory. */
static void move_slab(const struct call *c, const struct operand *o, size_t columns, unsigned char *data,
                      unsigned char *packed) {
    ptrdiff_t size = (ptrdiff_t)dtype_size(o->work);
    struct place outside = place_of(o->dtype, data, o->stride[1], o->row[c->ndim - 1]);
    struct place inside = place_of(o->work, packed, (ptrdiff_t)columns * size, size);
    smx_move(c->n, columns, o->output ? inside : outside, o->output ? outside : inside);
}

/* Where a slab of an argument begins: `first` columns on in the matrix of that index. */
static unsigned char *slab_of(const struct call *c, const struct operand *o, const size_t index[DIMENSIONS_MAX],
                              size_t first) {
    return o->data + smx_layout_offset(c, o, index) + (ptrdiff_t)first * o->row[c->ndim - 1];
}

/* All staged arguments share their place: the functions work in place. */
static smx_status run_slab(const struct columns_plan *p, size_t k, unsigned char *scratch) {
    const struct call *c = p->call;
    struct block b[OPERANDS_MAX];
    size_t index[DIMENSIONS_MAX], columns = c->shape[c->ndim - 1], first = k % p->slabs * p->slab;
    smx_layout_index(c, k / p->slabs * columns, index);
    columns = smaller(columns - first, p->slab);
    float_env caller = float_env_enter();
    for (int i = 0; i < c->operands; i++) {
        const struct operand *o = &c->operand[i];
        b[i] = p->block[i];
        if (o->given && !p->staged[i]) {
            b[i].data = slab_of(c, o, index, first);
        } else if (o->given) {
            b[i] = (struct block){.data = scratch, .ld = columns};
            if (!o->output) {
                move_slab(c, o, columns, slab_of(c, o, index, first), scratch);
            }
        }
    }
    float_env_leave(caller);
    smx_options opt = c->row_options;
    if (p->pieces > 1) {
        smx_on_one_thread(&opt);
    }
    const struct some_rows some = {c->columns, columns, b, &opt, NULL, NULL};
    smx_status status = smx_run_blocks(c, &some);
    caller = float_env_enter();
    for (int i = 0; i < c->operands && status == SMX_OK; i++) {
        if (p->staged[i] && c->operand[i].output) {
            move_slab(c, &c->operand[i], columns, slab_of(c, &c->operand[i], index, first), scratch);
        }
    }
    float_env_leave(caller);
    return status;
}

static void columns_task(void *data, size_t piece) {
    struct columns_plan *p = data;
    size_t all = p->matrices * p->slabs, each = quotient_up(all, p->pieces);
    unsigned char *scratch = p->scratch == NULL ? NULL : p->scratch + piece * p->scratch_bytes;
    for (size_t k = piece * each; k < all && k < (piece + 1) * each; k++) {
        smx_status status = run_slab(p, k, scratch);
        refusal_keep(&p->refusal, status);
    }
}

bool smx_run_columns(const struct call *c, smx_status *status) {
    if (c->columns == NULL) {
        return false;
    }
    struct columns_plan p = {.call = c};
    if (!suits(&p)) {
        return false;
    }
    choose_slabs(&p);
    if (p.scratch_bytes != 0 && (p.scratch = smx_scratch_apart(p.pieces, &p.scratch_bytes)) == NULL) {
        *status = smx_refuse(SMX_ERROR_MEMORY, "");
        return true;
    }
    smx_run_tasks(&c->options, p.pieces, columns_task, &p);
    smx_scratch_free(p.scratch);
    *status = refusal_hand_on(&p.refusal);
    return true;
}
