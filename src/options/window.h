/* Which entries of a row its length, the causal rule and a sliding window keep: one stretch, of which kernels see
 * nothing else. Another mask of that shape belongs here, and only here. */
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

/* The entry at which the query of row k stands, among n; it may lie before the first or behind the last. */
static inline int64_t position_of_row(const struct options_read *s, size_t k, size_t n) {
    const smx_options *opt = s->opt;
    int64_t query = s->query != NULL ? s->query[k] : (int64_t)(k % opt->queries);
    return opt->causal == SMX_CAUSAL_BOTTOM_RIGHT ? query + (int64_t)n - (int64_t)opt->queries : query;
}

/* Only entries from `first` on, or up to `last`. */
static inline void window_from(struct window *w, size_t first) { w->first = first < w->end ? first : w->end; }

static inline void window_to(struct window *w, int64_t last) {
    size_t end = last < 0 ? 0 : (size_t)last + 1;
    w->end = end < w->end ? end : w->end;
}

/* a + b, but at most INT64_MAX. */
static inline int64_t sum_up_to_most(int64_t a, int64_t b) { return a > INT64_MAX - b ? INT64_MAX : a + b; }

/* Of row k with n entries. */
static inline struct window window_of_row(const struct options_read *s, size_t k, size_t n) {
    const smx_options *opt = s->opt;
    struct window w = {0, n};
    if (opt->lengths != NULL) {
        w.end = (size_t)opt->lengths[mask_row(k, opt->lengths_rows, opt->lengths_every)];
    }
    if (opt->causal == SMX_CAUSAL_NONE && !opt->use_window) {
        return w;
    }
    int64_t position = position_of_row(s, k, n);
    if (opt->causal != SMX_CAUSAL_NONE) {
        window_to(&w, position);
    }
    if (opt->use_window && opt->window_right >= 0) {
        window_to(&w, sum_up_to_most(position, opt->window_right));
    }
    if (opt->use_window && opt->window_left >= 0 && position > opt->window_left) {
        window_from(&w, (size_t)(position - opt->window_left));
    }
    return w;
}

/* What a part has of a row's window, counted in the part: the n entries from the row's `first` on. */
static inline struct window window_of_part(struct window w, size_t first, size_t n) {
    w.first = w.first < first ? 0 : w.first - first < n ? w.first - first : n;
    w.end = w.end < first ? 0 : w.end - first < n ? w.end - first : n;
    return w;
}

#endif
