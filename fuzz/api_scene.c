#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/fill.h"

/* The bytes of an input, taken one after the other; zeros after its end. */
typedef struct bytes {
    const uint8_t *at, *end;
} bytes;

static uint64_t take(bytes *b, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count && b->at < b->end; i++) {
        value |= (uint64_t)*b->at++ << 8 * i;
    }
    return value;
}

/* Below bound, which is below 2^16. */
static size_t take_below(bytes *b, size_t bound) { return (size_t)take(b, bound > 256 ? 2 : 1) % bound; }

/* ---- The function ---- */

static double take_number(bytes *b) {
    static const double numbers[] = {0, 0.125, 1,      0.5,  0.3,       20,       3,   0x1p-10, 0x1p15,
                                     2, -1,    0x1p64, 1e30, -INFINITY, INFINITY, NAN, 0x1p-11, 1.5};
    return numbers[take_below(b, sizeof numbers / sizeof *numbers)];
}

/* Mostly what is accepted: the first of so many numbers. */
static double take_setting(bytes *b) { return take_below(b, 16) != 0 ? (double)take_below(b, 5) / 4 : take_number(b); }

/* Drops outputs, and inputs that may be absent; sets everything that is no array. */
static void vary_cross_entropy(function *f, bytes *b) {
    uint64_t dropped = take(b, 2);
    for (size_t i = CE_LOSS; i < ARGUMENTS_MAX; i++) {
        if ((dropped >> (i - CE_LOSS) & 1) != 0) {
            f->arguments[i].form = FORM_NONE;
        }
    }
    if (take_below(b, 2) != 0) {
        return; /* the settings that the table has */
    }
    f->ce.reduction = (smx_reduction)take_below(b, 3);
    f->ce.empty_mean = (smx_empty_mean)take_below(b, 2);
    f->ce.smoothing = take_setting(b);
    f->ce.z_loss = take_setting(b);
    f->ce.softcap = take_below(b, 2) != 0 ? take_number(b) : 0;
    f->ce.use_ignore_index = (int)take_below(b, 2);
    f->ce.ignore_index = f->ce.use_ignore_index ? (int64_t)take_below(b, 8) - 4 : 0;
    f->run = loss_operation(&f->ce);
    f->arguments[CE_DLOSS].form = take_below(b, 3) == 0 ? FORM_NONE : smx_operations[f->run].argument[CE_DLOSS].form;
    f->arguments[CE_CLASS_WEIGHTS].form = take_below(b, 2) != 0 ? FORM_CLASSES : FORM_NONE;
    if (f->ce.reduction == SMX_REDUCTION_NONE) {
        f->arguments[CE_REDUCED].form = FORM_NONE;
    }
}

/* ---- The shape ---- */

/* Around the ends of vectors, of blocks, and of what the sum takes at once. */
static size_t take_length(bytes *b, size_t longest) {
    static const size_t edges[] = {255, 256, 257,  300,  383,  384,  385,  511,  512, 513,
                                   767, 769, 1023, 1024, 1025, 1536, 2047, 2049, 4100};
    size_t n = take_below(b, 256);
    if (n >= 200) {
        n = edges[(n - 200) % (sizeof edges / sizeof *edges)];
    }
    return n < longest ? n : longest;
}

/* Threads are woken for some ten thousands of elements: one call in 128 has them. */
static void take_shape(const function *f, bytes *b, size_t *rows, size_t *n) {
    enum { FEW = 600, MANY = 40000, WIDEST_MATRIX = 67 };
    size_t choice = take_below(b, 256);
    *n = take_length(b, has_matrices(f) ? WIDEST_MATRIX : SIZE_MAX);
    if (choice == 254 && !has_matrices(f)) {
        *rows = 1;
        *n += MANY;
    } else if (choice == 255) {
        *rows = MANY / (*n * (has_matrices(f) ? *n : 1) + 1) + 1;
    } else {
        *rows = choice % (*n < 24 ? FEW / (*n + 10) : FEW / *n + 3);
    }
    if (f->needs != 0 && *rows == 0) {
        *rows = 1;
    }
}

