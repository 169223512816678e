#include "api.h"

#include <inttypes.h>
#include <stdio.h>

enum { MOST_ROWS = 40, MOST_ELEMENTS = 100 };

/* A number of type t, or an integer if that is null. */
static void dump_element(const dtype *t, enum dtype integer, const void *e) {
    if (t == NULL) {
        printf(" %" PRId64, integer_at(integer, e, 0));
    } else {
        printf(" %a(%" PRIx64 ")", t->load(e, 0), t->bits(e, 0));
    }
}

static void dump_rows(const dtype *t, enum dtype integer, const char *name, const block *b) {
    for (size_t k = 0; k < b->rows && k < MOST_ROWS; k++) {
        printf("  %s[%zu] =", name, k);
        for (size_t i = 0; i < b->n && i < MOST_ELEMENTS; i++) {
            dump_element(t, integer, block_element(b, k, i));
        }
        printf(b->n > MOST_ELEMENTS ? " ...\n" : "\n");
    }
    if (b->rows > MOST_ROWS) {
        printf("  ...\n");
    }
}

/* The rows that a call of so many may use. */
static size_t mask_rows(size_t limit, size_t rows) { return limit > 0 && limit < rows ? limit : rows; }

static void dump_options(const scene *s) {
    const smx_options *o = &s->m.opt;
    size_t n = s->c.n, rows = s->c.rows;
    printf("  options: plus_inf %d, minus_inf_row %d, causal %d, queries %zu\n", (int)o->plus_inf,
           (int)o->minus_inf_row, (int)o->causal, o->queries);
    block scale = {s->c.t->size, 1, o->scale_stride > 0 ? rows : 1, 0, 0, NULL, s->m.scale};
    block add = {s->c.t->size, mask_rows(o->add_rows, rows), n, o->add_ld, 0, NULL, s->m.add};
    block keep = {1, mask_rows(o->keep_rows, rows), n, o->keep_ld, 0, NULL, s->m.keep};
    block lengths = {sizeof *s->m.lengths, 1, mask_rows(o->lengths_rows, rows), 0, 0, NULL, s->m.lengths};
    block slopes = {s->c.t->size, 1, mask_rows(o->alibi_rows, rows), 0, 0, NULL, s->m.alibi};
    block sinks = {s->c.t->size, 1, mask_rows(o->sink_rows, rows), 0, 0, NULL, s->m.sink};
    if (o->use_window) {
        printf("  window: %" PRId64 ", %" PRId64 "\n", o->window_left, o->window_right);
    }
    if (o->softcap != 0) {
        printf("  softcap: %a\n", o->softcap);
    }
    if (scale.a != NULL) {
        dump_rows(s->c.t, DTYPE_I64, "scale", &scale);
    }
    if (add.a != NULL) {
        printf("  add: rows %zu, every %zu\n", o->add_rows, o->add_every);
        dump_rows(s->c.t, DTYPE_I64, "add", &add);
    }
    if (keep.a != NULL) {
        printf("  keep: rows %zu, every %zu\n", o->keep_rows, o->keep_every);
        dump_rows(NULL, DTYPE_U8, "keep", &keep);
    }
    if (lengths.a != NULL) {
        printf("  lengths: rows %zu, every %zu\n", o->lengths_rows, o->lengths_every);
        dump_rows(NULL, DTYPE_I64, "lengths", &lengths);
    }
    if (slopes.a != NULL) {
        printf("  alibi: rows %zu, every %zu\n", o->alibi_rows, o->alibi_every);
        dump_rows(s->c.t, DTYPE_I64, "alibi", &slopes);
    }
    if (sinks.a != NULL) {
        printf("  sink: rows %zu, every %zu\n", o->sink_rows, o->sink_every);
        dump_rows(s->c.t, DTYPE_I64, "sink", &sinks);
    }
}

void scene_dump(const scene *s) {
    const cross_entropy_settings *ce = &s->f.ce;
    printf("%s, %s, %zu rows of %zu; then %s, %u threads, way %zu, first %zu rows\n", s->f.name, s->c.t->name,
           s->c.rows, s->c.n, s->isa, s->threads, s->way, s->cut);
    if (s->spoil != SPOIL_NOTHING) {
        printf("  spoiled: %d at %zu by %zu, %zu\n", (int)s->spoil, s->spoil_at, s->spoil_by, s->spoil_how);
    }
    if (is_loss(&s->f)) {
        printf("  smoothing %a, z_loss %a, softcap %a, reduction %d, empty_mean %d, ignore_index %" PRId64 " (%d)\n",
               ce->smoothing, ce->z_loss, ce->softcap, (int)ce->reduction, (int)ce->empty_mean, ce->ignore_index,
               ce->use_ignore_index);
    }
    dump_options(s);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const struct argument *a = &s->f.arguments[i];
        if (argument_is_input(a)) {
            dump_rows(a->dtypes != 0 ? NULL : s->c.t, a->work, a->name, &s->c.b[i]);
        } else if (argument_is_output(a)) {
            printf("  %s wanted\n", a->name);
        }
    }
    fflush(stdout);
}
