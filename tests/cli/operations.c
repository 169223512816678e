#include "operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "tool.h"

enum { VECTORS = 3, MOST = 1 << 22 };

static bool takes_output(const command *cmd) { return (cmd->settings & SET(SET_OUTPUT)) != 0; }

bool has_optional(const command *cmd) {
    return cmd->operation->source[cmd->inputs].fit != FIT_NONE || !takes_output(cmd);
}

const command *row_command(size_t i) {
    for (const command *const *cmd = commands; *cmd != NULL; cmd++) {
        const row_operation *o = (*cmd)->operation;
        if (o != NULL && o->finish == NULL && o->result[0].dtype == 0 && i-- == 0)
            return *cmd;
    }
    return NULL;
}

/* ---- Inputs and the command line --------------------------------------------------------------------------------- */

static array without_axis(array a, size_t axis) {
    a.ndim--;
    for (size_t i = axis; i < a.ndim; i++)
        a.shape[i] = a.shape[i + 1];
    a.fortran = a.fortran && a.ndim > 0;
    return a;
}

static array with_one_more(array a, size_t place, size_t count) {
    for (size_t i = a.ndim++; i > place; i--)
        a.shape[i] = a.shape[i - 1];
    a.shape[place] = count;
    a.fortran = 0;
    return a;
}

static size_t rows_of(const trial *r) {
    const array rows = without_axis(r->source[0], r->axis);
    return array_count(&rows);
}

static bool fits(const trial *r, const array *shape) {
    const row_operation *o = r->cmd->operation;
    bool last = r->axis == shape->ndim - 1, squares = o->result[0].extent == EXTENT_SQUARES;
    if (o->source[1].fit == FIT_VECTORS && shape->fortran)
        return false;
    if (squares && array_count(shape) * shape->shape[r->axis] > MOST)
        return false;
    return last || (r->cmd->settings & SET(SET_AXIS)) != 0;
}

static void make_source(trial *r, int i, const array *first, rng *random) {
    fit how = r->cmd->operation->source[i].fit;
    array shape = *first;
    if (how == FIT_ROWS)
        shape = without_axis(shape, r->axis);
    else if (how == FIT_VECTORS)
        shape = with_one_more(shape, shape.ndim - 1, VECTORS);
    char path[32];
    snprintf(path, sizeof path, "in%d.npy", i);
    bool probabilities = i == 0 && r->cmd->arguments[0] == 'Y';
    r->source[i] = array_make(r->t, path, shape, probabilities ? 0 : -8, probabilities ? 1 : 8, random);
    if (i >= r->cmd->inputs)
        append_text(r->arguments, sizeof r->arguments, " --%s", setting_table[r->cmd->operation->source[i].from].name);
    append_text(r->arguments, sizeof r->arguments, " %s", path);
}

static array shape_of_result(const trial *r, extent what) {
    const array *first = &r->source[0];
    if (what == EXTENT_ROWS)
        return without_axis(*first, r->axis);
    if (what == EXTENT_SQUARES)
        return with_one_more(*first, first->ndim, first->shape[first->ndim - 1]);
    if (what == EXTENT_ONE)
        return (array){.t = r->t};
    return what == EXTENT_VECTORS ? r->source[1] : *first;
}

/* Without what is optional there is one result: that of -o, or the last. */
static bool is_wanted(const trial *r, int i) {
    const row_result *what = &r->cmd->operation->result[i];
    bool one = takes_output(r->cmd) ? what->to == SET_OUTPUT : what[1].extent == EXTENT_NONE;
    return (r->all || one) && (what->allowed == NULL || what->allowed(&r->set));
}

