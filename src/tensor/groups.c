/* A call in groups of rows. Arguments that are not of the right type and layout go through scratch memory, so many rows
 * at a time: no tensor is ever copied as a whole, unless its rows must go into one call. */
#include "../base/arithmetic.h"

#include "groups.h"

#include "../base/float_env.h"
#include "../base/kulisch.h"
#include "../base/refused.h"
#include "engine_call.h"
#include "layout.h"
#include "scratch.h"
#include "sizes.h"
#include "stage.h"

#include <string.h>

/* A group has at least this many elements, if there are as many rows: below that, calls would cost more than work. */
#define GROUP_ELEMENTS ((size_t)8192)
#define STRIDED_ELEMENTS ((size_t)1 << 18)
#define CACHE_LINE ((size_t)64)

struct plan {
    const struct call *call;
    size_t rows; /* in all */
    /* Each run of rows along the last dimension is `per_run` groups, the last one perhaps shorter; 0: a group has
     * several runs. */
    size_t group_rows, per_run, groups, pieces;
    bool staged[OPERANDS_MAX]; /* goes through scratch memory, at `at` */
    bool single[OPERANDS_MAX]; /* all rows of a group are the same, and the row function can be told so */
    size_t at[OPERANDS_MAX];
    struct block block[OPERANDS_MAX]; /* of row 0; where staged, without a place */
    size_t scratch_bytes;             /* of one piece of work, its sums first */
    size_t sums_bytes;
    unsigned char *scratch;
    struct refusal refusal;
};

/* ---- Which groups, and what goes through scratch memory ---- */

/* The most elements that an argument has in a row. */
static size_t row_elements(const struct call *c) {
    size_t most = 1;
    for (int i = OPERANDS_OF_OPTIONS; i < c->operands; i++) {
        const struct operand *o = &c->operand[i];
        most = o->given ? larger(most, o->extent[0] * o->extent[1]) : most;
    }
    return most;
}

/* Rows that lie side by side, one element of each after the other, are read together: whole cache lines of them. */
static size_t rows_of_a_line(const struct call *c) {
    size_t line = 1;
    for (int i = OPERANDS_OF_OPTIONS; i < c->operands; i++) {
        const struct operand *o = &c->operand[i];
        size_t size = dtype_size(o->dtype);
        if (o->given && o->form == FORM_ROW && o->stride[1] != (ptrdiff_t)size) {
            line = larger(line, CACHE_LINE / size);
        }
    }
    return line;
}

static void choose_groups(struct plan *p) {
    const struct call *c = p->call;
    size_t run = larger(c->shape[c->ndim - 1], 1), elements = row_elements(c), line = rows_of_a_line(c);
    size_t threads = c->options.opt->threads != 0 ? c->options.opt->threads : smx_threads();
    p->rows = smx_call_rows(c);
    /* A few lines side by side are read faster than one, while that does not take too much memory. */
    size_t lines = line == 1 ? 1 : larger(1, smaller(4, STRIDED_ELEMENTS / elements / line));
    size_t group = smaller(larger(GROUP_ELEMENTS / elements, lines * line), p->rows);
    group = larger(smaller(group, quotient_up(p->rows, larger(threads, 1))), smaller(line, p->rows));
    group = larger(group, 1);
    p->per_run = 0;
    if (group >= run) {
        group = group / run * run;
    }
    if (group <= run) {
        group = quotient_up(run, quotient_up(run, group));                /* as even as can be, */
        group = larger(smaller(quotient_up(group, line) * line, run), 1); /* of whole lines */
        p->per_run = quotient_up(run, group);
        p->groups = p->rows / run * p->per_run;
    } else {
        p->groups = quotient_up(p->rows, group);
    }
    p->group_rows = group;
    p->pieces = smx_pieces(&c->options, p->groups, group * elements);
}

static bool constant(const struct call *c, const struct operand *o) {
    for (int d = 0; d < c->ndim; d++) {
        if (o->row[d] != 0) {
            return false;
        }
    }
    return true;
}

/* Whole cache lines. More than any machine has is not more exactly so: the sum over all arguments must not overflow. */
static size_t stage_bytes(size_t rows, size_t elements, size_t size) {
    size_t most = PTRDIFF_MAX / OPERANDS_MAX / 2;
    if (elements != 0 && rows > most / size / elements) {
        return most;
    }
    return quotient_up(rows * elements * size, CACHE_LINE) * CACHE_LINE;
}

/* The query that each row of a group is goes through scratch memory like an argument of one integer a row. */
static void choose_stages(struct plan *p) {
    const struct call *c = p->call;
    for (int i = 0; i < c->operands; i++) {
        const struct operand *o = &c->operand[i];
        if (o->form == FORM_TOTAL || !o->given) {
            continue;
        }
        ptrdiff_t row = o->row[c->ndim - 1];
        bool query = i == OPERAND_QUERY, regular = !query && (p->per_run > 0 || constant(c, o));
        p->single[i] = o->repeats && regular && row == 0;
        p->staged[i] = !regular || !smx_layout_block(o, p->group_rows, row, &p->block[i]);
        if (p->staged[i]) {
            size_t rows = p->single[i] ? 1 : p->group_rows;
            struct block b = {NULL, o->extent[1], o->extent[0] * o->extent[1], p->single[i]};
            p->block[i] = b;
            p->at[i] = p->scratch_bytes;
            p->scratch_bytes += stage_bytes(rows, b.matrix, dtype_size(o->work));
        }
    }
}

