#include "cuts.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static int ascending(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

cut cut_random(rng *r, size_t n, size_t parts) {
    cut c = {parts, calloc(parts + 1, sizeof *c.begin)};
    assert_non_null(c.begin);
    c.begin[parts] = n;
    for (size_t k = 1; k < parts; k++) {
        size_t place = rng_below(r, n + 1);
        switch (rng_below(r, 4)) {
        case 0: /* as the one before: a part of length 0 */
            c.begin[k] = c.begin[k - 1];
            break;
        case 1: /* one more: a part of length 1, unless another cut falls between or the row is over */
            c.begin[k] = c.begin[k - 1] + (c.begin[k - 1] < n);
            break;
        default:
            c.begin[k] = place;
        }
    }
    qsort(c.begin, parts, sizeof *c.begin, ascending);
    return c;
}

void cut_free(cut *c) { free(c->begin); }

static void *array(size_t count, size_t size) {
    void *a = calloc(count ? count : 1, size);
    assert_non_null(a);
    return a;
}

static size_t *random_order(rng *r, size_t n) {
    size_t *order = array(n, sizeof *order);
    rng_permutation(r, n, order);
    return order;
}

static void run_before(before_part before, rng *r) {
    if (before) {
        before(r);
    }
}

/* Merges `count` statistics of `size` bytes into the first, two random ones at a time. */
static void merge_tree(void *stats, size_t size, size_t count, rng *r,
                       smx_status (*merge)(const dtype *t, void *into, const void *from), const dtype *t) {
    unsigned char *s = stats;
    for (; count > 1; count--) {
        size_t into = rng_below(r, count), from = rng_below(r, count - 1);
        from += from >= into;
        assert_ok(merge(t, s + into * size, s + from * size));
        memmove(s + from * size, s + (count - 1) * size, size);
    }
}

static smx_status merge_softmax(const dtype *t, void *into, const void *from) { return t->stats_merge(into, from); }

static smx_status merge_backward(const dtype *t, void *into, const void *from) {
    (void)t;
    return smx_softmax_backward_stats_merge(into, from);
}

static void add_limbs(int64_t *into, const int64_t *from) {
    for (int k = 0; k < 4; k++) {
        into[k] += from[k];
    }
}

/* The same value in other limbs: what plain sums over many parts look like. */
static void disguise_limbs(int64_t *sum) {
    for (int k = 0; k < 3; k++) {
        sum[k] -= INT64_C(5) << 32;
        sum[k + 1] += 5;
    }
}

void softmax_in_parts(const dtype *t, size_t n, const void *x, const cut *c, merging how, before_part before,
                      const smx_options *opt, rng *r, void *out) {
    softmax_stats *stats = array(c->parts, sizeof *stats), whole;
    for (size_t k = 0; k < c->parts; k++) {
        run_before(before, r);
        assert_ok(t->part_max(c->begin[k + 1] - c->begin[k], at_const(t, x, c->begin[k]), &stats[k]));
    }
    merge_tree(stats, sizeof *stats, c->parts, r, merge_softmax, t);
    whole = stats[0];
    for (size_t k = 0; k < c->parts; k++) {
        run_before(before, r);
        stats[k] = whole;
        assert_ok(t->part_sum(c->begin[k + 1] - c->begin[k], at_const(t, x, c->begin[k]), n, &stats[k], opt));
    }
    if (how == MERGE_TREE) {
        merge_tree(stats, sizeof *stats, c->parts, r, merge_softmax, t);
    } else {
        for (size_t k = 1; k < c->parts; k++) {
            add_limbs(t->stats_sum(&stats[0]), t->stats_sum(&stats[k]));
        }
        disguise_limbs(t->stats_sum(&stats[0]));
    }
    size_t *order = random_order(r, c->parts);
    for (size_t i = 0; i < c->parts; i++) {
        size_t k = order[i], begin = c->begin[k];
        run_before(before, r);
        assert_ok(t->part_finish(c->begin[k + 1] - begin, at_const(t, x, begin), &stats[0], at(t, out, begin), opt));
    }
    free(order), free(stats);
}

void backward_in_parts(const dtype *t, size_t n, const void *y, const void *dy, const cut *c, merging how,
                       before_part before, rng *r, void *out) {
    smx_softmax_backward_stats *stats = array(c->parts, sizeof *stats), whole;
    for (size_t k = 0; k < c->parts; k++) {
        size_t begin = c->begin[k];
        run_before(before, r);
        assert_ok(
            t->backward_part_max(c->begin[k + 1] - begin, at_const(t, y, begin), at_const(t, dy, begin), &stats[k]));
    }
    merge_tree(stats, sizeof *stats, c->parts, r, merge_backward, t);
    whole = stats[0];
    for (size_t k = 0; k < c->parts; k++) {
        size_t begin = c->begin[k];
        run_before(before, r);
        stats[k] = whole;
        assert_ok(
            t->backward_part_sum(c->begin[k + 1] - begin, at_const(t, y, begin), at_const(t, dy, begin), n, &stats[k]));
    }
    if (how == MERGE_TREE) {
        merge_tree(stats, sizeof *stats, c->parts, r, merge_backward, t);
    } else {
        for (size_t k = 1; k < c->parts; k++) {
            add_limbs(stats[0].sum, stats[k].sum);
        }
        disguise_limbs(stats[0].sum);
    }
    size_t *order = random_order(r, c->parts);
    for (size_t i = 0; i < c->parts; i++) {
        size_t k = order[i], begin = c->begin[k];
        run_before(before, r);
        assert_ok(t->backward_part_finish(c->begin[k + 1] - begin, at_const(t, y, begin), at_const(t, dy, begin),
                                          &stats[0], at(t, out, begin)));
    }
    free(order), free(stats);
}
