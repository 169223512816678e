#include "../base/arithmetic.h"

#include "straight.h"

#include "../base/attributes.h"
#include "engine_call.h"
#include "layout.h"
#include "stage.h"

/* A tensor of the options that repeats over the rows as those of smx_options can: in dimensions at the end, and in some
 * at the front. Then its rows are a matrix. */
static bool repeated(const struct call *c, const struct operand *o, struct block *b, size_t *rows, size_t *every) {
    int d = c->ndim - 1;
    for (*every = 1; d >= 0 && o->row[d] == 0; d--) {
        *every *= c->shape[d];
    }
    ptrdiff_t row = d >= 0 ? o->row[d] : 0;
    for (*rows = 1; d >= 0 && o->row[d] == row * (ptrdiff_t)*rows; d--) {
        *rows *= c->shape[d];
    }
    for (; d >= 0; d--) {
        if (o->row[d] != 0) {
            return false;
        }
    }
    return smx_layout_block(o, *rows, row, b);
}

/* Which query a row is, as smx_options counts them: along the last dimension. */
static bool counted(const struct call *c, const struct operand *query) {
    for (int d = 0; d < c->ndim; d++) {
        if (query->row[d] != (d == c->ndim - 1 ? 1 : 0)) {
            return c->positions.queries == 1;
        }
    }
    return true;
}

static bool options_straight(const struct call *c, struct block *b, smx_options *opt) {
    size_t rows[OPERANDS_OF_OPTIONS] = {0}, every[OPERANDS_OF_OPTIONS] = {0};
    for (int i = 0; i < OPERAND_QUERY; i++) {
        if (c->operand[i].given && !repeated(c, &c->operand[i], &b[i], &rows[i], &every[i])) {
            return false;
        }
    }
    const struct operand *scale = &c->operand[OPERAND_SCALE];
    b[OPERAND_SCALE].single = scale->repeats && rows[OPERAND_SCALE] == 1;
    if (scale->given && !b[OPERAND_SCALE].single && rows[OPERAND_SCALE] != smx_call_rows(c)) {
        return false;
    }
    *opt = smx_block_options(c, b);
    opt->add_rows = rows[OPERAND_ADD], opt->add_every = every[OPERAND_ADD];
    opt->keep_rows = rows[OPERAND_KEEP], opt->keep_every = every[OPERAND_KEEP];
    opt->lengths_rows = rows[OPERAND_LENGTHS], opt->lengths_every = every[OPERAND_LENGTHS];
    opt->alibi_rows = rows[OPERAND_ALIBI], opt->alibi_every = every[OPERAND_ALIBI];
    opt->sink_rows = rows[OPERAND_SINK], opt->sink_every = every[OPERAND_SINK];
    return !c->operand[OPERAND_QUERY].given || counted(c, &c->operand[OPERAND_QUERY]);
}

/* Of a call with one dimension of rows, or none. */
static bool rows_straight(const struct call *c, struct block *b) {
    size_t rows = smx_call_rows(c);
    for (int i = OPERANDS_OF_OPTIONS; i < c->operands; i++) {
        const struct operand *o = &c->operand[i];
        if (o->given && o->form != FORM_TOTAL && !smx_layout_block(o, rows, o->row[0], &b[i])) {
            return false;
        }
    }
    return true;
}

/* Of a call with more. Not inlined, or the copy, of 7 KB, would stay on the stack while rows are computed. */
NOT_INLINE static bool merged_straight(const struct call *c, struct block *b) {
    struct call merged = *c;
    smx_layout_coalesce(&merged, false);
    return merged.ndim == 1 && rows_straight(&merged, b);
}

static bool arguments_straight(const struct call *c, struct block *b) {
    return c->ndim <= 1 ? rows_straight(c, b) : merged_straight(c, b);
}

/* Of no rows, there may still be totals: the sum of nothing. */
static void blocks_of_nothing(const struct call *c, struct block *b) {
    for (int i = OPERANDS_OF_OPTIONS; i < c->operands; i++) {
        const struct operand *o = &c->operand[i];
        if (o->given) {
            b[i] = (struct block){o->data, o->extent[1], o->extent[0] * o->extent[1], false};
        }
    }
}

bool smx_run_straight(const struct call *c, smx_status *status) {
    struct block b[OPERANDS_MAX] = {{0}};
    smx_options opt = c->row_options;
    size_t rows = smx_call_rows(c);
    if (rows == 0) {
        blocks_of_nothing(c, b);
    } else if (!arguments_straight(c, b) || !options_straight(c, b, &opt)) {
        return false;
    }
    smx_blocks_of_totals(c, b);
    const struct some_rows all = {c->operation, rows, b, &opt, NULL, c->sum};
    *status = smx_run_blocks(c, &all);
    return true;
}
