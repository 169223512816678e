#include "../base/arithmetic.h"

#include "engine_call.h"

static size_t rows_of(const struct block *b) { return b->single ? 1 : 0; }

smx_options smx_block_options(const struct call *c, const struct block b[OPERANDS_MAX]) {
    smx_options opt = c->row_options;
    opt.scale = b[OPERAND_SCALE].data;
    opt.scale_stride = opt.scale != NULL && !b[OPERAND_SCALE].single;
    opt.add = b[OPERAND_ADD].data;
    opt.add_ld = b[OPERAND_ADD].ld;
    opt.add_rows = rows_of(&b[OPERAND_ADD]);
    opt.keep = b[OPERAND_KEEP].data;
    opt.keep_ld = b[OPERAND_KEEP].ld;
    opt.keep_rows = rows_of(&b[OPERAND_KEEP]);
    opt.lengths = b[OPERAND_LENGTHS].data;
    opt.lengths_rows = rows_of(&b[OPERAND_LENGTHS]);
    opt.alibi = b[OPERAND_ALIBI].data;
    opt.alibi_rows = rows_of(&b[OPERAND_ALIBI]);
    opt.sink = b[OPERAND_SINK].data;
    opt.sink_rows = rows_of(&b[OPERAND_SINK]);
    if (c->operand[OPERAND_QUERY].given) {
        opt.causal = c->positions.causal;
        opt.queries = c->positions.queries;
        opt.use_window = c->positions.use_window;
        opt.window_left = c->positions.window_left;
        opt.window_right = c->positions.window_right;
    }
    return opt;
}

smx_status smx_run_blocks(const struct call *c, const struct some_rows *some) {
    struct array a[ARGUMENTS_MAX] = {{0}};
    for (int i = 0; i < c->operands - OPERANDS_OF_OPTIONS; i++) {
        const struct block *b = &some->block[OPERANDS_OF_OPTIONS + i];
        bool repeats = b->single && some->operation->argument[i].repeats;
        a[i] = (struct array){b->data, repeats ? 0 : b->ld, b->matrix};
    }
    const struct rows_request request = {some->operation, c->real,   some->rows,  c->n, 1, a,
                                         some->opt,       DTYPE_I64, some->query, NULL};
    struct rows_run run;
    smx_status status = smx_rows_check(&request, &run);
    if (status == SMX_OK) {
        run.call.ce = c->ce;
        run.call.sum = some->sum;
        smx_rows_run(&run);
    }
    return status;
}
