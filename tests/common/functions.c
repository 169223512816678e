#include "functions.h"

#include <string.h>

#include "check.h"

/* Sets of the arguments of losses. */
#define WITH(argument) (1u << CE_##argument)
#define CE_OF_ROWS (WITH(X) | WITH(LOSS) | WITH(LSE) | WITH(ARGMAX) | WITH(COUNT) | WITH(WEIGHT) | WITH(DX))
#define CE_OF_LABELS (CE_OF_ROWS | WITH(LABELS) | WITH(TARGET_LOG_PROB) | WITH(CORRECT))
#define OF_NLL (CE_OF_LABELS & ~WITH(LSE))
#define CE_OF_TARGETS (CE_OF_ROWS | WITH(TARGETS) | WITH(REDUCED) | WITH(DTARGETS))

static const struct variant {
    const char *name;
    unsigned given;
    enum dtype labels;
    enum content targets;
    cross_entropy_settings ce;
} variants[] = {
    {.name = "cross_entropy of labels", .given = CE_OF_LABELS, .labels = DTYPE_I64},
    {.name = "cross_entropy of labels, weighted", .given = CE_OF_LABELS | WITH(CLASS_WEIGHTS), .labels = DTYPE_I64},
    {.name = "cross_entropy of labels, weighted and smoothed mean",
     .given = CE_OF_LABELS | WITH(CLASS_WEIGHTS) | WITH(DLOSS) | WITH(REDUCED),
     .labels = DTYPE_I32,
     .ce = {.smoothing = 0.125, .reduction = SMX_REDUCTION_MEAN, .use_ignore_index = 1, .ignore_index = -100}},
    {.name = "cross_entropy of labels, softcap and z-loss",
     .given = CE_OF_LABELS | WITH(DLOSS),
     .labels = DTYPE_I64,
     .ce = {.softcap = 20, .z_loss = 0x1p-10, .use_ignore_index = 1, .ignore_index = -1}},
    {.name = "cross_entropy of labels, smoothing and z-loss",
     .given = CE_OF_LABELS | WITH(DLOSS),
     .labels = DTYPE_I64,
     .ce = {.smoothing = 0.25, .z_loss = 0x1p-6}},
    {.name = "cross_entropy of targets",
     .given = CE_OF_TARGETS,
     .targets = CONTENT_TARGETS,
     .ce = {.reduction = SMX_REDUCTION_SUM}},
    {.name = "cross_entropy of targets, everything",
     .given = CE_OF_TARGETS | WITH(CLASS_WEIGHTS) | WITH(DLOSS),
     .targets = CONTENT_FACTORS,
     .ce = {.smoothing = 0.3125, .z_loss = 0.5, .softcap = 3, .reduction = SMX_REDUCTION_SUM}},
    {.name = "nll",
     .given = OF_NLL | WITH(DLOSS),
     .labels = DTYPE_I64,
     .ce = {.log_probs = 1, .use_ignore_index = 1, .ignore_index = -1}},
    {.name = "nll, weighted mean",
     .given = OF_NLL | WITH(CLASS_WEIGHTS) | WITH(DLOSS) | WITH(REDUCED),
     .labels = DTYPE_I32,
     .ce = {.log_probs = 1, .reduction = SMX_REDUCTION_MEAN, .use_ignore_index = 1, .ignore_index = -100}},
};

function functions[FUNCTIONS_MAX];
size_t functions_count;

static int is_loss_operation(int run) { return smx_operations[run].argument[CE_LABELS].content == CONTENT_LABELS; }

static function *function_add(enum operation_number run) {
    const struct operation *o = &smx_operations[run];
    function *f = &functions[functions_count++];
    f->name = o->name;
    f->run = run;
    memcpy(f->arguments, o->argument, sizeof f->arguments);
    f->takes = (int)o->options;
    return f;
}

enum operation_number loss_operation(const cross_entropy_settings *ce) {
    return ce->reduction == SMX_REDUCTION_NONE
               ? (ce->log_probs ? OPERATION_NLL : OPERATION_CROSS_ENTROPY)
               : (ce->log_probs ? OPERATION_NLL_REDUCED : OPERATION_CROSS_ENTROPY_REDUCED);
}

static void add_variant(const struct variant *v) {
    function *f = function_add(loss_operation(&v->ce));
    f->name = v->name;
    f->ce = v->ce;
    f->arguments[CE_LABELS].name = v->labels == DTYPE_I32 ? "labels_i32" : "labels_i64";
    f->arguments[CE_LABELS].work = v->labels;
    f->arguments[CE_TARGETS].content = v->targets;
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if ((v->given >> i & 1) == 0) {
            f->arguments[i].form = FORM_NONE;
        }
    }
    if (v->ce.softcap != 0) {
        f->takes &= ~OPTION_SOFTCAP; /* there is one already */
    }
}

/* Before main: the table is as good as constant. Softmax of columns has tests of its own. */
__attribute__((constructor)) static void make_functions(void) {
    for (int run = 0; run < OPERATIONS; run++) {
        if (!is_loss_operation(run) && smx_operations[run].argument[0].form != FORM_COLUMN) {
            function_add((enum operation_number)run);
        }
    }
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        add_variant(&variants[i]);
    }
    for (function *f = functions; f < functions + functions_count; f++) {
        f->takes &= f->run == OPERATION_SCALE_GRADIENT ? ~OPTION_SCALE_ROWS : ~0;
        f->needs = f->run == OPERATION_SCALE_GRADIENT_ROWS ? OPTION_SCALE_ROWS : 0;
    }
}

const function *function_named(const char *name) {
    for (size_t i = 0; i < functions_count; i++) {
        if (strcmp(functions[i].name, name) == 0) {
            return &functions[i];
        }
    }
    fail_msg("no function %s", name);
    return NULL;
}

int has_matrices(const function *f) { return f->arguments[1].form == FORM_MATRIX; }

int is_basic(const function *f) {
    return f->run == OPERATION_SOFTMAX || f->run == OPERATION_SOFTMAX_BACKWARD || f->run == OPERATION_SOFTMAX_JACOBIAN;
}

int is_loss(const function *f) { return is_loss_operation((int)f->run); }

int argument_is_input(const struct argument *a) { return a->form != FORM_NONE && !argument_is_output(a); }

int argument_may_be(const struct argument *output, size_t input) {
    return output->form != FORM_NONE && (output->in_place >> input & 1) != 0;
}

size_t output_in_place(const function *f, size_t input) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (argument_may_be(&f->arguments[i], input)) {
            return i;
        }
    }
    return 0;
}

size_t argument_bytes(const struct argument *a, const dtype *t) { return a->dtypes ? dtype_size(a->work) : t->size; }

size_t argument_rows(const struct argument *a, size_t n) {
    switch (a->form) {
    case FORM_ROW:
    case FORM_VALUE:
        return 1;
    case FORM_VECTORS:
        return VECTORS;
    case FORM_MATRIX:
        return n;
    default:
        return 0;
    }
}
