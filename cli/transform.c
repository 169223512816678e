#include "transform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "message.h"
#include "progress.h"
#include "tile.h"

typedef struct job {
    const row_operation *operation;
    const settings *set;
    npy_array in[MAX_INPUTS];
    layout lay;
    output out;
    uint64_t start;             /* of the numbers in the output */
    size_t block;               /* elements of each buffer */
    char *gathered[MAX_INPUTS]; /* a buffer for each input that cannot be used where it is mapped */
    char *result;               /* a buffer for what is written */
    row_stats *stats;           /* for each row of a tile, if rows are cut */
} job;

static npy_dtype dtype_of(const job *j) { return j->in[0].header.dtype; }

static bool check(const job *j, smx_status status) {
    if (status != SMX_OK)
        complain_status(j->in[0].name, status);
    return status == SMX_OK;
}

/* Element `index` of each input's loaded tile. */
static void pointers_at(const job *j, const void *const *loaded, size_t index, const void **pointers) {
    for (int i = 0; i < j->operation->inputs; i++)
        pointers[i] = (const char *)loaded[i] + index * j->lay.item;
}

static void load(const job *j, const tile *t, const void **loaded) {
    for (int i = 0; i < j->operation->inputs; i++)
        loaded[i] = tile_load(&j->in[i], &j->lay, t, j->gathered[i]);
}

/* Transposed rows are written in place, as the buffer for results then serves to transpose them back. */
static void *result_of(const job *j) { return j->lay.inner == 1 ? j->result : j->gathered[0]; }

static void finish_tile(const job *j, const tile *t) {
    for (int i = 0; i < j->operation->inputs; i++)
        tile_unload(&j->in[i], &j->lay, t);
    progress_add(tile_rows(t) * t->length);
}

static bool transform_rows(job *j, const tile *t) {
    const void *loaded[MAX_INPUTS];
    load(j, t, loaded);
    if (!check(j, j->operation->rows(dtype_of(j), tile_rows(t), t->length, loaded, result_of(j), &j->set->options)))
        return false;
    finish_tile(j, t);
    return tile_store(&j->out, j->start, &j->lay, t, result_of(j), j->result);
}

typedef enum pass { PASS_MAX, PASS_SUM, PASS_FINISH, PASSES } pass;

static bool transform_part_of_row(job *j, pass step, size_t n, const void *const *in, row_stats *stats, void *out) {
    const row_operation *operation = j->operation;
    const smx_options *options = &j->set->options;
    row_stats part = *stats;
    if (step == PASS_FINISH)
        return check(j, operation->part_finish(dtype_of(j), n, in, stats, out, options));
    if (step == PASS_SUM && !check(j, operation->part_sum(dtype_of(j), n, in, j->lay.n, &part, options)))
        return false;
    if (step == PASS_MAX && !check(j, operation->part_max(dtype_of(j), n, in, &part)))
        return false;
    return check(j, operation->merge(dtype_of(j), stats, &part));
}

static bool transform_part(job *j, pass step, const tile *t) {
    const void *loaded[MAX_INPUTS], *in[MAX_INPUTS];
    load(j, t, loaded);
    for (size_t row = 0; row < tile_rows(t); row++) {
        pointers_at(j, loaded, row * t->length, in);
        void *out = (char *)result_of(j) + row * t->length * j->lay.item;
        if (!transform_part_of_row(j, step, t->length, in, &j->stats[row], out))
            return false;
    }
    finish_tile(j, t);
    return step != PASS_FINISH || tile_store(&j->out, j->start, &j->lay, t, result_of(j), j->result);
}

