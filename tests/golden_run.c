#include "golden.h"

#include <stdlib.h>
#include <string.h>

#define REAL float
#define F(name) name##_f32
#include "golden_calls.h"
#undef REAL
#undef F
#define REAL double
#define F(name) name##_f64
#include "golden_calls.h"
#undef REAL
#undef F

/* The options of a case, and the memory that they point to. */
typedef struct case_options {
    smx_options options;
    uint8_t *keep;
    int64_t length;
} case_options;

static int64_t integer(const golden_case *c, golden_array a) { return c->array[a] ? (int64_t)golden_get(c, a, 0) : 0; }

/* The row is the first of its queries. */
static void set_attention(smx_options *o, const golden_case *c) {
    bool own = c->function == GOLDEN_CROSS_ENTROPY || c->function == GOLDEN_CROSS_ENTROPY_DENSE;
    o->softcap = c->array[GOLDEN_SOFTCAP] && !own ? golden_get(c, GOLDEN_SOFTCAP, 0) : 0;
    o->causal = (smx_causal)integer(c, GOLDEN_CAUSAL);
    o->queries = (size_t)integer(c, GOLDEN_QUERIES);
    o->use_window = c->array[GOLDEN_WINDOW_LEFT] && c->array[GOLDEN_WINDOW_RIGHT];
    o->window_left = integer(c, GOLDEN_WINDOW_LEFT);
    o->window_right = integer(c, GOLDEN_WINDOW_RIGHT);
    o->alibi = c->array[GOLDEN_ALIBI];
    o->sink = c->array[GOLDEN_SINK];
}

static bool options_open(case_options *o, const golden_case *c) {
    *o = (case_options){.options = c->options};
    o->options.scale = c->array[GOLDEN_SCALE];
    o->options.add = c->array[GOLDEN_ADD];
    o->options.add_ld = c->n;
    set_attention(&o->options, c);
    if (c->array[GOLDEN_LENGTH]) {
        o->length = (int64_t)golden_get(c, GOLDEN_LENGTH, 0);
        o->options.lengths = &o->length;
    }
    if (!c->array[GOLDEN_KEEP])
        return true;
    o->keep = malloc(c->n + !c->n);
    for (size_t j = 0; o->keep && j < c->n; j++)
        o->keep[j] = golden_get(c, GOLDEN_KEEP, j) != 0;
    o->options.keep = o->keep;
    o->options.keep_ld = c->n;
    return o->keep;
}

smx_status golden_run(const golden_case *c, void *out) {
    case_options o;
    if (!options_open(&o, c))
        return SMX_ERROR_MEMORY;
    smx_status status = c->f64 ? call_f64(c, &o.options, out) : call_f32(c, &o.options, out);
    free(o.keep);
    return status;
}

/* Limbs that may overlap, as one 128-bit integer in two's complement. */
static void normalise(const int64_t limb[4], uint64_t *high, uint64_t *low) {
    uint64_t word[4];
    int64_t carry = 0;
    for (int k = 0; k < 4; k++) {
        /* The carry is below 2^32 in magnitude, so that halves of 32 bits never overflow. */
        uint64_t part = (uint64_t)limb[k] & 0xffffffff;
        int64_t rest = (limb[k] - (int64_t)part) / INT64_C(0x100000000);
        int64_t total = (int64_t)part + carry;
        word[k] = (uint64_t)total & 0xffffffff;
        carry = rest + (total - (int64_t)word[k]) / INT64_C(0x100000000);
    }
    *low = word[1] << 32 | word[0];
    *high = word[3] << 32 | word[2];
}

static smx_status softmax_sum(const golden_case *c, int64_t sum[4]) {
    smx_status status;
    if (c->f64) {
        smx_softmax_stats_f64 stats;
        status = smx_softmax_part_max_f64(c->n, c->array[GOLDEN_X], &stats);
        if (status == SMX_OK)
            status = smx_softmax_part_sum_f64(c->n, c->array[GOLDEN_X], c->n, &stats, &c->options);
        memcpy(sum, stats.sum, sizeof stats.sum);
    } else {
        smx_softmax_stats_f32 stats;
        status = smx_softmax_part_max_f32(c->n, c->array[GOLDEN_X], &stats);
        if (status == SMX_OK)
            status = smx_softmax_part_sum_f32(c->n, c->array[GOLDEN_X], c->n, &stats, &c->options);
        memcpy(sum, stats.sum, sizeof stats.sum);
    }
    return status;
}

static smx_status backward_sum(const golden_case *c, smx_softmax_backward_stats *stats) {
    smx_status status = c->f64
                            ? smx_softmax_backward_part_max_f64(c->n, c->array[GOLDEN_Y], c->array[GOLDEN_DY], stats)
                            : smx_softmax_backward_part_max_f32(c->n, c->array[GOLDEN_Y], c->array[GOLDEN_DY], stats);
    if (status != SMX_OK)
        return status;
    return c->f64 ? smx_softmax_backward_part_sum_f64(c->n, c->array[GOLDEN_Y], c->array[GOLDEN_DY], c->n, stats)
                  : smx_softmax_backward_part_sum_f32(c->n, c->array[GOLDEN_Y], c->array[GOLDEN_DY], c->n, stats);
}

smx_status golden_sum(golden_case *c) {
    smx_softmax_backward_stats stats = {0};
    smx_status status = c->function == GOLDEN_BACKWARD ? backward_sum(c, &stats) : softmax_sum(c, stats.sum);
    c->exponent = stats.exponent;
    normalise(stats.sum, &c->sum_high, &c->sum_low);
    return status;
}

uint64_t golden_hash(const void *values, size_t count, bool f64) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = 0;
        uint32_t low;
        if (f64) {
            memcpy(&bits, (const double *)values + i, sizeof bits);
        } else {
            memcpy(&low, (const float *)values + i, sizeof low);
            bits = low;
        }
        for (int shift = 0; shift < (f64 ? 64 : 32); shift += 8)
            hash = (hash ^ (bits >> shift & 0xff)) * UINT64_C(0x100000001b3);
    }
    return hash;
}
