/* A call down columns: rows that lie side by side, element by element, are not gathered. */
#include "layout.h"

#include <stdatomic.h>

/* Fewer columns than this leave most of a vector empty. */
#define COLUMNS_LEAST ((size_t)8)

struct columns_plan {
    const struct call *call;
    size_t matrices, pieces;          /* so many matrices of columns */
    struct block block[OPERANDS_MAX]; /* of the first */
    atomic_int status;
};

/* The transposed argument, if it is of the right type: rows along the columns, with the axis between them. */
static bool block_of(const struct call *c, const struct operand *o, struct block *b) {
    struct operand transposed = *o;
    transposed.extent[1] = c->shape[c->ndim - 1];
    transposed.stride[1] = o->row[c->ndim - 1];
    return o->form == FORM_VECTOR && smx_layout_block(&transposed, c->n, o->stride[1], b);
}

static bool suits(struct columns_plan *p) {
    const struct call *c = p->call;
    for (int i = 0; i < OPERANDS_MAX; i++) {
        const struct operand *o = &c->operand[i];
        if (o->given && (i < OPERANDS_OF_OPTIONS || !block_of(c, o, &p->block[i]))) {
            return false;
        }
    }
    return c->shape[c->ndim - 1] >= COLUMNS_LEAST;
}

static smx_status run_matrix(const struct columns_plan *p, size_t matrix) {
    const struct call *c = p->call;
    struct block b[OPERANDS_MAX];
    size_t index[NDIM_MAX], columns = c->shape[c->ndim - 1];
    smx_layout_index(c, matrix * columns, index);
    for (int i = 0; i < OPERANDS_MAX; i++) {
        const struct operand *o = &c->operand[i];
        b[i] = p->block[i];
        b[i].data = o->given ? o->data + smx_layout_offset(c, o, index) : NULL;
    }
    smx_options opt = c->row_options;
    if (p->pieces > 1) {
        opt.threads = 1;
        opt.parallel_for = NULL;
        opt.pool = NULL;
    }
    return c->columns(c, columns, b + OPERANDS_OF_OPTIONS, &opt);
}

static void columns_task(void *data, size_t piece) {
    struct columns_plan *p = data;
    size_t each = p->matrices / p->pieces + (p->matrices % p->pieces != 0);
    for (size_t k = piece * each; k < p->matrices && k < (piece + 1) * each; k++) {
        smx_status status = run_matrix(p, k);
        if (status != SMX_OK) {
            atomic_store_explicit(&p->status, (int)status, memory_order_relaxed);
        }
    }
}

bool smx_call_columns(const struct call *c, smx_status *status) {
    if (c->columns == NULL) {
        return false;
    }
    struct columns_plan p = {.call = c};
    if (!suits(&p)) {
        return false;
    }
    size_t columns = c->shape[c->ndim - 1];
    p.matrices = smx_call_rows(c) / columns;
    p.pieces = smx_pieces(&c->settings, p.matrices, columns * c->n);
    smx_run_tasks(&c->settings, p.pieces, columns_task, &p);
    *status = (smx_status)atomic_load_explicit(&p.status, memory_order_relaxed);
    return true;
}
