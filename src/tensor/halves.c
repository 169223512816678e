#include "../base/arithmetic.h"

#include "halves.h"

#include "../base/float_env.h"
#include "../base/refused.h"
#include "half.h"
#include "layout.h"
#include "scratch.h"
#include "sizes.h"

struct halves_plan {
    const struct call *call;
    half_kernel kernel;
    struct half_rows all; /* but for the rows and the scratch memory */
    size_t rows, pieces;
    int arrays;
    unsigned char *scratch;
    size_t scratch_bytes; /* of one piece of work */
};

static const struct operand *argument(const struct call *c, int i) { return &c->operand[OPERANDS_OF_OPTIONS + i]; }

static bool suits(struct halves_plan *p) {
    const struct call *c = p->call;
    const struct kernels *kernels = smx_kernels_in_use(c->real);
    if (c->options.given != 0 || c->n == 0 || kernels == NULL || smx_half_functions() != smx_half_f16c) {
        return false;
    }
    p->kernel = kernels->half_rows[c->operation->kernel];
    if (p->kernel == NULL) {
        return false;
    }
    for (int i = 0; i < OPERANDS_OF_OPTIONS; i++) {
        if (c->operand[i].given) {
            return false;
        }
    }
    p->all.type = argument(c, 0)->dtype;
    for (p->arrays = 0; p->arrays < c->operands - OPERANDS_OF_OPTIONS; p->arrays++) {
        const struct operand *o = argument(c, p->arrays);
        if (o->dtype != p->all.type || dtype_size(o->dtype) != 2 || o->scattered || (o->stride[1] != 2 && c->n != 1)) {
            return false;
        }
    }
    return true;
}

static void run_rows(const struct halves_plan *p, size_t first, size_t rows, unsigned char *scratch) {
    const struct call *c = p->call;
    struct half_rows h = p->all;
    h.scratch = scratch;
    for (size_t done = 0; done < rows; done += h.rows) {
        size_t index[DIMENSIONS_MAX];
        h.rows = smaller(smx_layout_index(c, first + done, index), rows - done);
        for (int i = 0; i < p->arrays; i++) {
            const struct operand *o = argument(c, i);
            h.array[i] = (struct half_array){o->data + smx_layout_offset(c, o, index), o->row[c->ndim - 1]};
        }
        p->kernel(&h);
    }
}

static void halves_task(void *data, size_t piece) {
    const struct halves_plan *p = data;
    size_t each = quotient_up(p->rows, p->pieces), first = smaller(piece * each, p->rows);
    float_env caller = float_env_enter();
    run_rows(p, first, smaller(each, p->rows - first), p->scratch + piece * p->scratch_bytes);
    float_env_leave(caller);
}

bool smx_run_halves(const struct call *c, smx_status *status) {
    struct halves_plan p = {.call = c};
    if (!suits(&p)) {
        return false;
    }
    p.rows = smx_call_rows(c);
    p.pieces = smx_pieces(&c->options, p.rows, c->n);
    if (smx_pieces(&c->options, c->n, 1) > p.pieces) { /* few rows, that go over more threads in parts */
        return false;
    }
    p.all.n = c->n;
    p.all.policy = c->options.policy;
    size_t inputs = (size_t)p.arrays - 1;
    p.scratch_bytes = inputs * half_block_rows(inputs, p.rows, c->n) * half_row_floats(c->n) * sizeof(float);
    p.scratch_bytes = quotient_up(p.scratch_bytes, 64) * 64;
    _Alignas(64) unsigned char small[2048];
    p.scratch = small;
    if (p.scratch_bytes > sizeof small / p.pieces &&
        (p.scratch = smx_scratch_apart(p.pieces, &p.scratch_bytes)) == NULL) {
        *status = smx_refuse(SMX_ERROR_MEMORY, "");
        return true;
    }
    smx_run_tasks(&c->options, p.pieces, halves_task, &p);
    if (p.scratch != small) {
        smx_scratch_free(p.scratch);
    }
    *status = SMX_OK;
    return true;
}
