/* Which entries of a row can be written past the caches (non-temporal stores): whole lines. The rest of a line is some
 * other row's, or beyond the array. It is written as usual: half a line past the caches takes longer than a whole one.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_STREAMING_TEMPLATE_H
#define SMX_STREAMING_TEMPLATE_H

/* Entries from `from` on and before `to`. */
struct lines {
    size_t from, to;
};

/* From and to which entry there are whole lines; vectors may be longer. */
static inline struct lines whole_lines(size_t n, const real *y) {
    const size_t line = 64 / sizeof(real);
    size_t into = (uintptr_t)y / sizeof(real) % line, from = into == 0 ? 0 : line - into;
    from = from < n ? from : n;
    return (struct lines){from, from + (n - from) / line * line};
}

#endif
