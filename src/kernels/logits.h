/* The logits of a row, in blocks: the entries themselves where nothing else was asked for, else scale x + add under
 * masks, as two reals in a buffer that stays in the first cache. docs/bits.md, "Logits". */
#ifndef SMX_LOGITS_H
#define SMX_LOGITS_H

#include "forward.h"
#include "softcap.h"

typedef struct NAME(smx_logits) logits;

#define LOGITS_BLOCK ((size_t)512)

struct buffer {
    real high[LOGITS_BLOCK], low[LOGITS_BLOCK];
};

/* n logits high + low; low may be null: 0. */
struct block {
    size_t n;
    const real *high, *low;
};

static inline bool masked(const logits *l) { return l->add != NULL || l->keep != NULL || l->weight != NULL; }
static inline bool plain(const logits *l) {
    return l->stride == 1 && l->scale == 1 && l->softcap == 0 && !l->limit && !masked(l);
}

static inline size_t block_length(size_t left) { return left < LOGITS_BLOCK ? left : LOGITS_BLOCK; }

static inline void gather(size_t n, const real *x, size_t stride, real *block) {
    for (size_t i = 0; i < n; i++) {
        block[i] = x[i * stride];
    }
}

static inline void scatter(size_t n, const real *block, real *y, size_t stride) {
    for (size_t i = 0; i < n; i++) {
        y[i * stride] = block[i];
    }
}

/* n <= LOGITS_BLOCK summands of the logits from entry j: -inf where masked out. */
static inline void summands(const logits *l, size_t j, size_t n, real *add) {
    for (size_t i = 0; i < n; i++) {
        bool kept = (l->keep == NULL || l->keep[j + i] != 0) && (l->weight == NULL || l->weight[j + i] != 0);
        add[i] = !kept ? -(real)INFINITY : l->add == NULL ? 0 : l->add[j + i];
    }
}

/* n <= LOGITS_BLOCK logits from x as two reals; buffer->low holds the summands. */
static inline void pairs(const logits *l, size_t n, const real *x, struct buffer *buffer) {
    bool summed = l->add != NULL, some = masked(l);
    v_t scale = v_set1(l->scale), zero = v_set1(0), limit = v_set1(LOW_LIMIT);
    v_t minus_infinity = v_set1(-(real)INFINITY);
    for (size_t j = 0; j < n; j += V_LANES) {
        bool full = n - j >= V_LANES;
        v_t xj = full ? v_load(x + j) : v_load_n(x + j, n - j, zero);
        v_t high = v_mul(scale, xj), low = v_fms(scale, xj, high);
        if (some) {
            v_t add = full ? v_load(buffer->low + j) : v_load_n(buffer->low + j, n - j, zero);
            if (summed) {
                v_t error;
                high = two_sum(high, add, &error);
                low = v_add(low, error);
            }
            high = either(v_eq(add, minus_infinity), minus_infinity, high);
        }
        low = v_keep(m_not(v_ge(v_abs(high), limit)), low);
        low = v_keep(v_eq(low, low), low); /* NaN in the row stays in its high part */
        if (full) {
            v_store(buffer->high + j, high);
            v_store(buffer->low + j, low);
        } else {
            v_store_n(buffer->high + j, high, n - j);
            v_store_n(buffer->low + j, low, n - j);
        }
    }
}

/* Where +inf entries share all mass: 0 for them, and nothing else is left. */
static inline void limit_block(size_t n, real *high, real *low) {
    for (size_t i = 0; i < n; i++) {
        high[i] = high[i] == (real)INFINITY ? 0 : -(real)INFINITY;
        low[i] = 0;
    }
}

/* The logits from entry j on, as many as a block has. */
static inline struct block logits_block(const logits *l, size_t j, size_t n, struct buffer *buffer) {
    if (plain(l)) {
        return (struct block){n - j, l->x + j, NULL};
    }
    size_t length = block_length(n - j);
    if (masked(l)) {
        summands(l, j, length, buffer->low);
    }
    const real *x = l->x + j * l->stride;
    if (l->stride != 1) {
        gather(length, x, l->stride, buffer->high);
        x = buffer->high;
    }
    pairs(l, length, x, buffer);
    if (l->softcap != 0) {
        softcap_block(length, l->softcap, buffer->high, buffer->low);
    }
    if (l->limit) {
        limit_block(length, buffer->high, buffer->low);
    }
    return (struct block){length, buffer->high, buffer->low};
}

