#include "masks.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

enum { MORE = 10 }; /* strides are less than that larger than n */

static void *memory(size_t bytes) {
    void *a = malloc(bytes ? bytes : 1);
    assert_non_null(a);
    return a;
}

/* As base.h has it: row (k / every) % rows. */
static size_t mask_row(size_t k, size_t rows, size_t every) {
    size_t row = k / (every ? every : 1);
    return rows ? row % rows : row;
}

static const double scales[] = {1, -1, 0.5, 2, 1.7, -0.3, 0x1p-10, 30, -1e4};

static double random_scale(rng *r) { return scales[rng_below(r, sizeof scales / sizeof *scales)]; }

static double random_addend(const dtype *t, size_t kind, rng *r) {
    if (rng_below(r, 4) == 0) {
        return -INFINITY;
    }
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return -(double)rng_below(r, 100);
    case 2:
        return rng_below(r, 9) ? rng_uniform(r, -1, 1) * t->max : -0.0;
    default:
        return 10 * rng_normal(r);
    }
}

static void random_repeat(size_t rows, size_t *limit, size_t *every, rng *r) {
    *limit = rng_below(r, 3) ? rng_below(r, rows + 2) : 0;
    *every = rng_below(r, 4);
}

/* More rows than any call reads. */
static size_t rows_of(size_t rows, size_t limit) { return limit ? limit : rows + 1; }

static void add_random(masks *m, rng *r) {
    const dtype *t = m->t;
    random_repeat(m->rows, &m->opt.add_rows, &m->opt.add_every, r);
    size_t count = rows_of(m->rows, m->opt.add_rows), kind = rng_below(r, 4), ld = m->n + rng_below(r, MORE);
    m->add = memory(count * ld * t->size);
    for (size_t i = 0; i < count * ld; i++) {
        t->store(m->add, i, i % ld < m->n ? random_addend(t, kind, r) : NAN);
    }
    m->opt.add = m->add;
    m->opt.add_ld = ld;
}

/* Few zeros, many, or rows of nothing else. */
static void keep_random(masks *m, rng *r) {
    random_repeat(m->rows, &m->opt.keep_rows, &m->opt.keep_every, r);
    size_t count = rows_of(m->rows, m->opt.keep_rows), ld = m->n + rng_below(r, MORE);
    m->keep = memory(count * ld);
    for (size_t k = 0; k < count; k++) {
        size_t density = rng_below(r, 12);
        for (size_t i = 0; i < ld; i++) {
            m->keep[k * ld + i] = rng_below(r, 10) < density ? (uint8_t)(1 + rng_below(r, 255)) : 0;
        }
    }
    m->opt.keep = m->keep;
    m->opt.keep_ld = ld;
}

static void lengths_random(masks *m, rng *r) {
    random_repeat(m->rows, &m->opt.lengths_rows, &m->opt.lengths_every, r);
    size_t count = rows_of(m->rows, m->opt.lengths_rows);
    m->lengths = memory(count * sizeof *m->lengths);
    for (size_t k = 0; k < count; k++) {
        m->lengths[k] = (int64_t)(rng_below(r, 4) ? rng_below(r, m->n + 1) : m->n);
    }
    m->opt.lengths = m->lengths;
}

static int64_t random_side(size_t n, rng *r) {
    static const int64_t sides[] = {-1, 0, 1, INT64_MAX, INT64_MIN};
    return rng_below(r, 2) ? sides[rng_below(r, 5)] : (int64_t)rng_below(r, n + 4);
}

static void window_random(masks *m, rng *r) {
    m->opt.use_window = 1;
    m->opt.window_left = random_side(m->n, r);
    m->opt.window_right = random_side(m->n, r);
}

static double random_slope(const dtype *t, rng *r) {
    switch (rng_below(r, 8)) {
    case 0:
        return 0;
    case 1:
        return rng_uniform(r, -1, 1) * t->max;
    case 2:
        return rng_uniform(r, -1, 1) * t->min_normal;
    case 3:
        return 1000 * rng_normal(r);
    case 4:
        return -rng_uniform(r, 0, 1);
    default:
        return ldexp(1 + (double)rng_below(r, 2) * rng_uniform(r, 0, 1), -(int)rng_below(r, 12));
    }
}