/* ---- The numbers ---- */

/* A number that kernels may trip over, or any. */
static uint64_t take_bits(const dtype *t, bytes *b) {
    static const uint64_t f32[] = {0,          0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001,
                                   0x7f7fffff, 0xff7fffff, 1,          0x80000001, 0x00800000, 0x007fffff, 0x3f800000,
                                   0xbf800000, 0x42b00000, 0xc2cff1b5, 0x477fff00, 0xc7800000, 0x5f800000, 0x1f800000};
    static const uint64_t f64[] = {0,
                                   0x8000000000000000,
                                   0x7ff0000000000000,
                                   0xfff0000000000000,
                                   0x7ff8000000000000,
                                   0xfff8000000000001,
                                   0x7ff0000000000001,
                                   0x7fefffffffffffff,
                                   0xffefffffffffffff,
                                   1,
                                   0x8000000000000001,
                                   0x0010000000000000,
                                   0x000fffffffffffff,
                                   0x3ff0000000000000,
                                   0xbff0000000000000,
                                   0x40862e42fefa39ef,
                                   0xc0874910d52d3051,
                                   0x42d0000000000000,
                                   0xc2d0000000000000,
                                   0x43f0000000000000,
                                   0x3bf0000000000000};
    enum { SPECIAL = sizeof f32 / sizeof *f32 };
    size_t choice = take_below(b, 2 * SPECIAL);
    if (choice >= SPECIAL) {
        return take(b, (int)t->size);
    }
    return t->size == sizeof(float) ? f32[choice] : f64[choice];
}

static void poke_argument(const scene *s, block *b, const struct argument *a, bytes *from) {
    if (b->rows == 0 || b->n == 0) {
        return;
    }
    size_t place = take_below(from, 65535);
    void *element = block_element(b, place / b->n % b->rows, place % b->n);
    uint64_t bits = a->dtypes == 0 ? take_bits(s->c.t, from) : take(from, (int)b->size);
    memcpy(element, &bits, b->size);
}

static void poke_mask(const scene *s, bytes *from) {
    const masks *m = &s->m;
    size_t which = take_below(from, 4), place = take_below(from, 65535), rows = s->c.rows > 0 ? s->c.rows : 1;
    size_t n = s->c.n > 0 ? s->c.n : 1, limit = m->opt.add_rows;
    if (which == 0 && m->scale != NULL) {
        s->c.t->store_bits(m->scale, place % rows, take_bits(s->c.t, from));
    } else if (which == 1 && m->add != NULL) {
        size_t row = limit > 0 ? place / n % limit : place / n % rows;
        s->c.t->store_bits(m->add, row * m->opt.add_ld + place % n, take_bits(s->c.t, from));
    } else if (which == 2 && m->lengths != NULL) {
        limit = m->opt.lengths_rows;
        m->lengths[place % (limit > 0 ? limit : rows)] = (int64_t)take_below(from, 600) - 4;
    } else if (which == 3 && m->keep != NULL) {
        memset(m->keep + (m->opt.keep_rows > 0 ? 0 : place / n % rows * m->opt.keep_ld), (int)take(from, 1), n);
    }
}

/* What is left of the input changes single numbers. */
static void poke(scene *s, bytes *from) {
    while (from->at < from->end) {
        size_t i = take_below(from, ARGUMENTS_MAX + 4);
        if (i >= ARGUMENTS_MAX) {
            poke_mask(s, from);
        } else if (argument_is_input(&s->f.arguments[i])) {
            poke_argument(s, &s->c.b[i], &s->f.arguments[i], from);
        }
    }
}

/* Any bits at all, in every input of numbers. */
static void fill_with_bits(scene *s, rng *r) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const block *b = &s->c.b[i];
        const struct argument *a = &s->f.arguments[i];
        for (size_t k = 0; argument_is_input(a) && a->dtypes == 0 && k < b->rows; k++) {
            for (size_t e = 0; e < b->n; e++) {
                s->c.t->store_bits(block_element(b, k, e), 0, rng_next(r));
            }
        }
    }
}

/* ---- All of it ---- */

