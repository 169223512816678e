#include "job.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "message.h"

_Static_assert((int)MAX_RESULTS <= (int)CLEANUP_FILES, "a temporary file for each result must fit the record");
_Static_assert((int)MAX_SOURCES + (int)LOGITS_INPUTS <= (int)CLEANUP_MAPS,
               "each input that may be mapped must fit the record");

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

/* Whether each axis is one of those of --axis. */
static int mark_axes(const job *j, long ndim, bool marked[static NPY_MAX_DIMS]) {
    const char *name = j->source[0].array.name;
    for (int i = 0; i < j->set->axes; i++) {
        long axis = j->set->axis[i];
        if (axis < -ndim || axis >= ndim)
            return complain_usage(j->set->who, "--axis %ld is out of range for %s, which has %ld dimension%s", axis,
                                  name, ndim, ndim == 1 ? "" : "s");
        axis += axis < 0 ? ndim : 0;
        if (marked[axis])
            return complain_usage(j->set->who, "--axis names axis %ld of %s twice", axis, name);
        marked[axis] = true;
    }
    for (long i = 0; i < ndim && j->set->axes == 0; i++)
        marked[i] = true;
    return EXIT_OK;
}

/* An index into a row counts in C order, which a row along several axes of an array in Fortran order does not. */
static bool has_indices(const row_operation *operation) {
    for (int i = 0; i < MAX_RESULTS; i++) {
        if (operation->result[i].dtype == NPY_I8)
            return true;
    }
    return false;
}

static int find_axes(job *j) {
    const npy_header *header = &j->source[0].whole;
    const char *name = j->source[0].array.name;
    bool marked[NPY_MAX_DIMS + 1] = {false};
    if (header->ndim == 0 && j->set->axes != 0)
        return complain(name, "the array has no dimensions, and so no axis");
    int status = mark_axes(j, (long)header->ndim, marked);
    if (status != EXIT_OK)
        return status;
    size_t axis = 0, axes = 0, last = header->ndim;
    while (axis < header->ndim && !marked[axis])
        axis++;
    while (marked[axis + axes])
        axes++;
    while (last > 0 && !marked[last - 1])
        last--;
    if (axis + axes != last)
        return complain_usage(j->set->who, "the axes of --axis must be neighbours; np.moveaxis brings them together");
    if (axes > 1 && header->fortran_order && has_indices(j->operation))
        return complain(name, "it is in Fortran order; along several axes it must be in C order");
    j->rows = space_along(header, axis, axes);
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
    return path == NULL || input_open(&j->source[i], path, source->dtypes == 0 ? NPY_REALS : source->dtypes);
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
    int status = find_axes(j);
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
    const result_types types = {wanted->dtype == 0 ? j->real : wanted->dtype,
                                wanted->dtype == 0 ? asked : wanted->dtype};
    j->result[i].keepdims = j->set->text[SET_KEEPDIMS] != NULL;
    return result_fit(&j->result[i], wanted->extent, path, types, like, &j->rows);
}

int job_open(job *j) {
    int status = open_sources(j);
    for (int i = 0; status == EXIT_OK && i < MAX_RESULTS && j->operation->result[i].extent != EXTENT_NONE; i++) {
        if (!fit_result(j, i))
            status = EXIT_FAILED;
    }
    return status;
}

bool job_open_results(job *j) {
    for (int i = 0; i < MAX_RESULTS; i++) {
        if (!result_open(&j->result[i]))
            return false;
    }
    return true;
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

bool job_load(job *j, const tile *t) {
    for (int i = 0; i < MAX_SOURCES; i++) {
        if (!input_load(&j->source[i], &j->rows, job_layout(j), t))
            return false;
    }
    return logits_load(&j->logits, &j->rows, job_layout(j), t);
}

void job_unload(const job *j, const tile *t) {
    for (int i = 0; i < MAX_SOURCES; i++)
        input_unload(&j->source[i], t);
    logits_unload(&j->logits, t);
}

bool job_store(job *j, const tile *t) {
    const tile none = {0};
    for (int i = 0; i < MAX_RESULTS; i++) {
        bool of_one = j->result[i].extent == EXTENT_ONE;
        if (of_one == (t == NULL) && !result_store(&j->result[i], &j->rows, job_layout(j), of_one ? &none : t))
            return false;
    }
    return true;
}

row_call job_call(const job *j, const tile *t) {
    row_call call = {.real = j->real,
                     .rows = t == NULL ? 0 : tile_rows(t),
                     .n = j->rows.n,
                     .first = t == NULL ? 0 : t->outer * job_layout(j)->inner + t->column,
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

bool job_check(const job *j, smx_status status) {
    if (status != SMX_OK)
        complain_status(j->source[0].array.name, status);
    return status == SMX_OK;
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

bool job_commit(job *j) {
    bool ok = true;
    for (int i = 0; i < MAX_RESULTS; i++)
        ok = ok && (!j->result[i].is_open || output_complete(&j->result[i].out));
    for (int i = 0; i < MAX_RESULTS; i++)
        ok = ok && (!j->result[i].is_open || output_commit(&j->result[i].out));
    return ok;
}

bool job_writes_to_stdout(const job *j) {
    for (int i = 0; i < MAX_RESULTS; i++) {
        if (j->result[i].is_open && strcmp(j->result[i].out.name, "standard output") == 0)
            return true;
    }
    return false;
}

void job_close(job *j) {
    for (int i = 0; i < MAX_SOURCES; i++)
        input_close(&j->source[i]);
    for (int i = 0; i < MAX_RESULTS; i++)
        result_close(&j->result[i]);
    logits_close(&j->logits);
    free(j->stats);
    free(j->state);
}
