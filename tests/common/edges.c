#include "edges.h"

#include <math.h>

static double sign(rng *r) { return rng_next(r) >> 63 ? -1 : 1; }

static int is_f32(const dtype *t) { return t->size == sizeof(float); }

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

static double cutoff(const dtype *t) { return is_f32(t) ? 105 : 746; }

/* Within a few units in the last place of v. */
static double near_by(const dtype *t, double v, rng *r) {
    return v * (1 + (double)((int)rng_below(r, 7) - 3) * t->epsilon / 2);
}

static double at_positive_far(const dtype *t, rng *r) { return near_by(t, t->offset_from, r); }

static double at_negative_far(const dtype *t, rng *r) { return near_by(t, -t->offset_from, r); }

static double at_zero(const dtype *t, rng *r) { return sign(r) * (double)rng_below(r, 3) * t->min_subnormal; }

static double below_far(const dtype *t, rng *r) { return rng_uniform(r, -t->offset_from, t->offset_from); }

static double beyond_far(const dtype *t, rng *r) {
    return sign(r) * t->offset_from * ldexp(1, (int)rng_below(r, 20)) * rng_uniform(r, 1, 2);
}

static double at_largest(const dtype *t, rng *r) { return sign(r) * t->max; }

typedef struct kind {
    const char *name;
    double (*maximum)(const dtype *t, rng *r);
    int at_unit; /* all other terms are around the unit of the sum */
} kind;

static const kind x_kinds[EDGE_X_KINDS] = {
    {"maximum at FAR", at_positive_far, 0},
    {"maximum at -FAR", at_negative_far, 0},
    {"maximum at 0", at_zero, 0},
    {"maximum below FAR", below_far, 0},
    {"maximum beyond FAR", beyond_far, 0},
    {"maximum of the type", at_largest, 0},
    {"terms at the sum's unit", at_zero, 1},
    {"terms at the sum's unit, maximum at FAR", at_positive_far, 1},
};

const char *edge_x_name(size_t k) { return x_kinds[k].name; }

/* exp of it is 2^-U, where U is that of n <= 2^18, within a factor of 2. */
static double unit_below(const dtype *t, double maximum, rng *r) {
    return maximum - ((is_f32(t) ? 45 : 88) + rng_uniform(r, -1, 1)) * 0x1.62e42fefa39efp-1;
}

static double entry_below(const dtype *t, double maximum, rng *r) {
    switch (rng_below(r, 8)) {
    case 0:
        return maximum;
    case 1:
        return maximum - near_by(t, cutoff(t), r);
    case 2:
        return rng_below(r, 2) ? -INFINITY : -t->max;
    case 3:
        return unit_below(t, maximum, r);
    case 4:
        return maximum - rng_uniform(r, 0, 2);
    default:
        return maximum - rng_uniform(r, 0, 1.02) * cutoff(t);
    }
}

void edge_x(const dtype *t, void *x, size_t n, size_t k, rng *r) {
    t->store(x, 0, x_kinds[k].maximum(t, r));
    double maximum = t->load(x, 0);
    size_t place = rng_below(r, n);
    for (size_t i = 0; i < n; i++) {
        double below = x_kinds[k].at_unit ? unit_below(t, maximum, r) : entry_below(t, maximum, r);
        t->store(x, i, i == place ? maximum : fmin(below, maximum));
    }
}

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

int edge_exponent(const dtype *t, size_t i) {
    static const int f32[EDGE_EXPONENTS] = {127, 60, 0, -60, -180}, f64[EDGE_EXPONENTS] = {1023, 900, 0, -900, -1200};
    return is_f32(t) ? f32[i] : f64[i];
}

typedef struct backward_kind {
    const char *name;
    int spread;     /* products reach down by a factor 2^-spread */
    int just_below; /* the largest product is just below a power of two, and rounds to it */
    int cancels;    /* the sum is that of products around its unit: the others come in pairs of opposite sign */
} backward_kind;

static const backward_kind backward_kinds[EDGE_BACKWARD_KINDS] = {
    {"all near the largest", 1, 0, 0}, {"a tail", 50, 0, 0},
    {"a long tail", 130, 0, 0},        {"the largest rounds to a power of two", 3, 1, 0},
    {"products cancel", 0, 0, 1},
};

const char *edge_backward_name(size_t k) { return backward_kinds[k].name; }

static int clamp(int v, int low, int high) { return v < low ? low : v > high ? high : v; }

/* y dy = p q 2^exponent with 1 <= p, q < 2, the power split at random among the two. */
static void store_pair(const dtype *t, void *y, void *dy, size_t i, int exponent, double p, double q, rng *r) {
    int least = ilogb(t->min_subnormal), top = ilogb(t->max);
    int lowest_y = clamp(exponent - top, least, -1), highest_y = clamp(exponent - least, lowest_y, -1);
    int of_y = lowest_y + (int)rng_below(r, (size_t)(highest_y - lowest_y + 1));
    t->store(y, i, ldexp(p, of_y));
    t->store(dy, i, sign(r) * ldexp(q, clamp(exponent - of_y, least - 1, top)));
}

/* The unit of the sum is 2^-U' of the largest product. */
static int unit_bits(const dtype *t, size_t n) { return !is_f32(t) ? 87 : n <= (size_t)1 << 18 ? 44 : 67; }

/* Where dy is 0, dx shows all bits of the sum. */
static void cancelling(const dtype *t, void *y, void *dy, size_t n, int exponent, rng *r) {
    for (size_t i = 0; i < n; i++) {
        double p = rng_uniform(r, 1, 1.4), q = rng_uniform(r, 1, 1.4);
        if (i % 4 == 1) {
            t->store(y, i, t->load(y, i - 1));
            t->store(dy, i, -t->load(dy, i - 1));
        } else if (i % 4 == 3) {
            t->store(y, i, p / 2);
            t->store(dy, i, 0);
        } else {
            int e = i % 4 == 0 && i + 1 < n ? 0 : unit_bits(t, n) + (int)rng_below(r, 12) - 10;
            store_pair(t, y, dy, i, exponent - e, p, q, r);
        }
    }
}

static void spread_out(const dtype *t, void *y, void *dy, size_t n, int exponent, const backward_kind *row, rng *r) {
    size_t place = rng_below(r, n);
    for (size_t i = 0; i < n; i++) {
        double p = rng_uniform(r, 1, 1.4), q = rng_uniform(r, 1, 1.4);
        int e = exponent - (int)rng_below(r, (size_t)row->spread + 1);
        if (i == place) {
            e = exponent;
            p = row->just_below ? 1 + t->epsilon : p;
            q = row->just_below ? 2 - 2 * t->epsilon : q; /* p q = 2 - 2 epsilon^2 */
            e -= row->just_below;
        }
        store_pair(t, y, dy, i, e, p, q, r);
        if (i != place && rng_below(r, 10) == 0) {
            t->store(rng_below(r, 2) ? y : dy, i, sign(r) * 0.0);
        }
    }
}

void edge_backward(const dtype *t, void *y, void *dy, size_t n, int exponent, size_t k, rng *r) {
    if (backward_kinds[k].cancels) {
        cancelling(t, y, dy, n, exponent, r);
    } else {
        spread_out(t, y, dy, n, exponent, &backward_kinds[k], r);
    }
}
