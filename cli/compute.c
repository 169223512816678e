#include "compute.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "message.h"
#include "parts.h"
#include "plan.h"
#include "progress.h"

static bool in_parts(const job *j, const plan *p) { return p->length < j->rows.n; }
static bool in_strips(const job *j, const plan *p) { return p->strip < j->rows.n; }

static bool allocate(job *j, const plan *p) {
    size_t rows = p->outers * p->columns;
    j->state = calloc(1, j->operation->state_bytes + 1);
    bool ok = j->state != NULL && logits_allocate(&j->logits, rows);
    for (int i = 0; i < MAX_SOURCES; i++)
        ok = ok && input_allocate(&j->source[i], rows, p->length);
    for (int i = 0; i < MAX_RESULTS; i++)
        ok = ok && result_allocate(&j->result[i], rows, in_strips(j, p) ? p->strip : p->length);
    if (ok && in_parts(j, p))
        ok = (j->stats = calloc(rows, sizeof *j->stats)) != NULL;
    if (!ok)
        complain(j->set->who, "%s", strerror(ENOMEM));
    return ok;
}

/* Nothing is written, not even to a stream, before all labels are known to be good. */
static bool survey_tile(job *j, const plan *p, const tile *t) {
    (void)p;
    for (int i = 1; i < MAX_SOURCES; i++) {
        if (!input_is_tiled(&j->source[i]) && !input_load(&j->source[i], &j->rows, job_layout(j), t))
            return false;
    }
    row_call call = job_call(j, t);
    if (!j->operation->survey(&call))
        return false;
    for (int i = 1; i < MAX_SOURCES; i++) {
        if (!input_is_tiled(&j->source[i]))
            input_unload(&j->source[i], t);
    }
    return true;
}

/* The matrix of one row, some of its rows at a time. */
static bool compute_in_strips(job *j, const plan *p, const tile *row) {
    row_call call = job_call(j, row);
    for (tile strip = *row; strip.first < j->rows.n; strip.first += strip.length) {
        strip.length = least(p->strip, j->rows.n - strip.first);
        if (!job_check(j, j->operation->strip(&call, strip.first, strip.length)) || !job_store(j, &strip))
            return false;
        progress_add(strip.length);
    }
    job_unload(j, row);
    return true;
}

static bool compute_tile(job *j, const plan *p, const tile *t) {
    if (in_parts(j, p))
        return compute_in_parts(j, t, p->length);
    if (!job_load(j, t))
        return false;
    if (in_strips(j, p))
        return compute_in_strips(j, p, t);
    row_call call = job_call(j, t);
    if (!job_check(j, j->operation->rows(&call)))
        return false;
    job_unload(j, t);
    progress_add(tile_rows(t) * greatest(1, t->length));
    return job_store(j, t);
}

static bool for_each_tile(job *j, const plan *p, bool (*work)(job *j, const plan *p, const tile *t)) {
    const layout *lay = job_layout(j);
    for (size_t o = 0; o < lay->outer; o += p->outers) {
        for (size_t c = 0; c < lay->inner; c += p->columns) {
            tile t = {o, least(p->outers, lay->outer - o), c, least(p->columns, lay->inner - c), 0, lay->n};
            if (!work(j, p, &t))
                return false;
        }
    }
    return true;
}

/* An operation that must see all rows at once sees none, too. */
static bool compute_tiles(job *j, const plan *p) {
    if (j->operation->whole == NULL || !j->operation->whole(j->set))
        return for_each_tile(j, p, compute_tile);
    const tile all = {.outers = p->outers, .columns = p->columns, .length = p->length};
    return compute_tile(j, p, &all);
}

/* The results of one number, after the last tile. */
static bool finish(job *j) {
    row_call call = job_call(j, NULL);
    return (j->operation->finish == NULL || job_check(j, j->operation->finish(&call))) && job_store(j, NULL);
}

static bool compute_all(job *j) {
    plan p = make_plan(j);
    if (!allocate(j, &p) || (j->operation->survey != NULL && !for_each_tile(j, &p, survey_tile)) ||
        !job_open_results(j))
        return false;
    uint64_t numbers = (uint64_t)j->rows.rows * greatest(1, j->rows.n);
    progress_start(j->set->who, numbers * (in_parts(j, &p) ? PARTS_PASSES : 1));
    return compute_tiles(j, &p) && finish(j);
}

int compute(const row_operation *operation, const settings *set, int named) {
    job j = {.operation = operation, .set = set, .named = named};
    int status = job_open(&j);
    if (status == EXIT_OK) {
        bool done = compute_all(&j);
        progress_clear();
        status = done && job_commit(&j) ? EXIT_OK : EXIT_FAILED;
    }
    if (status == EXIT_OK && operation->report != NULL && !job_writes_to_stdout(&j)) {
        row_call call = job_call(&j, NULL);
        operation->report(&call);
    }
    job_close(&j);
    return status;
}