static const char *take_isa(bytes *b) {
    size_t count = 0;
    while (smx_isa_available(count) != NULL) {
        count++;
    }
    return smx_isa_available(take_below(b, count));
}

static void take_options(scene *s, bytes *b) {
    uint64_t policies = take(b, 1);
    s->m.opt.plus_inf = (smx_plus_inf)(policies & 1);
    s->m.opt.minus_inf_row = (smx_minus_inf_row)(policies >> 1 & 1);
    s->threads = 2 + (unsigned)(policies >> 2 & 7);
    s->way = policies >> 5;
    s->cut = take_below(b, 256);
    s->isa = take_isa(b);
}

static void take_spoil(scene *s, bytes *b) {
    if (take_below(b, 8) != 7) {
        return;
    }
    s->spoil = (spoil)take_below(b, SPOILS);
    s->spoil_at = take_below(b, ARGUMENTS_MAX);
    s->spoil_by = take_below(b, 256);
    s->spoil_how = take_below(b, 256);
}

void scene_decode(scene *s, const uint8_t *data, size_t size) {
    bytes from = {data, data + size}, *b = &from;
    *s = (scene){.f = functions[take_below(b, functions_count)]};
    const dtype *t = take_below(b, 2) != 0 ? &dtype_f64 : &dtype_f32;
    size_t rows, n;
    take_shape(&s->f, b, &rows, &n);
    if (is_loss(&s->f)) {
        vary_cross_entropy(&s->f, b);
    }
    s->seed = take(b, 2);
    rng r = rng_seed(s->seed);
    s->c = call_new(&s->f, t, rows, n, 0, NULL);
    size_t kind = take_below(b, CALL_KINDS + 2);
    if (kind >= CALL_KINDS) {
        fill_with_bits(s, &r);
    } else if (n > 0) {
        call_fill(&s->c, kind, &r);
    }
    int what = (int)take(b, 2) & s->f.takes;
    what = (rows > 0 && n > 0 ? what : 0) | s->f.needs;
    s->m = masks_random(t, rows, n, what & OPTION_SCALE_ROWS ? what & ~OPTION_SCALE : what, &r);
    take_options(s, b);
    take_spoil(s, b);
    poke(s, b);
}

void scene_free(scene *s) { call_free(&s->c), masks_free(&s->m); }

masks masks_of_rows(const masks *m, const size_t *order, size_t count) {
    const dtype *t = m->t;
    size_t n = m->n;
    masks all = {.t = t, .rows = count, .n = n, .opt = m->opt};
    all.keep = calloc(count * n + 1, 1);
    all.add = m->add != NULL ? calloc(count * n + 1, t->size) : NULL;
    all.scale = m->scale != NULL ? calloc(count + 1, t->size) : NULL;
    all.sink = m->sink != NULL ? calloc(count + 1, t->size) : NULL;
    for (size_t k = 0; k < count; k++) {
        masks row = masks_of_row(m, order[k], NULL);
        memcpy(all.keep + k * n, row.keep, n);
        if (all.add != NULL) {
            memcpy(at(t, all.add, k * n), row.add, n * t->size);
        }
        if (all.scale != NULL) {
            memcpy(at(t, all.scale, k), row.scale, t->size);
        }
        if (all.sink != NULL) {
            memcpy(at(t, all.sink, k), row.sink, t->size);
        }
        masks_free(&row);
    }
    all.opt.scale = all.scale;
    all.opt.sink = all.sink;
    all.opt.sink_rows = all.opt.sink_every = 0;
    all.opt.add = all.add;
    all.opt.add_ld = all.add != NULL ? n : 0;
    all.opt.add_rows = all.opt.add_every = 0;
    all.opt.keep = all.keep;
    all.opt.keep_ld = n;
    all.opt.keep_rows = all.opt.keep_every = 0;
    all.opt.lengths = NULL;
    all.opt.lengths_rows = all.opt.lengths_every = 0;
    all.opt.causal = SMX_CAUSAL_NONE;
    all.opt.queries = 0;
    all.opt.use_window = 0;
    all.opt.window_left = all.opt.window_right = 0;
    return all;
}