bool trial_make(trial *r, array shape, rng *random) {
    const row_operation *o = r->cmd->operation;
    shape.t = r->t;
    if (!fits(r, &shape))
        return false;
    snprintf(r->arguments, sizeof r->arguments, "%s", r->cmd->name);
    for (int i = 0; i < MAX_SOURCES && o->source[i].fit != FIT_NONE && (i < r->cmd->inputs || r->all); i++)
        make_source(r, i, &shape, random);
    for (int i = 0; i < MAX_RESULTS && o->result[i].extent != EXTENT_NONE; i++) {
        if (!is_wanted(r, i))
            continue;
        r->result[i] = shape_of_result(r, o->result[i].extent);
        array_allocate(&r->result[i]);
        append_text(r->arguments, sizeof r->arguments, " --%s out%d.npy", setting_table[o->result[i].to].name, i);
    }
    return true;
}

void trial_write(const trial *r, int version, size_t extra) {
    for (int i = 0; i < MAX_SOURCES; i++) {
        char path[32];
        snprintf(path, sizeof path, "in%d.npy", i);
        if (r->source[i].data != NULL)
            array_write(&r->source[i], path, version, extra);
    }
}

void trial_free(trial *r) {
    for (int i = 0; i < MAX_SOURCES; i++)
        free(r->source[i].data);
    for (int i = 0; i < MAX_RESULTS; i++)
        free(r->result[i].data);
}

/* ---- What the library gives -------------------------------------------------------------------------------------- */

/* The array's rows one after the other, in C order: those along the axis, one number each, or what is in C order
 * anyway. / */
static void *gather(const trial *r, const array *a) {
    const array *first = &r->source[0];
    void *numbers = elements(r->t, array_count(a));
    if (a->ndim > first->ndim)
        memcpy(numbers, a->data, array_bytes(a));
    for (size_t i = 0; a->ndim < first->ndim && i < array_count(a); i++)
        r->t->store_bits(numbers, i, r->t->bits(a->data, array_row_start(a, a->ndim, i)));
    for (size_t k = 0; a->ndim == first->ndim && k < rows_of(r); k++)
        array_get_row(a, r->axis, k, at(r->t, numbers, k * first->shape[r->axis]));
    return numbers;
}

static void expect(trial *r, const smx_options *opt) {
    size_t rows = rows_of(r);
    const input beside[MAX_SOURCES] = {[1].count = VECTORS};
    row_call call = {.real = r->t == &dtype_f32 ? NPY_F4 : NPY_F8,
                     .rows = rows,
                     .n = r->source[0].shape[r->axis],
                     .source = beside,
                     .options = opt,
                     .set = &r->set};
    void *in[MAX_SOURCES] = {NULL};
    for (int i = 0; i < MAX_SOURCES; i++) {
        if (r->source[i].data != NULL)
            call.in[i] = in[i] = gather(r, &r->source[i]);
    }
    for (int i = 0; i < MAX_RESULTS; i++)
        call.out[i] = r->result[i].data;
    void *first = r->result[0].data == NULL && r->cmd->operation->result[0].always ? elements(r->t, rows) : NULL;
    if (first != NULL)
        call.out[0] = first;
    assert_ok(r->cmd->operation->rows(&call));
    free(first);
    for (int i = 0; i < MAX_SOURCES; i++)
        free(in[i]);
}

static void check(const trial *r) {
    for (int i = 0; i < MAX_RESULTS; i++) {
        array out = r->result[i];
        if (out.data == NULL)
            continue;
        char path[32];
        snprintf(path, sizeof path, "out%d.npy", i);
        array_read(&out, path);
        void *rows = gather(r, &out);
        assert_same_bits(r->t, r->result[i].data, rows, array_count(&out));
        free(rows);
        free(out.data);
    }
}

void trial_run(trial *r, const char *options, const smx_options *opt) {
    if ((r->cmd->settings & SET(SET_AXIS)) != 0)
        assert_success(shell("$SMX %s %s --axis %zu", r->arguments, options, r->axis));
    else
        assert_success(shell("$SMX %s %s", r->arguments, options));
    expect(r, opt);
    check(r);
}