static double random_sink(const dtype *t, rng *r) {
    static const double special[] = {-INFINITY, INFINITY, NAN, 0, -0.0};
    switch (rng_below(r, 8)) {
    case 0:
        return special[rng_below(r, 5)];
    case 1:
        return rng_uniform(r, -1, 1) * t->max;
    case 2:
        return -INFINITY;
    case 3:
        return 300 * rng_normal(r);
    default:
        return 4 * rng_normal(r);
    }
}

/* One number for each row of a mask. */
static void *numbers_random(const masks *m, size_t *limit, size_t *every, double (*number)(const dtype *t, rng *r),
                            rng *r) {
    random_repeat(m->rows, limit, every, r);
    size_t count = rows_of(m->rows, *limit);
    void *a = memory(count * m->t->size);
    for (size_t k = 0; k < count; k++) {
        m->t->store(a, k, number(m->t, r));
    }
    return a;
}

static double random_softcap(rng *r) {
    static const double caps[] = {0x1p-10, 0x1p15, 50, 30, 1, 0.1};
    return rng_below(r, 2) ? caps[rng_below(r, 6)] : exp(rng_uniform(r, -2, 6));
}

masks masks_random(const dtype *t, size_t rows, size_t n, int what, rng *r) {
    masks m = {.t = t, .rows = rows, .n = n, .opt = {.size = sizeof m.opt, .threads = 1}};
    if (what & (OPTION_SCALE | OPTION_SCALE_ROWS)) {
        m.opt.scale_stride = (what & OPTION_SCALE_ROWS) != 0;
        m.scale = memory(t->size * (rows + 1));
        for (size_t k = 0; k <= rows; k++) {
            t->store(m.scale, k, random_scale(r));
        }
        m.opt.scale = m.scale;
    }
    if (what & OPTION_ADD) {
        add_random(&m, r);
    }
    if (what & OPTION_KEEP) {
        keep_random(&m, r);
    }
    if (what & OPTION_LENGTHS) {
        lengths_random(&m, r);
    }
    if (what & OPTION_CAUSAL) {
        m.opt.causal = rng_below(r, 2) ? SMX_CAUSAL_TOP_LEFT : SMX_CAUSAL_BOTTOM_RIGHT;
    }
    if (what & (OPTION_CAUSAL | OPTION_WINDOW | OPTION_ALIBI)) {
        m.opt.queries = 1 + rng_below(r, rng_below(r, 2) ? rows : n + 3);
    }
    if (what & OPTION_WINDOW) {
        window_random(&m, r);
    }
    if (what & OPTION_ALIBI) {
        m.opt.alibi = m.alibi = numbers_random(&m, &m.opt.alibi_rows, &m.opt.alibi_every, random_slope, r);
    }
    if (what & OPTION_SOFTCAP) {
        m.opt.softcap = random_softcap(r);
    }
    if (what & OPTION_SINK) {
        m.opt.sink = m.sink = numbers_random(&m, &m.opt.sink_rows, &m.opt.sink_every, random_sink, r);
    }
    return m;
}

void masks_free(masks *m) {
    free(m->scale), free(m->add), free(m->keep), free(m->lengths), free(m->alibi), free(m->sink);
}

int masks_choice(const function *f, rng *r) {
    int what = rng_below(r, 4) ? (int)rng_below(r, OPTIONS_ALL + 1) : 0;
    what = (what & f->takes) | f->needs;
    return what & OPTION_SCALE_ROWS ? what & ~OPTION_SCALE : what;
}

const smx_options *masks_options(const masks *m, const function *f) { return f->takes ? &m->opt : NULL; }

int64_t masks_position(const masks *m, size_t k) {
    const smx_options *o = &m->opt;
    int64_t query = o->queries ? (int64_t)(k % o->queries) : 0;
    return o->causal == SMX_CAUSAL_BOTTOM_RIGHT ? query + (int64_t)m->n - (int64_t)o->queries : query;
}

