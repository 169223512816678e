#include "transform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "logits.h"
#include "message.h"
#include "progress.h"

_Static_assert((int)MAX_RESULTS <= (int)CLEANUP_FILES, "a temporary file for each result must fit the record");
_Static_assert((int)MAX_SOURCES + (int)LOGITS_INPUTS <= (int)CLEANUP_MAPS,
               "each input that may be mapped must fit the record");

typedef struct job {
    const row_operation *operation;
    const settings *set;
    int named; /* how many sources the command line names without an option */
    npy_dtype real;
    space rows;
    input source[MAX_SOURCES];
    result result[MAX_RESULTS];
    logits logits;
    row_stats *stats; /* for each row of a tile, if rows are cut */
    void *state;
} job;

static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static size_t greatest(size_t a, size_t b) { return a > b ? a : b; }

static const layout *lay_of(const job *j) { return &j->source[0].lay; }

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static int find_axis(job *j) {
    const input *first = &j->source[0];
    long ndim = (long)first->array.header.ndim, axis = j->set->axis;
    if (ndim == 0)
        return complain(first->array.name, "the array has no dimensions, and so no axis");
    if (axis < -ndim || axis >= ndim)
        return complain_usage(j->set->who, "--axis %ld is out of range for %s, which has %ld dimension%s", axis,
                              first->array.name, ndim, ndim == 1 ? "" : "s");
    j->rows = space_along(&first->array.header, (size_t)(axis < 0 ? axis + ndim : axis));
    return EXIT_OK;
}

static bool is_integer(const input *in) { return (NPY_INTEGERS >> in->array.header.dtype & 1) != 0; }

/* Labels may stand in the place of dense targets: their dtype tells. And of a reduced loss there is one. */
static fit fit_of(const job *j, int i) {
    const row_source *source = &j->operation->source[i];
    if (is_integer(&j->source[i]))
        return FIT_ROWS;
    if (source->from == SET_DLOSS && j->set->reduction != SMX_REDUCTION_NONE)
        return FIT_ONE;
    return source->fit;
}

static bool open_source(job *j, int i) {
    const row_source *source = &j->operation->source[i];
    const char *path = i < j->named ? j->set->input[i] : j->set->text[source->from];
    return path == NULL || input_open(&j->source[i], path, source->dtypes);
}

static bool fit_source(job *j, int i) {
    input *in = &j->source[i];
    if (in->array.name == NULL)
        return true;
    return input_fit(in, &j->source[0], &j->rows, fit_of(j, i), is_integer(in) ? NPY_I8 : j->real);
}

static int open_sources(job *j) {
    if (!open_source(j, 0))
        return EXIT_FAILED;
    int status = find_axis(j);
    if (status != EXIT_OK)
        return status;
    bool wide = j->source[0].array.header.dtype == NPY_F8;
    j->real = wide || (j->set->text[SET_DTYPE] != NULL && j->set->dtype == NPY_F8) ? NPY_F8 : NPY_F4;
    for (int i = 0; i < MAX_SOURCES && j->operation->source[i].fit != FIT_NONE; i++) {
        if ((i > 0 && !open_source(j, i)) || !fit_source(j, i))
            return EXIT_FAILED;
    }
    status = logits_open(&j->logits, j->set, &j->source[0], &j->rows, j->real);
    if (status == EXIT_OK && j->operation->check != NULL)
        status = j->operation->check(j->set, j->source);
    return status;
}

static bool fit_result(job *j, int i) {
    const row_result *wanted = &j->operation->result[i];
    const char *path = wanted->to == SETTINGS ? NULL : j->set->text[wanted->to];
    if (wanted->allowed != NULL && !wanted->allowed(j->set))
        path = NULL;
    if (path == NULL && !wanted->always)
        return true;
    const input *like = &j->source[wanted->extent == EXTENT_VECTORS ? 1 : 0];
    npy_dtype asked = j->set->text[SET_DTYPE] != NULL ? j->set->dtype : j->source[0].array.header.dtype;
    bool real = wanted->dtype == NPY_F4;
    return result_fit(&j->result[i], wanted->extent, path, real ? j->real : wanted->dtype, real ? asked : wanted->dtype,
                      like, &j->rows);
}

