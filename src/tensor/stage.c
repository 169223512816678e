#include "../base/arithmetic.h"

#include "stage.h"

#include "layout.h"
#include "move.h"

/* Between the tensor and the packed rows in scratch memory. */
static void move_run(const struct operand *o, size_t rows, unsigned char *tensor, ptrdiff_t row,
                     unsigned char *packed) {
    ptrdiff_t size = (ptrdiff_t)dtype_size(o->work), packed_row = (ptrdiff_t)o->extent[1] * size;
    bool matrices = o->form == FORM_MATRIX;
    for (size_t k = 0; k < (matrices ? rows : 1); k++) {
        struct place outside = place_of(o->dtype, tensor, matrices ? o->stride[0] : row, o->stride[1]);
        struct place inside = place_of(o->work, packed, packed_row, size);
        smx_move(matrices ? o->extent[0] : rows, o->extent[1], o->output ? inside : outside,
                 o->output ? outside : inside);
        tensor += row;
        packed += (ptrdiff_t)o->extent[0] * packed_row;
    }
}

/* The same of a scattered argument, rectangle by rectangle: all rows along the last dimension within a row or, of one
 * row, the last two dimensions. */
static void move_scattered(const struct call *c, const struct operand *o, size_t rows, unsigned char *tensor,
                           ptrdiff_t row, unsigned char *packed) {
    bool one = rows == 1;
    int last = c->first_within + c->within - 1, end = one ? last - 1 : last; /* of the dimensions outside rectangles */
    size_t height = one ? c->shape[last - 1] : rows, width = c->shape[last], rectangles = 1;
    ptrdiff_t size = (ptrdiff_t)dtype_size(o->work), line = (ptrdiff_t)(one ? width : o->extent[1]) * size;
    ptrdiff_t next = (ptrdiff_t)(one ? height * width : width) * size; /* in packed rows */
    for (int d = c->first_within; d < end; d++) {
        rectangles *= c->shape[d];
    }
    for (size_t k = 0; k < rectangles; k++) {
        struct place outside = place_of(o->dtype, tensor, one ? o->row[last - 1] : row, o->row[last]);
        struct place inside = place_of(o->work, packed + (ptrdiff_t)k * next, line, size);
        size_t left = k;
        for (int d = end - 1; d >= c->first_within; d--) {
            outside.data += (ptrdiff_t)(left % c->shape[d]) * o->row[d];
            left /= c->shape[d];
        }
        smx_move(height, width, o->output ? inside : outside, o->output ? outside : inside);
    }
}

void smx_stage(const struct call *c, const struct operand *o, size_t first, size_t rows, unsigned char *packed) {
    size_t index[DIMENSIONS_MAX], bytes = o->extent[0] * o->extent[1] * dtype_size(o->work);
    for (size_t done = 0; done < rows;) {
        size_t run = smx_layout_index(c, first + done, index);
        run = run < rows - done ? run : rows - done;
        unsigned char *tensor = o->data + smx_layout_offset(c, o, index);
        ptrdiff_t row = o->row[c->ndim - 1];
        if (o->scattered) {
            move_scattered(c, o, run, tensor, row, packed + done * bytes);
        } else {
            move_run(o, run, tensor, row, packed + done * bytes);
        }
        done += run;
    }
}

static bool is_total(const struct operand *o) { return o->given && o->form == FORM_TOTAL; }

void smx_stage_totals(struct call *c) {
    for (int i = 0; i < c->operands - OPERANDS_OF_OPTIONS; i++) {
        const struct operand *o = &c->operand[OPERANDS_OF_OPTIONS + i];
        if (is_total(o) && !o->output) {
            smx_convert(1, o->dtype, o->data, o->work, c->total[i]);
        }
    }
}

void smx_unstage_totals(const struct call *c) {
    for (int i = 0; i < c->operands - OPERANDS_OF_OPTIONS; i++) {
        const struct operand *o = &c->operand[OPERANDS_OF_OPTIONS + i];
        if (is_total(o) && o->output) {
            smx_convert(1, o->work, c->total[i], o->dtype, o->data);
        }
    }
}

void smx_blocks_of_totals(const struct call *c, struct block block[OPERANDS_MAX]) {
    for (int i = 0; i < c->operands - OPERANDS_OF_OPTIONS; i++) {
        if (is_total(&c->operand[OPERANDS_OF_OPTIONS + i])) {
            union {
                const void *in;
                void *data;
            } total = {c->total[i]}; /* which of them are written, the table of operations says */
            block[OPERANDS_OF_OPTIONS + i].data = total.data;
        }
    }
}
