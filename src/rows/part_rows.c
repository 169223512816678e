#include "../base/arithmetic.h"

#include "part_rows.h"

#include "../base/refused.h"
#include "part.h"

#include <float.h>

smx_status smx_part_read(const smx_part *part, enum part_step step, size_t n, struct rows_part *read) {
    smx_part given;
    if (part == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "part");
    }
    if (!smx_read_sized(part, part->size, &given, sizeof given)) {
        return smx_refuse(SMX_ERROR_OPTION, "part.size");
    }
    if (step == PART_NO_STEP) {
        return smx_refuse(SMX_ERROR_OPTION, "round");
    }
    if (given.kind < SMX_PART_LOGARITHMS || given.kind > SMX_PART_SOFTMAX_BACKWARD) {
        return smx_refuse(SMX_ERROR_OPTION, "part.kind");
    }
    if (given.row_n > SMX_ROW_MOST || given.first > given.row_n || n > given.row_n - given.first) {
        return smx_refuse(SMX_ERROR_SIZE, "part.row_n");
    }
    *read =
        (struct rows_part){step, given.row_n, given.first, given.maxima, given.sums, given.b, given.ldb, given.kind};
    return SMX_OK;
}

/* ---- What earlier steps have left ---- */

/* The keys of the largest finite number, and of infinity and NaN. */
struct keys {
    int64_t finite, infinite, nan;
};

static struct keys keys_of(enum dtype real) {
    return (struct keys){key_of(real == DTYPE_F64 ? DBL_MAX : (double)FLT_MAX), key_of((double)INFINITY),
                         key_of((double)NAN)};
}

static bool finite_key(int64_t key, const struct keys *k) { return key >= -1 - k->finite && key <= k->finite; }

static bool number_key(int64_t key, const struct keys *k) {
    return finite_key(key, k) || key == k->infinite || key == -1 - k->infinite;
}

static bool place_of_row(int64_t place, size_t n) { return place >= 0 && (uint64_t)place < n; }

/* Of round 2. A row with a finite maximum has it somewhere, unless `beaten`: a sink of +inf can have taken all. */
static bool sound_second(const int64_t *m, const struct keys *k, size_t n, bool beaten) {
    bool second = m[PART_SECOND] == PART_NONE || number_key(m[PART_SECOND], k);
    if (m[PART_FIRST] == PART_NONE || m[PART_LAST] == PART_NONE) {
        return second && m[PART_FIRST] == m[PART_LAST] && (beaten || !finite_key(m[PART_HIGH], k));
    }
    return second && finite_key(m[PART_LOW], k) && place_of_row(m[PART_LAST], n) && m[PART_FIRST] < 0 &&
           -1 - m[PART_FIRST] <= m[PART_LAST];
}

/* Of round 3: a place that round 2 knows of has a first one. */
static bool sound_argmax(const int64_t *m, size_t n) {
    return m[PART_FIRST] == PART_NONE
               ? m[PART_ARGMAX] == PART_NONE
               : m[PART_ARGMAX] < 0 && m[PART_ARGMAX] != PART_NONE && place_of_row(-1 - m[PART_ARGMAX], n);
}

/* What products of two numbers can have. */
static bool sound_exponent(int64_t exponent, enum dtype real) {
    return exponent == PART_NONE ||
           (exponent >= INT32_MIN && exponent <= INT32_MAX && smx_exponent_of_a_row(real, (int32_t)exponent));
}

/* Of round 3, for losses. */
static bool sound_losses(const int64_t *m, const struct keys *k, enum dtype real, size_t n) {
    bool label = m[PART_LABEL_HIGH] == PART_NONE || number_key(m[PART_LABEL_HIGH], k);
    bool low = m[PART_LABEL_LOW] == PART_NONE || number_key(m[PART_LABEL_LOW], k);
    bool rest = m[PART_REST] == PART_NONE || (m[PART_REST] >= 0 && number_key(m[PART_REST], k));
    return label && low && rest && sound_argmax(m, n) && sound_exponent(m[PART_DISTANCE_EXPONENT], real);
}

static bool sound_maxima(const struct rows_request *r, const int64_t *m, const struct keys *k, bool losses,
                         bool beaten) {
    const struct rows_part *p = r->part;
    if (p->kind == SMX_PART_SOFTMAX_BACKWARD) {
        return m[PART_HIGH] == PART_NONE && sound_exponent(m[PART_REST_EXPONENT], r->real);
    }
    if (!number_key(m[PART_HIGH], k) && m[PART_HIGH] != k->nan) {
        return false;
    }
    if (p->step == PART_ROUND_2 || p->kind == SMX_PART_SOFTMAX) {
        return true;
    }
    return sound_second(m, k, p->row_n, beaten) && sound_exponent(m[PART_REST_EXPONENT], r->real) &&
           (p->step == PART_ROUND_3 || !losses || sound_losses(m, k, r->real, p->row_n));
}

