#include "matrix.h"

#include <stdlib.h>

#include "check.h"

enum { MARGIN = 20 };

static uint64_t gap_bits(const dtype *t) { return t->size == sizeof(float) ? 0x7fc5a5a5u : 0x7ff8a5a5a5a5a5a5u; }

static size_t total(const matrix *m) { return m->offset + (m->rows ? (m->rows - 1) * m->ld + m->n : 0) + MARGIN; }

matrix matrix_new(const dtype *t, size_t rows, size_t n, size_t ld, size_t offset) {
    matrix m = {t, rows, n, ld, offset, NULL, NULL};
    m.memory = elements(t, total(&m));
    m.a = at(t, m.memory, offset);
    for (size_t i = 0; i < total(&m); i++) {
        t->store_bits(m.memory, i, gap_bits(t));
    }
    return m;
}

void matrix_free(matrix *m) { free(m->memory); }

void *matrix_row(const matrix *m, size_t k) { return at(m->t, m->a, k * m->ld); }

static void check_gap(const matrix *m, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        if (m->t->bits(m->memory, i) != gap_bits(m->t)) {
            fail_msg("%s: an element outside the rows was written, %td from the first", label_text(),
                     (ptrdiff_t)i - (ptrdiff_t)m->offset);
        }
    }
}

void matrix_check_gaps(const matrix *m) {
    size_t end_of_row = 0;
    for (size_t k = 0; k < m->rows; k++) {
        check_gap(m, end_of_row, m->offset + k * m->ld);
        end_of_row = m->offset + k * m->ld + m->n;
    }
    check_gap(m, end_of_row, total(m));
}