/* Whether some entry is kept. */
static inline bool any_kept(const logits *l, size_t n) {
    real add[LOGITS_BLOCK];
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        summands(l, j, length, add);
        for (size_t i = 0; i < length; i++) {
            if (add[i] != -(real)INFINITY) { /* NaN too */
                return true;
            }
        }
    }
    return false;
}

/* a where kept, 0 where masked out: n entries from the j-th on; itself or a copy in the buffer. */
static inline const real *kept_block(const logits *l, size_t j, size_t n, const real *a, real *buffer) {
    if (!masked(l)) {
        return a + j;
    }
    summands(l, j, n, buffer);
    for (size_t i = 0; i < n; i++) {
        buffer[i] = buffer[i] == -(real)INFINITY ? 0 : a[j + i];
    }
    return buffer;
}

/* n <= LOGITS_BLOCK values from the j-th on: 0 where masked out. */
static inline void clear_masked(const logits *l, size_t j, size_t n, real *a) {
    real add[LOGITS_BLOCK];
    summands(l, j, n, add);
    for (size_t i = 0; i < n; i++) {
        a[i] = add[i] == -(real)INFINITY ? 0 : a[i];
    }
}

/* One value where kept, another where masked out. */
static inline void fill_kept(const logits *l, size_t n, real kept, real out, real *y) {
    real add[LOGITS_BLOCK];
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        summands(l, j, length, add);
        for (size_t i = 0; i < length; i++) {
            y[j + i] = add[i] == -(real)INFINITY ? out : kept;
        }
    }
}

/* ---- The largest logits ---- */

/* The largest logit high + low (high is NaN if any is NaN, -inf if all are), where it first stands, and the second
 * largest high part: the same value if two are equal, -inf if there is none. */
struct peak {
    real high, low, second;
    size_t at;
};

/* Whether the peak has an equal, whose high part is the same. */
static inline bool tied(const struct peak *peak) { return peak->second == peak->high; }

/* The length of arrays for a vector's lanes. */
#ifdef V_LANES_MOST
#define LANES_MOST V_LANES_MOST
#else
#define LANES_MOST V_LANES
#endif

/* The two largest in each lane of n reals, and their sum: NaN if one of them is, and maybe for infinities and where it
 * overflows. Comparisons would wait for the ports that maxima take. */
static ALWAYS_INLINE void largest_of_lanes(size_t n, const real *x, v_t *first, v_t *second, v_t *sum) {
    v_t lowest = v_set1(-(real)INFINITY), first0 = lowest, first1 = lowest, second0 = lowest, second1 = lowest;
    v_t sum0 = v_set1(0), sum1 = sum0;
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        v_t x0 = v_load(x + j), x1 = v_load(x + j + V_LANES);
        second0 = v_max(second0, v_min(first0, x0));
        second1 = v_max(second1, v_min(first1, x1));
        first0 = v_max(first0, x0);
        first1 = v_max(first1, x1);
        sum0 = v_add(sum0, x0);
        sum1 = v_add(sum1, x1);
    }
    for (; j < n; j += V_LANES) {
        v_t x0 = n - j < V_LANES ? v_load_n(x + j, n - j, lowest) : v_load(x + j);
        second0 = v_max(second0, v_min(first0, x0));
        first0 = v_max(first0, x0);
        sum0 = v_add(sum0, x0);
    }
    *second = v_max(v_max(second0, second1), v_min(first0, first1));
    *first = v_max(first0, first1);
    *sum = v_add(sum0, sum1);
}

static inline bool any_nan(size_t n, const real *x) {
    m_t nan = m_none();
    for (size_t j = 0; j < n; j += V_LANES) {
        v_t xj = n - j < V_LANES ? v_load_n(x + j, n - j, v_set1(0)) : v_load(x + j);
        nan = m_or(nan, v_unordered(xj, xj));
    }
    return m_any(nan);
}

/* The two largest of n reals, as a peak without a place. */
static inline struct peak two_largest(size_t n, const real *x) {
    v_t first, second, sum;
    largest_of_lanes(n, x, &first, &second, &sum);
    bool nan = m_any(v_unordered(sum, sum)) && any_nan(n, x);
    struct peak peak = {nan ? canonical_nan() : v_hmax(first), 0, v_hmax(second), 0};
    real lanes[LANES_MOST];
    v_store(lanes, first);
    size_t with_first = 0;
    for (size_t i = 0; i < V_LANES; i++) {
        if (lanes[i] == peak.high) {
            with_first++;
        } else if (lanes[i] > peak.second) {
            peak.second = lanes[i];
        }
    }
    if (with_first > 1) {
        peak.second = peak.high;
    }
    return peak;
}