/* ---- The work ---- */

static void stage_queries(const struct call *c, size_t first, size_t rows, unsigned char *packed) {
    int64_t *query = (int64_t *)(void *)packed;
    size_t index[DIMENSIONS_MAX];
    for (size_t k = 0; k < rows; k++) {
        smx_layout_index(c, first + k, index);
        query[k] = (int64_t)smx_layout_offset(c, &c->operand[OPERAND_QUERY], index);
    }
}

/* `scratch` begins with the sums of the piece of work. */
static void stage_inputs(const struct plan *p, size_t first, size_t rows, unsigned char *scratch, struct block *b) {
    const struct call *c = p->call;
    size_t index[DIMENSIONS_MAX];
    smx_layout_index(c, first, index);
    for (int i = 0; i < c->operands; i++) {
        const struct operand *o = &c->operand[i];
        unsigned char *packed = scratch + p->at[i];
        b[i] = p->block[i];
        if (!p->staged[i]) {
            b[i].data = b[i].data != NULL ? o->data + smx_layout_offset(c, o, index) : NULL;
            continue;
        }
        b[i].data = packed;
        if (i == OPERAND_QUERY) {
            stage_queries(c, first, rows, packed);
        } else if (!o->output) {
            smx_stage(c, o, first, p->single[i] ? 1 : rows, packed);
        }
    }
}

static void stage_outputs(const struct plan *p, size_t first, size_t rows, unsigned char *scratch) {
    for (int i = OPERANDS_OF_OPTIONS; i < p->call->operands; i++) {
        const struct operand *o = &p->call->operand[i];
        if (p->staged[i] && o->output) {
            smx_stage(p->call, o, first, rows, scratch + p->at[i]);
        }
    }
}

static smx_status run_group(const struct plan *p, size_t first, size_t rows, unsigned char *scratch) {
    const struct call *c = p->call;
    struct block b[OPERANDS_MAX];
    float_env caller = float_env_enter();
    stage_inputs(p, first, rows, scratch, b);
    float_env_leave(caller); /* the caller's own threads may do the work */
    smx_blocks_of_totals(c, b);
    smx_options opt = smx_block_options(c, b);
    if (p->pieces > 1) {
        smx_on_one_thread(&opt);
    }
    smx_exact_sum sum = {{0}, 0, 0, 0};
    const struct some_rows some = {c->operation, rows, b, &opt, b[OPERAND_QUERY].data, c->sum != NULL ? &sum : NULL};
    smx_status status = smx_run_blocks(c, &some);
    caller = float_env_enter();
    if (status == SMX_OK) {
        stage_outputs(p, first, rows, scratch);
        if (c->sum != NULL) {
            exact_sum_merge((smx_exact_sum *)(void *)scratch, &sum);
        }
    }
    float_env_leave(caller);
    return status;
}

static void group_task(void *data, size_t piece) {
    struct plan *p = data;
    const struct call *c = p->call;
    size_t each = quotient_up(p->groups, p->pieces), run = c->shape[c->ndim - 1];
    for (size_t i = piece * each; i < smaller((piece + 1) * each, p->groups); i++) {
        size_t first = i * p->group_rows, left = p->rows - first;
        if (p->per_run > 0) {
            size_t into = i % p->per_run * p->group_rows;
            first = i / p->per_run * run + into;
            left = run - into;
        }
        smx_status status = run_group(p, first, smaller(left, p->group_rows), p->scratch + piece * p->scratch_bytes);
        refusal_keep(&p->refusal, status);
    }
}

/* The sums of all pieces of the work. */
static void merge_sums(const struct plan *p) {
    smx_exact_sum all = {{0}, 0, 0, 0};
    for (size_t i = 0; i < p->pieces; i++) {
        exact_sum_merge(&all, (const smx_exact_sum *)(const void *)(p->scratch + i * p->scratch_bytes));
    }
    *p->call->sum = all;
}

smx_status smx_run_groups(const struct call *c) {
    struct plan p = {.call = c};
    p.sums_bytes = c->sum != NULL ? stage_bytes(1, sizeof *c->sum, 1) : 0;
    p.scratch_bytes = p.sums_bytes;
    choose_groups(&p);
    choose_stages(&p);
    _Alignas(64) unsigned char small[2048];
    p.scratch = small;
    if (p.scratch_bytes > sizeof small / p.pieces &&
        (p.scratch = smx_scratch_apart(p.pieces, &p.scratch_bytes)) == NULL) {
        return smx_refuse(SMX_ERROR_MEMORY, "");
    }
    for (size_t i = 0; i < p.pieces; i++) {
        memset(p.scratch + i * p.scratch_bytes, 0, p.sums_bytes);
    }
    smx_run_tasks(&c->options, p.pieces, group_task, &p);
    smx_status status = refusal_hand_on(&p.refusal);
    if (c->sum != NULL && status == SMX_OK) {
        merge_sums(&p);
    }
    if (p.scratch != small) {
        smx_scratch_free(p.scratch);
    }
    return status;
}