static int keeps_by_place(const masks *m, size_t k, size_t i) {
    const smx_options *o = &m->opt;
    int64_t behind = (int64_t)i - masks_position(m, k); /* the query */
    return !(o->causal != SMX_CAUSAL_NONE && behind > 0) &&
           !(o->use_window && o->window_right >= 0 && behind > o->window_right) &&
           !(o->use_window && o->window_left >= 0 && -behind > o->window_left);
}

double masks_added(const masks *m, size_t k, size_t i) {
    const smx_options *o = &m->opt;
    return o->add ? m->t->load(o->add, mask_row(k, o->add_rows, o->add_every) * o->add_ld + i) : 0;
}

int masks_keep(const masks *m, size_t k, size_t i) {
    const smx_options *o = &m->opt;
    return !(masks_added(m, k, i) == -INFINITY) &&
           (!o->keep || o->keep[mask_row(k, o->keep_rows, o->keep_every) * o->keep_ld + i] != 0) &&
           (!o->lengths || (int64_t)i < o->lengths[mask_row(k, o->lengths_rows, o->lengths_every)]) &&
           keeps_by_place(m, k, i);
}

int masks_can_be_alone(const masks *m, size_t k) {
    int64_t position = masks_position(m, k);
    return !m->opt.alibi || position == 0 || (m->opt.causal != SMX_CAUSAL_NONE && position < (int64_t)m->n);
}

/* The one number that row k has of `count` that repeat, if there are any. */
static void *number_of_row(const dtype *t, const void *a, size_t k, size_t rows, size_t every) {
    void *number = a ? memory(t->size) : NULL;
    if (a) {
        t->store(number, 0, t->load(a, mask_row(k, rows, every)));
    }
    return number;
}

static void write_out_numbers(const masks *m, size_t k, masks *row) {
    const smx_options *o = &m->opt;
    row->opt.alibi = row->alibi = number_of_row(m->t, o->alibi, k, o->alibi_rows, o->alibi_every);
    row->opt.sink = row->sink = number_of_row(m->t, o->sink, k, o->sink_rows, o->sink_every);
    row->opt.alibi_rows = row->opt.alibi_every = row->opt.sink_rows = row->opt.sink_every = 0;
    row->position = masks_position(m, k);
    if (row->alibi) {
        int at_last = row->position != 0 && masks_can_be_alone(m, k);
        row->opt.causal = at_last ? SMX_CAUSAL_BOTTOM_RIGHT : SMX_CAUSAL_NONE;
        row->opt.queries = at_last ? (size_t)((int64_t)m->n - row->position) : 1;
    }
}

masks masks_of_row(const masks *m, size_t k, const size_t *perm) {
    const dtype *t = m->t;
    masks row = {.t = t, .rows = 1, .n = m->n, .opt = m->opt};
    row.opt.lengths = NULL;
    row.opt.lengths_rows = row.opt.lengths_every = 0;
    row.opt.causal = SMX_CAUSAL_NONE;
    row.opt.queries = 0;
    row.opt.use_window = 0;
    row.opt.window_left = row.opt.window_right = 0;
    write_out_numbers(m, k, &row);
    if (perm) {
        row.opt.alibi = NULL;
        row.opt.causal = SMX_CAUSAL_NONE;
        row.opt.queries = 0;
    }
    if (m->scale) {
        row.scale = memory(t->size);
        t->store(row.scale, 0, t->load(m->scale, m->opt.scale_stride * k));
        row.opt.scale = row.scale;
    }
    row.keep = memory(m->n);
    row.opt.keep = row.keep;
    row.opt.keep_ld = m->n;
    row.opt.keep_rows = 1;
    row.opt.keep_every = 0;
    if (m->add) {
        row.add = memory(m->n * t->size);
        row.opt.add = row.add;
        row.opt.add_ld = m->n;
        row.opt.add_rows = 1;
        row.opt.add_every = 0;
    }
    for (size_t i = 0; i < m->n; i++) {
        size_t from = perm ? perm[i] : i;
        row.keep[i] = masks_keep(m, k, from) != 0;
        if (m->add) {
            t->store(row.add, i, row.keep[i] ? masks_added(m, k, from) : NAN);
        }
    }
    return row;
}
