#include "parts.h"

#include "message.h"
#include "progress.h"
#include "settings.h"

typedef enum pass { PASS_MAX, PASS_SUM, PASS_FINISH } pass;

typedef struct work {
    const row_parts *parts;
    const smx_options *options;
    input *in;
    result *out;
    const space *rows;
} work;

static bool check(const work *w, smx_status status) {
    if (status != SMX_OK)
        complain_status(w->in[0].array.name, status);
    return status == SMX_OK;
}

static bool take_part(const work *w, pass step, size_t n, const void *const *in, row_stats *stats, void *out) {
    npy_dtype real = w->out->as;
    row_stats part = *stats;
    if (step == PASS_FINISH)
        return check(w, w->parts->part_finish(real, n, in, stats, out, w->options));
    if (step == PASS_SUM && !check(w, w->parts->part_sum(real, n, in, w->rows->n, &part, w->options)))
        return false;
    if (step == PASS_MAX && !check(w, w->parts->part_max(real, n, in, &part)))
        return false;
    return check(w, w->parts->merge(real, stats, &part));
}

static bool take_tile(const work *w, pass step, const tile *t, row_stats *stats) {
    const layout *lay = &w->in[0].lay;
    for (int i = 0; i < w->parts->inputs; i++) {
        if (!input_load(&w->in[i], w->rows, lay, t))
            return false;
    }
    size_t bytes = t->length * npy_item_size(w->out->as);
    for (size_t row = 0; row < tile_rows(t); row++) {
        const void *in[MAX_INPUTS];
        for (int i = 0; i < w->parts->inputs; i++)
            in[i] = (const char *)w->in[i].data + row * bytes;
        if (!take_part(w, step, t->length, in, &stats[row], (char *)w->out->data + row * bytes))
            return false;
    }
    for (int i = 0; i < w->parts->inputs; i++)
        input_unload(&w->in[i], t);
    progress_add(tile_rows(t) * t->length);
    return step != PASS_FINISH || result_store(w->out, w->rows, lay, t);
}

bool parts_transform(const row_parts *parts, const smx_options *options, input *in, result *out, const space *rows,
                     const tile *whole, size_t length, row_stats *stats) {
    const work w = {parts, options, in, out, rows};
    const void *nothing[MAX_INPUTS] = {NULL};
    for (size_t row = 0; row < tile_rows(whole); row++) {
        if (!check(&w, parts->part_max(out->as, 0, nothing, &stats[row])))
            return false;
    }
    for (int step = PASS_MAX; step <= PASS_FINISH; step++) {
        for (tile t = *whole; t.first < rows->n; t.first += t.length) {
            t.length = rows->n - t.first < length ? rows->n - t.first : length;
            if (!take_tile(&w, (pass)step, &t, stats))
                return false;
        }
    }
    return true;
}