/* Limbs that many parts can have added up, to no less than 0 where they are terms. */
static bool sound_sums(const int64_t *sums) {
    for (int i = 0; i < SMX_PART_SUMS; i++) {
        if (sums[i] > INT64_MAX / 2 || sums[i] < -(INT64_MAX / 2)) {
            return false;
        }
    }
    struct wide terms;
    memcpy(terms.limb, sums + PART_TERMS, sizeof terms.limb);
    wide_carry(&terms);
    return terms.limb[3] >= 0 && terms.limb[3] <= INT32_MAX;
}

smx_status smx_part_check(const struct rows_request *r, const struct options_read *options, bool losses) {
    const struct rows_part *p = r->part;
    bool beaten = options->opt->sink != NULL && options->policy.plus_inf_limit;
    const struct keys k = keys_of(r->real);
    for (size_t row = 0; row < r->rows && p->step > PART_ROUND_1; row++) {
        if (!sound_maxima(r, p->maxima + row * SMX_PART_MAXIMA, &k, losses, beaten)) {
            return smx_refuse(SMX_ERROR_STATS, "maxima");
        }
        if (p->step == PART_FINISH && !sound_sums(p->sums + row * SMX_PART_SUMS)) {
            return smx_refuse(SMX_ERROR_STATS, "sums");
        }
    }
    return SMX_OK;
}

/* Of a part that has been read. */
static smx_status part_rows(const struct rows_request *whole, const struct rows_part *part) {
    struct rows_run run;
    struct rows_request r = *whole;
    r.part = part;
    smx_status status = smx_rows_check(&r, &run);
    if (status == SMX_OK) {
        status = smx_part_check(&r, &run.options, false);
    }
    if (status == SMX_OK) {
        run.idle = run.idle && part->step == PART_FINISH;
        smx_rows_run(&run);
    }
    return status;
}

smx_status smx_part_finish_rows(const struct rows_request *r, const smx_part *given) {
    struct rows_part part = {.kind = SMX_PART_LOGARITHMS};
    smx_status status = smx_part_read(given, PART_FINISH, r->n, &part);
    enum kernel kernel = r->operation->kernel;
    smx_part_kind kind = kernel == kernel_softmax            ? SMX_PART_SOFTMAX
                         : kernel == kernel_softmax_backward ? SMX_PART_SOFTMAX_BACKWARD
                                                             : SMX_PART_LOGARITHMS;
    if (status == SMX_OK && part.kind != kind) {
        return smx_refuse(SMX_ERROR_OPTION, "part.kind");
    }
    return status == SMX_OK ? part_rows(r, &part) : status;
}

smx_status smx_part_share(const struct rows_request *given_rows, const smx_part *given, enum part_step step) {
    /* All options that any last step takes; that refuses those which it does not. */
    static const struct operation shares = {
        "part",
        kernel_part,
        OPTIONS_ALL,
        {{.name = "x", .stride = "ldx", .form = FORM_ROW, .content = CONTENT_LOGITS},
         {.name = "part.b",
          .stride = "part.ldb",
          .form = FORM_ROW,
          .content = CONTENT_FACTORS,
          .optional = true,
          .repeats = true}}};
    static const struct operation backward = {
        "backward part",
        kernel_part,
        OPTIONS_LINEAR | OPTION_SINK,
        {{.name = "x", .stride = "ldx", .form = FORM_ROW, .content = CONTENT_PROBABILITIES},
         {.name = "part.b", .stride = "part.ldb", .form = FORM_ROW, .content = CONTENT_GRADIENTS}}};
    struct rows_part part = {.kind = SMX_PART_LOGARITHMS};
    smx_status status = smx_part_read(given, step, given_rows->n, &part);
    if (status != SMX_OK) {
        return status;
    }
    union {
        const void *in;
        void *data;
    } b = {part.b};
    const struct array arrays[] = {given_rows->array[0], {b.data, part.ldb, 0}};
    struct rows_request r = *given_rows;
    r.operation = part.kind == SMX_PART_SOFTMAX_BACKWARD ? &backward : &shares;
    r.array = arrays;
    return part_rows(&r, &part);
}
