/* Functions of logits, row by row: scale and masks are checked here once, and become the kernels' logits of each row.
 * */
#ifndef SMX_API_LOGITS_H
#define SMX_API_LOGITS_H

#include "common.h"

typedef struct NAME(smx_logits) logits;

/* Scales lie between these in magnitude. */
#define SCALE_LEAST 0x1p-64f
#define SCALE_MOST 0x1p64f

/* ---- Checks ---- */

static inline bool scale_in_range(real scale) {
    int64_t place = place_of(scale) < 0 ? -place_of(scale) : place_of(scale);
    return place_of(SCALE_LEAST) <= place && place <= place_of(SCALE_MOST);
}

/* How many rows of a mask with these fields `rows` rows use. */
static inline size_t mask_rows(size_t rows, size_t limit, size_t every) {
    size_t used = every > 1 ? (rows - 1) / every + 1 : rows;
    return limit != 0 && limit < used ? limit : used;
}

static inline size_t mask_row(size_t k, size_t limit, size_t every) {
    size_t row = every > 1 ? k / every : k;
    return limit != 0 ? row % limit : row;
}

/* Masks as matrices; a single row has no stride. */
static inline struct matrix add_matrix(const struct mask_add *m, size_t rows, size_t n) {
    size_t used = mask_rows(rows, m->rows, m->every);
    struct matrix a = {m->data, used, n, used == 1 ? n : m->ld, sizeof(real), "options.add", "options.add_ld"};
    return a;
}

static inline struct matrix keep_matrix(const struct mask_keep *m, size_t rows, size_t n) {
    size_t used = mask_rows(rows, m->rows, m->every);
    struct matrix a = {m->data, used, n, used == 1 ? n : m->ld, 1, "options.keep", "options.keep_ld"};
    return a;
}

static inline smx_status check_mask(struct matrix mask) { return check_matrix(&mask); }

/* Scale and masks of `rows` rows of n; none of them 0. */
static inline smx_status check_logits(const struct settings *s, size_t rows, size_t n) {
    smx_status status = SMX_OK;
    if (s->scale != NULL) {
        const real *scale = s->scale;
        for (size_t k = 0; k < (s->scale_stride == 0 ? 1 : rows); k++) {
            if (!scale_in_range(scale[k])) {
                return smx_refuse(SMX_ERROR_SCALE, "options.scale");
            }
        }
    }
    if (s->add.data != NULL) {
        status = check_mask(add_matrix(&s->add, rows, n));
    }
    if (status == SMX_OK && s->keep.data != NULL) {
        status = check_mask(keep_matrix(&s->keep, rows, n));
    }
    if (status == SMX_OK && s->lengths.data != NULL) {
        size_t used = mask_rows(rows, s->lengths.rows, s->lengths.every);
        for (size_t k = 0; k < used; k++) {
            if (s->lengths.data[k] < 0 || (uint64_t)s->lengths.data[k] > n) {
                return smx_refuse(SMX_ERROR_LENGTH, "options.lengths");
            }
        }
    }
    return status;
}

static inline bool overlaps(const struct matrix *out, struct matrix other) { return matrix_overlap(out, &other); }

static inline struct matrix scale_matrix(const struct settings *s, size_t rows) {
    size_t count = s->scale_stride == 0 ? 1 : rows;
    struct matrix a = {s->scale, 1, count, count, sizeof(real), "options.scale", "options.scale_stride"};
    return a;
}

static inline struct matrix lengths_matrix(const struct lengths *l, size_t rows) {
    size_t used = mask_rows(rows, l->rows, l->every);
    struct matrix a = {l->data, 1, used, used, sizeof(int64_t), "options.lengths", "options.lengths"};
    return a;
}

static smx_status check_apart_from_masks(struct matrix out, const struct settings *s, size_t rows, size_t n) {
    bool overlap = (s->scale != NULL && overlaps(&out, scale_matrix(s, rows))) ||
                   (s->add.data != NULL && overlaps(&out, add_matrix(&s->add, rows, n))) ||
                   (s->keep.data != NULL && overlaps(&out, keep_matrix(&s->keep, rows, n))) ||
                   (s->lengths.data != NULL && overlaps(&out, lengths_matrix(&s->lengths, rows)));
    return overlap ? smx_refuse(SMX_ERROR_OVERLAP, out.name) : SMX_OK;
}

/* An output must not share memory with the options' arrays, of which most calls have none. */
static inline smx_status check_apart_from_options(const struct matrix *out, const struct settings *s, size_t rows,
                                                  size_t n) {
    return settings_plain(s) ? SMX_OK : check_apart_from_masks(*out, s, rows, n);
}

/* ---- Rows ---- */

static inline real scale_of_row(const struct settings *s, size_t k) {
    return s->scale == NULL ? 1 : ((const real *)s->scale)[s->scale_stride == 0 ? 0 : k];
}

/* The entries of row k that lengths and the causal rule keep: the first so many. */
static inline size_t kept_entries(const struct settings *s, size_t k, size_t n) {
    size_t kept = n;
    if (s->lengths.data != NULL) {
        kept = (size_t)s->lengths.data[mask_row(k, s->lengths.rows, s->lengths.every)];
    }
    if (s->causal != SMX_CAUSAL_NONE) {
        size_t query = k % s->queries, seen = query + 1;
        if (s->causal == SMX_CAUSAL_BOTTOM_RIGHT) {
            size_t hidden = s->queries - 1 - query; /* of the last entries */
            seen = hidden < n ? n - hidden : 0;
        }
        kept = seen < kept ? seen : kept;
    }
    return kept;
}

/* The logits of row k, whose entries are at x. */
static inline logits logits_of_row(const struct settings *s, size_t k, size_t n, const real *x) {
    logits l = {.x = x, .stride = 1, .scale = scale_of_row(s, k), .row_n = n};
    if (s->add.data != NULL) {
        l.add = (const real *)s->add.data + mask_row(k, s->add.rows, s->add.every) * s->add.ld;
    }
    if (s->keep.data != NULL) {
        l.keep = s->keep.data + mask_row(k, s->keep.rows, s->keep.every) * s->keep.ld;
    }
    return l;
}

/* A call that handles its rows one by one; a function's own struct begins with it. */
struct row_call {
    const struct NAME(smx_kernels) * kernels;
    const struct settings *settings;
    size_t rows, n, pieces;
    size_t work; /* elements handled for each row; 0: n */
    void (*row)(const struct row_call *, size_t k);
    void (*plain_rows)(const struct row_call *, struct span); /* for rows without scale and masks; or null */
};

static void row_task(void *data, size_t i) {
    const struct row_call *c = data;
    struct span run = piece_of(c->rows, c->pieces, i);
    float_env caller = float_env_enter();
    if (c->plain_rows != NULL) {
        c->plain_rows(c, run);
    } else {
        for (size_t k = run.from; k < run.from + run.n; k++) {
            c->row(c, k);
        }
    }
    float_env_leave(caller);
}

static inline void run_rows(struct row_call *call) {
    if (!settings_plain(call->settings)) {
        call->plain_rows = NULL;
    }
    call->pieces = smx_pieces(call->settings, call->rows, call->work != 0 ? call->work : call->n);
    smx_run_tasks(call->settings, call->pieces, row_task, call);
}

#endif
