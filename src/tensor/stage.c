#include "stage.h"

#include "layout.h"
#include "move.h"

static struct place row_of(const struct operand *o, unsigned char *data, ptrdiff_t row) {
    struct place place = {o->dtype, data, row, o->stride[1]};
    return place;
}

/* Between the tensor and the packed rows in scratch memory. */
static void move_run(const struct operand *o, size_t rows, unsigned char *tensor, ptrdiff_t row,
                     unsigned char *packed) {
    size_t size = smx_dtype_size(o->work);
    if (o->form != FORM_MATRIX) {
        struct place outside = row_of(o, tensor, row);
        struct place inside = {o->work, packed, (ptrdiff_t)(o->extent[1] * size), (ptrdiff_t)size};
        smx_move(rows, o->extent[1], o->output ? inside : outside, o->output ? outside : inside);
        return;
    }
    for (size_t k = 0; k < rows; k++) {
        struct place outside = row_of(o, tensor + (ptrdiff_t)k * row, o->stride[0]);
        struct place inside = {o->work, packed + k * o->extent[0] * o->extent[1] * size,
                               (ptrdiff_t)(o->extent[1] * size), (ptrdiff_t)size};
        smx_move(o->extent[0], o->extent[1], o->output ? inside : outside, o->output ? outside : inside);
    }
}

void smx_stage(const struct call *c, const struct operand *o, size_t first, size_t rows, unsigned char *packed) {
    size_t index[NDIM_MAX], bytes = o->extent[0] * o->extent[1] * smx_dtype_size(o->work);
    for (size_t done = 0; done < rows;) {
        size_t run = smx_layout_index(c, first + done, index);
        run = run < rows - done ? run : rows - done;
        move_run(o, run, o->data + smx_layout_offset(c, o, index), o->row[c->ndim - 1], packed + done * bytes);
        done += run;
    }
}

void smx_stage_totals(const struct call *c, struct block block[OPERANDS_MAX], total_memory memory) {
    for (int i = 0; i < OPERANDS_MAX; i++) {
        const struct operand *o = &c->operand[i];
        if (o->given && o->form == FORM_TOTAL) {
            block[i].data = memory[i];
            if (!o->output) {
                smx_convert(1, o->dtype, o->data, o->work, memory[i]);
            }
        }
    }
}

void smx_unstage_totals(const struct call *c, const struct block block[OPERANDS_MAX]) {
    for (int i = 0; i < OPERANDS_MAX; i++) {
        const struct operand *o = &c->operand[i];
        if (o->given && o->form == FORM_TOTAL && o->output) {
            smx_convert(1, o->work, block[i].data, o->dtype, o->data);
        }
    }
}
