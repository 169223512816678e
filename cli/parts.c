#include "parts.h"

#include "progress.h"

typedef enum pass { PASS_MAX, PASS_SUM, PASS_FINISH } pass;

static bool take_part(const job *j, pass step, size_t n, const void *const *in, row_stats *stats, void *out) {
    const row_parts *parts = j->operation->parts;
    const smx_options *options = &j->logits.options;
    row_stats part = *stats;
    if (step == PASS_FINISH)
        return job_check(j, parts->part_finish(j->real, n, in, stats, out, options));
    if (step == PASS_SUM && !job_check(j, parts->part_sum(j->real, n, in, j->rows.n, &part, options)))
        return false;
    if (step == PASS_MAX && !job_check(j, parts->part_max(j->real, n, in, &part)))
        return false;
    return job_check(j, parts->merge(j->real, stats, &part));
}

static bool take_tile(job *j, pass step, const tile *t) {
    if (!job_load(j, t))
        return false;
    size_t bytes = t->length * npy_item_size(j->real);
    for (size_t row = 0; row < tile_rows(t); row++) {
        const void *in[MAX_INPUTS];
        for (int i = 0; i < j->operation->parts->inputs; i++)
            in[i] = (const char *)j->source[i].data + row * bytes;
        if (!take_part(j, step, t->length, in, &j->stats[row], (char *)j->result[0].data + row * bytes))
            return false;
    }
    job_unload(j, t);
    progress_add(tile_rows(t) * t->length);
    return step != PASS_FINISH || job_store(j, t);
}

bool compute_in_parts(job *j, const tile *rows, size_t length) {
    const void *nothing[MAX_INPUTS] = {NULL};
    for (size_t row = 0; row < tile_rows(rows); row++) {
        if (!job_check(j, j->operation->parts->part_max(j->real, 0, nothing, &j->stats[row])))
            return false;
    }
    for (int step = PASS_MAX; step <= PASS_FINISH; step++) {
        for (tile t = *rows; t.first < j->rows.n; t.first += t.length) {
            t.length = j->rows.n - t.first < length ? j->rows.n - t.first : length;
            if (!take_tile(j, (pass)step, &t))
                return false;
        }
    }
    return true;
}