/* Rows too long for a block: three passes over their parts, each of up to `length` elements. */
static bool transform_in_parts(job *j, const tile *whole, size_t length) {
    const void *nothing[MAX_INPUTS] = {NULL};
    for (size_t row = 0; row < tile_rows(whole); row++) {
        if (!check(j, j->operation->part_max(dtype_of(j), 0, nothing, &j->stats[row])))
            return false;
    }
    for (pass step = PASS_MAX; step < PASSES; step++) {
        for (tile t = *whole; t.first < j->lay.n; t.first += t.length) {
            t.length = j->lay.n - t.first < length ? j->lay.n - t.first : length;
            if (!transform_part(j, step, &t))
                return false;
        }
    }
    return true;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static size_t greatest(size_t a, size_t b) { return a > b ? a : b; }

/* How much of each axis a tile has. */
typedef struct plan {
    size_t outers, columns, length;
} plan;

static plan make_plan(const job *j) {
    /* A block of this size keeps all threads busy, and is in the cache when it is written. */
    enum { ENOUGH = 8 << 20 };
    const layout *lay = &j->lay;
    size_t slab = lay->n * lay->inner;
    if (slab <= j->block)
        return (plan){least(lay->outer, greatest(1, least(ENOUGH / lay->item, j->block) / slab)), lay->inner, lay->n};
    /* Strips narrower than some pages would read the same pages again for each tile. */
    size_t strip = least(lay->inner, greatest(4096, j->block * lay->item / 1024) / lay->item);
    if (lay->n <= j->block / strip)
        return (plan){1, least(lay->inner, j->block / lay->n), lay->n};
    return (plan){1, strip, j->block / strip};
}

static bool allocate(job *j, const plan *p) {
    size_t bytes = p->outers * p->columns * p->length * j->lay.item;
    j->result = malloc(bytes);
    bool ok = j->result != NULL;
    for (int i = 0; i < j->operation->inputs; i++) {
        if (tile_is_direct(&j->in[i], &j->lay))
            continue;
        j->gathered[i] = malloc(bytes);
        ok = ok && j->gathered[i] != NULL;
    }
    if (p->length < j->lay.n) {
        j->stats = calloc(p->columns, sizeof *j->stats);
        ok = ok && j->stats != NULL;
    }
    if (!ok)
        complain(j->set->who, "%s", strerror(ENOMEM));
    return ok;
}

static bool transform_all(job *j) {
    const layout *lay = &j->lay;
    size_t count = lay->outer * lay->n * lay->inner;
    if (count == 0)
        return true;
    j->block = j->set->memory / (size_t)(j->operation->inputs + 1) / lay->item;
    plan p = make_plan(j);
    if (!allocate(j, &p))
        return false;
    bool cut = p.length < lay->n;
    progress_start(j->set->who, (uint64_t)count * (cut ? PASSES : 1));
    for (size_t o = 0; o < lay->outer; o += p.outers) {
        for (size_t c = 0; c < lay->inner; c += p.columns) {
            tile t = {o, least(p.outers, lay->outer - o), c, least(p.columns, lay->inner - c), 0, lay->n};
            if (!(cut ? transform_in_parts(j, &t, p.length) : transform_rows(j, &t)))
                return false;
        }
    }
    return true;
}

/* The same numbers are at the same places in both orders if at most one dimension has more than one element. */
static bool order_matters(const npy_header *header) {
    int longer = 0;
    for (size_t i = 0; i < header->ndim; i++)
        longer += header->shape[i] > 1;
    return longer > 1;
}

static bool check_same(const npy_array *a, const npy_array *b) {
    const npy_header *x = &a->header, *y = &b->header;
    char shape_x[NPY_SHAPE_SPACE], shape_y[NPY_SHAPE_SPACE];
    npy_format_shape(x, shape_x);
    npy_format_shape(y, shape_y);
    if (strcmp(shape_x, shape_y) != 0)
        complain(b->name, "its shape %s is not that of %s, %s", shape_y, a->name, shape_x);
    else if (x->dtype != y->dtype)
        complain(b->name, "its dtype '<f%zu' is not that of %s, '<f%zu'", npy_item_size(y->dtype), a->name,
                 npy_item_size(x->dtype));
    else if (x->fortran_order != y->fortran_order && order_matters(x))
        complain(b->name, "it is in %s order, and %s in %s order; save both in the same order",
                 y->fortran_order ? "Fortran" : "C", a->name, x->fortran_order ? "Fortran" : "C");
    else
        return true;
    return false;
}

static int find_layout(job *j) {
    const npy_array *first = &j->in[0];
    long ndim = (long)first->header.ndim;
    if (ndim == 0)
        return complain(first->name, "the array has no dimensions, and so no axis");
    if (j->set->axis < -ndim || j->set->axis >= ndim)
        return complain_usage(j->set->who, "--axis %ld is out of range for %s, which has %ld dimension%s", j->set->axis,
                              first->name, ndim, ndim == 1 ? "" : "s");
    j->lay = layout_along(&first->header, (size_t)(j->set->axis < 0 ? j->set->axis + ndim : j->set->axis));
    return EXIT_OK;
}

static int run(job *j) {
    for (int i = 0; i < j->operation->inputs; i++) {
        if (!npy_open(&j->in[i], j->set->input[i]) || (i > 0 && !check_same(&j->in[0], &j->in[i])))
            return EXIT_FAILED;
    }
    int status = find_layout(j);
    if (status != EXIT_OK)
        return status;
    if (!npy_create(&j->out, j->set->output, &j->in[0].header, &j->start))
        return EXIT_FAILED;
    bool done = transform_all(j);
    progress_clear();
    if (done)
        return output_commit(&j->out) ? EXIT_OK : EXIT_FAILED;
    output_discard(&j->out);
    return EXIT_FAILED;
}

int transform(const row_operation *operation, const settings *set) {
    if (!check_isa())
        return EXIT_USAGE;
    job j = {.operation = operation, .set = set};
    int status = run(&j);
    for (int i = 0; i < operation->inputs; i++) {
        npy_close(&j.in[i]);
        free(j.gathered[i]);
    }
    free(j.result);
    free(j.stats);
    return status;
}