/* The first place of `value` in x, which has it; with `low`, of value + low_value. */
static inline size_t place_of_value(size_t n, const real *x, real value, const real *low, real low_value) {
    v_t wanted = v_set1(value), minus_infinity = v_set1(-(real)INFINITY);
    for (size_t j = 0; j < n; j += V_LANES) {
        v_t xj = n - j < V_LANES ? v_load_n(x + j, n - j, minus_infinity) : v_load(x + j);
        if (m_any(v_eq(xj, wanted))) {
            size_t end = n - j < V_LANES ? n : j + V_LANES;
            for (size_t i = j; i < end; i++) {
                if (x[i] == value && (low == NULL || low[i] == low_value)) {
                    return i;
                }
            }
        }
    }
    return n;
}

/* The largest low part among the entries with this high part. */
static inline real largest_low(const struct block *b, real value) {
    v_t wanted = v_set1(value), lowest = v_set1(-(real)INFINITY), largest = lowest, zero = v_set1(0);
    for (size_t i = 0; i < b->n; i += V_LANES) {
        size_t left = b->n - i;
        v_t high = left < V_LANES ? v_load_n(b->high + i, left, lowest) : v_load(b->high + i);
        v_t low = left < V_LANES ? v_load_n(b->low + i, left, zero) : v_load(b->low + i);
        m_t here = v_eq(high, wanted);
        largest = v_max(largest, either(here, low, lowest));
    }
    return v_hmax(largest);
}

/* The largest low part among those whose high part is the peak's, and its first place. */
static inline void find_peak(const struct block *b, struct peak *peak) {
    if (b->low != NULL) {
        peak->low = largest_low(b, peak->high);
    }
    peak->at = place_of_value(b->n, b->high, peak->high, b->low, peak->low);
}

static inline void merge_peaks(struct peak *into, const struct peak *from, size_t from_at) {
    bool equal = from->high == into->high;
    real second = from->second > into->second ? from->second : into->second;
    real smaller = from->high > into->high ? into->high : from->high;
    second = smaller > second ? smaller : second;
    if (from->high > into->high || (equal && from->low > into->low)) {
        *into = *from;
        into->at += from_at;
    }
    into->second = second;
}

/* The peak of a row of n logits; its place is n if it is NaN or -inf. */
static struct peak peak_of(const logits *l, size_t n) {
    struct buffer buffer;
    struct peak peak = {-(real)INFINITY, 0, -(real)INFINITY, n};
    for (size_t j = 0; j < n;) {
        struct block b = logits_block(l, j, n, &buffer);
        struct peak here = two_largest(b.n, b.high);
        if (isnan(here.high)) {
            return (struct peak){canonical_nan(), 0, canonical_nan(), n};
        }
        if (here.high >= peak.high && here.high > -(real)INFINITY) {
            find_peak(&b, &here);
        }
        merge_peaks(&peak, &here, j);
        j += b.n;
    }
    return peak;
}

/* The terms of a row but for the entry at `without` (n: of all); e may be null, l->x, or a row of its own. */
static void logits_terms(const logits *l, size_t n, const struct reference *ref, size_t without, real *e,
                         struct term_sum *sum) {
    struct buffer buffer;
    for (size_t j = 0; j < n;) {
        struct block b = logits_block(l, j, n, &buffer);
        real *ej = e == NULL ? NULL : e + j;
        size_t before = without - j < b.n ? without - j : b.n; /* wraps past it */
        add_terms(before, b.high, b.low, ref, l->row_n, ej, sum);
        if (before < b.n) {
            size_t after = before + 1;
            const real *b_low = b.low == NULL ? NULL : b.low + after;
            add_terms(b.n - after, b.high + after, b_low, ref, l->row_n, ej == NULL ? NULL : ej + after, sum);
            if (ej != NULL) {
                ej[before] = 0;
            }
        }
        j += b.n;
    }
}

/* The terms of n <= LOGITS_BLOCK entries from the j-th on, relative to the second largest; 0 at the place of a peak
 * without equals. */
static inline void terms_of_block(const logits *l, size_t j, size_t n, const struct peak *peak, real *e) {
    const struct reference ref = {peak->second, 0, false};
    struct buffer buffer;
    if (ref.max == -(real)INFINITY) {
        row_fill(n, FILL_ZERO, e);
        return;
    }
    struct block b = logits_block(l, j, j + n, &buffer);
    add_terms(n, b.high, b.low, &ref, l->row_n, e, NULL);
    if (!tied(peak) && peak->at >= j && peak->at < j + n) {
        e[peak->at - j] = 0;
    }
}

#endif
