#include "reference_rows.h"

#include <math.h>

#include "check.h"
#include "edges.h"
#include "fill.h"

static const size_t long_rows[] = {600, 3000};
enum { SHORT_UP_TO = REFERENCE_SIZES - sizeof long_rows / sizeof *long_rows };
_Static_assert((int)REFERENCE_X_KINDS == (int)FILL_X_KINDS + (int)EDGE_X_KINDS + 1, "one kind is this file's own");

size_t reference_size(size_t i) { return i < SHORT_UP_TO ? i + 1 : long_rows[i - SHORT_UP_TO]; }

size_t reference_rows(size_t n) { return n <= 40 ? 17 : 3; }

/* One entry above the others by a margin of any size, so that the row is nearly certain. */
static void fill_certain(const dtype *t, void *x, size_t n, rng *r) {
    double margin = rng_uniform(r, 0, 1.1 * t->underflow), base = rng_below(r, 2) ? 0 : 40 * rng_normal(r);
    for (size_t j = 0; j < n; j++) {
        t->store(x, j, base - margin - (rng_below(r, 3) ? rng_uniform(r, 0, 3) : 0));
    }
    t->store(x, rng_below(r, n), base);
}

const char *reference_x_name(size_t kind) {
    return kind < FILL_X_KINDS                  ? fill_x_name(kind)
           : kind < FILL_X_KINDS + EDGE_X_KINDS ? edge_x_name(kind - FILL_X_KINDS)
                                                : "nearly certain";
}

void reference_fill(const dtype *t, void *x, size_t n, size_t kind, rng *r) {
    if (kind < FILL_X_KINDS) {
        fill_x(t, x, n, kind, r);
    } else if (kind < FILL_X_KINDS + EDGE_X_KINDS) {
        edge_x(t, x, n, kind - FILL_X_KINDS, r);
    } else {
        fill_certain(t, x, n, r);
    }
}

static const double scales[] = {1, -1, 0.5, 1.0 / 3, 7, 1e6, -1e-6, 0x1p64, 0x1p-64};

masks reference_masks(const dtype *t, size_t rows, size_t n, int takes, rng *r) {
    int what = rng_below(r, 3) ? (int)rng_below(r, OPTIONS_ALL + 1) & takes : 0;
    masks m = masks_random(t, rows, n, what, r);
    for (size_t k = 0; k < rows && m.scale; k++) {
        t->store(m.scale, k, scales[rng_below(r, sizeof scales / sizeof *scales)]);
    }
    m.opt.plus_inf = rng_below(r, 2) ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
    m.opt.minus_inf_row = rng_below(r, 2) ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
    return m;
}

reference_options reference_options_of(const masks *row) {
    reference_options opt = {.scale = row->scale ? row->t->load(row->scale, 0) : 1,
                             .add = row->add,
                             .keep = row->keep,
                             .softcap = row->opt.softcap,
                             .alibi = row->alibi ? row->t->load(row->alibi, 0) : 0,
                             .position = row->position,
                             .sink = row->sink,
                             .plus_inf = row->opt.plus_inf,
                             .minus_inf_row = row->opt.minus_inf_row};
    return opt;
}

double reference_gradient(const dtype *t, rng *r) {
    switch (rng_below(r, 60)) {
    case 0:
        return NAN;
    case 1:
        return INFINITY;
    case 2:
        return rng_uniform(r, -1, 1) * t->max * (t == &dtype_f32 ? 1 : 0x1p-70);
    case 3:
        return rng_uniform(r, -1, 1) * t->min_normal;
    case 4:
        return rng_below(r, 2) ? 0.0 : -0.0;
    default:
        return rng_normal(r);
    }
}
