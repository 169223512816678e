/* Softmax backward of rows of halves. docs/bits.md, "Half precision".
 *
 * A row goes one of three ways, all with the same bits:
 *
 *     rows       short ones are widened into scratch memory, some together, and go through backward_rows there
 *     kept       the first pass widens a row into scratch memory, where the others find it; the last one narrows
 *     unkept     long rows, which would not stay in the nearest cache as reals, are widened in each pass
 *
 * The last two have no care for the order in which halves are widened, as long as they are narrowed in the same one.
 *
 * For vector layers that can convert halves (V_HALVES); elsewhere this is empty.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_HALF_BACKWARD_TEMPLATE_H
#define SMX_HALF_BACKWARD_TEMPLATE_H

#include "../base/attributes.h"

#ifdef V_HALVES

#include "backward_rows_template.h"
#include "half_rows_template.h"
#include "kernels.h"

/* The longest rows that go some together, and the longest that are kept. Their y and dy fill the nearest cache. */
#define HALF_TOGETHER_MOST ((size_t)128)
#define HALF_KEPT_MOST HALF_BLOCK

/* ---- Two vectors of each factor ---- */

#define TWO_BYTES (TWO_VECTORS * HALF_BYTES)
#define KEPT_REALS (2 * TWO_VECTORS)

struct two_factors {
    v_t y[2], dy[2];
};

static ALWAYS_INLINE void widened_two(enum dtype type, const unsigned char *p, v_t two[2]) {
    if (type == DTYPE_F16) {
        two[0] = v_from_f16(p);
        two[1] = v_from_f16(p + V_LANES * HALF_BYTES);
    } else {
        v_two_from_bf16(p, &two[0], &two[1]);
    }
}

/* Where a row of one block or more is. A block is two vectors of each factor. */
struct half_row {
    const unsigned char *y, *dy;
    real *kept; /* its whole blocks, widened */
    size_t n;
};

static ALWAYS_INLINE struct two_factors widened_factors(enum dtype type, const unsigned char *y,
                                                        const unsigned char *dy) {
    struct two_factors f;
    widened_two(type, y, f.y);
    widened_two(type, dy, f.dy);
    return f;
}

static ALWAYS_INLINE struct two_factors kept_factors(const real *kept) {
    return (struct two_factors){{v_load_once(kept), v_load_once(kept + V_LANES)},
                                {v_load_once(kept + TWO_VECTORS), v_load_once(kept + TWO_VECTORS + V_LANES)}};
}

/* The i-th block. A constant `kept` tells where from. */
static ALWAYS_INLINE struct two_factors factors_of_block(enum dtype type, bool kept, const struct half_row *r,
                                                         size_t i) {
    return kept ? kept_factors(r->kept + i * KEPT_REALS)
                : widened_factors(type, r->y + i * TWO_BYTES, r->dy + i * TWO_BYTES);
}

/* The last entries of a row, a block of them, others among them that whole blocks have too. */
static ALWAYS_INLINE struct two_factors factors_at_end(enum dtype type, const struct half_row *r) {
    const size_t from = (r->n - TWO_VECTORS) * HALF_BYTES;
    return widened_factors(type, r->y + from, r->dy + from);
}

/* 0 in the first n lanes, up to all, and 1 in the others. */
static ALWAYS_INLINE v_t one_from_lane(size_t n) {
    static const real zeros[V_LANES] = {0};
    return v_load_n(zeros, n < V_LANES ? n : V_LANES, v_set1(1));
}

/* The same with 0 for y in those others. */
static ALWAYS_INLINE struct two_factors factors_left(enum dtype type, const struct half_row *r) {
    const size_t others = TWO_VECTORS - r->n % TWO_VECTORS;
    struct two_factors f = factors_at_end(type, r);
    if (type == DTYPE_F16) {
        f.y[0] = v_mul(f.y[0], one_from_lane(others));
        f.y[1] = v_mul(f.y[1], one_from_lane(others > V_LANES ? others - V_LANES : 0));
    } else {
        f.y[0] = v_mul(f.y[0], one_from_lane((others + 1) / 2));
        f.y[1] = v_mul(f.y[1], one_from_lane(others / 2));
    }
    return f;
}