static bool fit_results(job *j) {
    for (int i = 0; i < MAX_RESULTS && j->operation->result[i].extent != EXTENT_NONE; i++) {
        if (!fit_result(j, i))
            return false;
    }
    return true;
}

static bool open_results(job *j) {
    for (int i = 0; i < MAX_RESULTS; i++) {
        if (!result_open(&j->result[i]))
            return false;
    }
    return true;
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

/* How much of each axis a tile has. */
typedef struct plan {
    size_t outers, columns, length;
} plan;

static bool is_whole(const job *j) { return j->operation->whole != NULL && j->operation->whole(j->set); }

static plan make_plan(const job *j) {
    /* A block of this size keeps all threads busy, and is in the cache when it is written. */
    enum { ENOUGH = 8 << 20 };
    const layout *lay = lay_of(j);
    if (is_whole(j))
        return (plan){lay->outer, lay->inner, lay->n};
    size_t bytes = logits_row_bytes(&j->logits), most = 1;
    for (int i = 0; i < MAX_SOURCES; i++)
        bytes += input_row_bytes(&j->source[i]);
    for (int i = 0; i < MAX_RESULTS; i++) {
        bytes += result_row_bytes(&j->result[i]);
        most = greatest(most, result_row_bytes(&j->result[i]));
    }
    size_t n = greatest(1, lay->n), item = npy_item_size(j->real);
    size_t block = greatest(1, j->set->memory / (bytes / n + 1)), slab = n * greatest(1, lay->inner);
    if (slab <= block)
        return (plan){least(lay->outer, greatest(1, least(ENOUGH / (most / n + 1), block) / slab)), lay->inner, lay->n};
    /* Strips narrower than some pages would read the same pages again for each tile. */
    size_t strip = least(greatest(1, lay->inner), greatest(4096, block * item / 1024) / item);
    if (n <= block / strip || j->operation->parts == NULL || logits_given(j->set))
        return (plan){1, least(lay->inner, greatest(1, block / n)), lay->n};
    return (plan){1, strip, block / strip};
}

static bool is_cut(const job *j, const plan *p) { return p->length < j->rows.n; }

static bool allocate(job *j, const plan *p) {
    size_t rows = p->outers * p->columns;
    bool ok = logits_allocate(&j->logits, rows);
    for (int i = 0; i < MAX_SOURCES; i++)
        ok = ok && input_allocate(&j->source[i], rows, p->length);
    for (int i = 0; i < MAX_RESULTS; i++)
        ok = ok && result_allocate(&j->result[i], rows, p->length);
    if (ok && is_cut(j, p))
        ok = (j->stats = calloc(rows, sizeof *j->stats)) != NULL;
    if (!ok)
        complain(j->set->who, "%s", strerror(ENOMEM));
    return ok;
}

static row_call call_of(const job *j, const tile *t) {
    row_call call = {.real = j->real,
                     .rows = tile_rows(t),
                     .n = j->rows.n,
                     .first = t->outer * lay_of(j)->inner + t->column,
                     .space = &j->rows,
                     .source = j->source,
                     .options = &j->logits.options,
                     .set = j->set,
                     .state = j->state};
    for (int i = 0; i < MAX_SOURCES; i++)
        call.in[i] = j->source[i].data;
    for (int i = 0; i < MAX_RESULTS; i++)
        call.out[i] = j->result[i].data;
    return call;
}

static bool check(const job *j, smx_status status) {
    if (status != SMX_OK)
        complain_status(j->source[0].array.name, status);
    return status == SMX_OK;
}

static bool transform_tile(job *j, const tile *t) {
    for (int i = 0; i < MAX_SOURCES; i++) {
        if (!input_load(&j->source[i], &j->rows, lay_of(j), t))
            return false;
    }
    if (!logits_load(&j->logits, &j->rows, lay_of(j), t))
        return false;
    row_call call = call_of(j, t);
    if (!check(j, j->operation->rows(&call)))
        return false;
    for (int i = 0; i < MAX_SOURCES; i++)
        input_unload(&j->source[i], t);
    logits_unload(&j->logits, t);
    progress_add(tile_rows(t) * greatest(1, t->length));
    for (int i = 0; i < MAX_RESULTS; i++) {
        if (j->result[i].extent != EXTENT_ONE && !result_store(&j->result[i], &j->rows, lay_of(j), t))
            return false;
    }
    return true;
}

static bool survey_tile(job *j, const tile *t) {
    for (int i = 1; i < MAX_SOURCES; i++) {
        if (!input_is_tiled(&j->source[i]) && !input_load(&j->source[i], &j->rows, lay_of(j), t))
            return false;
    }
    row_call call = call_of(j, t);
    if (!j->operation->survey(&call))
        return false;
    for (int i = 1; i < MAX_SOURCES; i++) {
        if (!input_is_tiled(&j->source[i]))
            input_unload(&j->source[i], t);
    }
    return true;
}

static bool for_each_tile(job *j, const plan *p, bool (*work)(job *j, const tile *t)) {
    const layout *lay = lay_of(j);
    for (size_t o = 0; o < lay->outer; o += p->outers) {
        for (size_t c = 0; c < lay->inner; c += p->columns) {
            tile t = {o, least(p->outers, lay->outer - o), c, least(p->columns, lay->inner - c), 0, lay->n};
            bool ok = work != NULL ? work(j, &t)
                                   : parts_transform(j->operation->parts, &j->logits.options, j->source, &j->result[0],
                                                     &j->rows, &t, p->length, j->stats);
            if (!ok)
                return false;
        }
    }
    return true;
}

/* The results that are one number, after the last tile. */
static bool finish(job *j) {
    const tile none = {0};
    row_call call = call_of(j, &none);
    if (j->operation->finish != NULL && !check(j, j->operation->finish(&call)))
        return false;
    for (int i = 0; i < MAX_RESULTS; i++) {
        if (j->result[i].extent == EXTENT_ONE && !result_store(&j->result[i], &j->rows, lay_of(j), &none))
            return false;
    }
    return true;
}

static bool transform_all(job *j) {
    plan p = make_plan(j);
    j->state = calloc(1, j->operation->state_bytes + 1);
    if (j->state == NULL || !allocate(j, &p))
        return false;
    /* Nothing is written, not even to a stream, before all labels are known to be good. */
    if ((j->operation->survey != NULL && !for_each_tile(j, &p, survey_tile)) || !open_results(j))
        return false;
    bool cut = is_cut(j, &p);
    progress_start(j->set->who, (uint64_t)j->rows.rows * greatest(1, j->rows.n) * (cut ? PARTS_PASSES : 1));
    const tile all = {.outers = p.outers, .columns = p.columns, .length = p.length};
    bool ok = is_whole(j) ? transform_tile(j, &all) : for_each_tile(j, &p, cut ? NULL : transform_tile);
    return ok && finish(j);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

/* None is put in its place before all are whole. */
static bool commit(job *j) {
    bool ok = true;
    for (int i = 0; i < MAX_RESULTS; i++)
        ok = ok && (!j->result[i].is_open || output_complete(&j->result[i].out));
    for (int i = 0; i < MAX_RESULTS; i++)
        ok = ok && (!j->result[i].is_open || output_commit(&j->result[i].out));
    return ok;
}

static bool writes_to_stdout(const job *j) {
    for (int i = 0; i < MAX_RESULTS; i++) {
        if (j->result[i].is_open && strcmp(j->result[i].out.name, "standard output") == 0)
            return true;
    }
    return false;
}

static int run(job *j) {
    int status = open_sources(j);
    if (status != EXIT_OK)
        return status;
    bool done = fit_results(j) && transform_all(j);
    progress_clear();
    if (done && commit(j)) {
        const tile none = {0};
        row_call call = call_of(j, &none);
        if (j->operation->report != NULL && !writes_to_stdout(j))
            j->operation->report(&call);
        return EXIT_OK;
    }
    for (int i = 0; i < MAX_RESULTS; i++) {
        if (j->result[i].is_open)
            output_discard(&j->result[i].out);
    }
    return EXIT_FAILED;
}

int transform(const command *cmd, const settings *set) {
    job j = {.operation = cmd->operation, .set = set, .named = cmd->inputs};
    int status = run(&j);
    for (int i = 0; i < MAX_SOURCES; i++)
        input_close(&j.source[i]);
    for (int i = 0; i < MAX_RESULTS; i++)
        result_free(&j.result[i]);
    logits_close(&j.logits);
    free(j.stats);
    free(j.state);
    return status;
}
