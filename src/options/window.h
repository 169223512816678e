/* Which entries of a row its lengths and the causal rule keep: a window, of which kernels see nothing else. A mask of
 * another shape that is one stretch of a row belongs here, and only here. */
#ifndef SMX_WINDOW_H
#define SMX_WINDOW_H

#include "options.h"

/* The entries [first, end), which may be none. */
struct window {
    size_t first, end;
};

/* How many rows of a mask with these fields `rows` rows use. */
static inline size_t mask_rows(size_t rows, size_t limit, size_t every) {
    size_t used = every > 1 ? (rows - 1) / every + 1 : rows;
    return limit != 0 && limit < used ? limit : used;
}

/* The row of a mask that row k uses. */
static inline size_t mask_row(size_t k, size_t limit, size_t every) {
    size_t row = every > 1 ? k / every : k;
    return limit != 0 ? row % limit : row;
}

/* Of row k with n entries. */
static inline struct window window_of_row(const struct settings *s, size_t k, size_t n) {
    const smx_options *opt = s->opt;
    struct window w = {0, n};
    if (opt->lengths != NULL) {
        w.end = (size_t)opt->lengths[mask_row(k, opt->lengths_rows, opt->lengths_every)];
    }
    if (opt->causal != SMX_CAUSAL_NONE) {
        size_t query = s->query != NULL ? (size_t)s->query[k] : k % opt->queries, seen = query + 1;
        if (opt->causal == SMX_CAUSAL_BOTTOM_RIGHT) {
            size_t hidden = opt->queries - 1 - query; /* of the last entries */
            seen = hidden < n ? n - hidden : 0;
        }
        w.end = seen < w.end ? seen : w.end;
    }
    return w;
}

#endif