/* ---- The three passes over a row ---- */

static ALWAYS_INLINE void scan_two(struct two_factors f, i_t *largest, i_t *y_bits) {
    scan_products(f.y[0], f.dy[0], largest, y_bits);
    scan_products(f.y[1], f.dy[1], largest, y_bits);
}

/* Returns the largest product, as largest_product does. */
static ALWAYS_INLINE real scan_half_row(enum dtype type, bool keep, const struct half_row *row) {
    const struct half_row r = *row;
    i_t largest = i_set1(0), y_bits = i_set1(0);
    for (size_t i = 0; i < r.n / TWO_VECTORS; i++) {
        const struct two_factors f = factors_of_block(type, false, &r, i);
        if (keep) {
            real *p = r.kept + i * KEPT_REALS;
            v_store(p, f.y[0]);
            v_store(p + V_LANES, f.y[1]);
            v_store(p + TWO_VECTORS, f.dy[0]);
            v_store(p + TWO_VECTORS + V_LANES, f.dy[1]);
        }
        scan_two(f, &largest, &y_bits);
    }
    if (r.n % TWO_VECTORS != 0) {
        scan_two(factors_at_end(type, &r), &largest, &y_bits);
    }
    return largest_in_range(largest, y_bits);
}

static ALWAYS_INLINE void add_two(struct two_factors f, const struct grid *g, i_t *top, i_t *middle) {
    v_t g_top = v_set1(g->top), both = v_set1(g->top + g->middle);
    add_product_to_limbs(f.y[0], f.dy[0], g_top, both, top, middle);
    add_product_to_limbs(f.y[1], f.dy[1], g_top, both, top, middle);
}

/* The limbs of the sum of a row's products, the largest of which has this exponent. Lanes are emptied each SUM_BLOCK
 * vectors, those at the end among them. */
static ALWAYS_INLINE void limbs_of_half_row(enum dtype type, bool kept, const struct half_row *row, int exponent,
                                            int64_t limbs[3]) {
    const struct half_row r = *row;
    const struct grid g = grid_of_products(exponent);
    const size_t blocks = r.n / TWO_VECTORS;
    limbs[0] = limbs[1] = limbs[2] = 0;
    for (size_t i = 0; i < blocks;) {
        const size_t from = i, most = SUM_BLOCK / 2 - 1, to = blocks - i < most ? blocks : i + most;
        const bool end = to == blocks && r.n % TWO_VECTORS != 0;
        i_t top = i_set1(0), middle = i_set1(0);
        for (; i < to; i++) {
            add_two(factors_of_block(type, kept, &r, i), &g, &top, &middle);
        }
        if (end) {
            add_two(factors_left(type, &r), &g, &top, &middle);
        }
        const size_t additions = 2 * (to - from + end);
        limbs[0] += sum_lanes(top, g.top, additions);
        limbs[1] += sum_lanes(middle, g.middle, additions) * MIDDLE_UNIT_OF_TWO;
    }
}

/* The sum of the products as two reals; false if they need a scale, or more than limbs. */
static ALWAYS_INLINE bool sum_half_row(enum dtype type, bool kept, const struct half_row *r, real largest,
                                       real sum[2]) {
    if (!(largest >= power_of_two(PRODUCT_SMALL) && largest < power_of_two(PRODUCT_LARGE + 1)) || r->n >= WIDE_FROM) {
        return false;
    }
    const struct product_range range = {1, 1, 1, 0};
    const int exponent = exponent_of_real(largest);
    int64_t limbs[3];
    limbs_of_half_row(type, kept, r, exponent, limbs);
    return value_of_limbs(limbs, unit_exponent(exponent, &range), sum);
}

static ALWAYS_INLINE v_t narrowed_gradients(enum dtype type, struct two_factors f, v_t power, v_t rest) {
    v_t a = gradient(f.y[0], f.dy[0], power, rest), b = gradient(f.y[1], f.dy[1], power, rest);
    return v_from_bits(type == DTYPE_F16 ? v_to_f16(a, b) : v_two_to_bf16(a, b));
}

/* What is at the end is read before anything is written, which may be in place. */
static ALWAYS_INLINE void gradients_of_half_row(enum dtype type, bool kept, const struct half_row *row,
                                                const real sum[2], unsigned char *dx) {
    const struct half_row r = *row;
    real s[2];
    split_off_power(sum, s);
    const v_t power = v_set1(s[0]), rest = v_set1(s[1]);
    const bool left = r.n % TWO_VECTORS != 0;
    const v_t end = left ? narrowed_gradients(type, factors_at_end(type, &r), power, rest) : power;
    for (size_t i = 0; i < r.n / TWO_VECTORS; i++) {
        store_halves(dx + i * TWO_BYTES, narrowed_gradients(type, factors_of_block(type, kept, &r, i), power, rest));
    }
    if (left) {
        store_halves(dx + (r.n - TWO_VECTORS) * HALF_BYTES, end);
    }
}

/* ---- Rows ---- */

/* Some rows, from the k-th on, by way of reals in scratch memory. */
static ALWAYS_INLINE void backward_widened(enum dtype type, const struct half_rows *h, size_t k, size_t rows, real *y) {
    const size_t n = h->n, ld = half_row_floats(n);
    const struct half_array of_y = rows_from(h->array[0], k), of_dy = rows_from(h->array[1], k),
                            of_dx = rows_from(h->array[2], k);
    real *dy = y + rows * ld;
    const struct gradient_inputs reals = {y, ld, dy, ld};
    widen_rows(type, rows, n, &of_y, y);
    widen_rows(type, rows, n, &of_dy, dy);
    backward_rows(rows, n, &reals, dy, ld, false);
    narrow_rows(type, rows, n, dy, &of_dx);
}

static ALWAYS_INLINE struct half_row half_row_of(const struct half_rows *h, size_t k, real *kept) {
    return (struct half_row){
        .y = rows_from(h->array[0], k).data, .dy = rows_from(h->array[1], k).data, .kept = kept, .n = h->n};
}

/* Rows one by one. As in backward_one_by_one, the first pass over the next row comes before the last pass over this
 * one, if both have a place in scratch memory. */
static ALWAYS_INLINE void backward_one_by_one_of_halves(enum dtype type, bool keep, const struct half_rows *h) {
    const size_t n = h->n, floats = 2 * half_row_floats(n);
    const bool look_ahead = keep && half_block_rows(2, h->rows, n) > 1;
    real *scratch = h->scratch, largest = 0;
    struct half_row rows[2];
    for (size_t k = 0; k < h->rows; k++) {
        const size_t place = look_ahead ? k % 2 : 0;
        struct half_row *r = &rows[place];
        if (k == 0 || !look_ahead) {
            *r = half_row_of(h, k, scratch);
            largest = scan_half_row(type, keep, r);
        }
        real sum[2];
        const bool in_range = sum_half_row(type, keep, r, largest, sum);
        if (look_ahead && k + 1 < h->rows) {
            rows[1 - place] = half_row_of(h, k + 1, scratch + (1 - place) * floats);
            largest = scan_half_row(type, keep, &rows[1 - place]);
        }
        if (in_range) {
            gradients_of_half_row(type, keep, r, sum, rows_from(h->array[2], k).data);
        } else {
            backward_widened(type, h, k, 1, scratch + place * floats);
        }
    }
}

static ALWAYS_INLINE void backward_of_type(enum dtype type, const struct half_rows *h) {
    if (h->n > HALF_KEPT_MOST) {
        backward_one_by_one_of_halves(type, false, h);
        return;
    }
    if (h->n > HALF_TOGETHER_MOST) {
        backward_one_by_one_of_halves(type, true, h);
        return;
    }
    const size_t together = half_block_rows(2, h->rows, h->n);
    for (size_t k = 0; k < h->rows; k += together) {
        backward_widened(type, h, k, h->rows - k < together ? h->rows - k : together, h->scratch);
    }
}

static void backward_of_halves(const struct half_rows *h) {
    if (h->type == DTYPE_F16) {
        backward_of_type(DTYPE_F16, h);
    } else {
        backward_of_type(DTYPE_BF16, h);
    }
}

#endif

#endif
