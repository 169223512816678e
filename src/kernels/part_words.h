/* What is known of rows that lie in parts: the words of their maxima and sums. docs/bits.md, "Rows in parts". */
#ifndef SMX_PART_WORDS_H
#define SMX_PART_WORDS_H

#include "../base/wide.h"
#include "smx/parts.h"

/* Of a row's maxima. */
enum {
    PART_HIGH,              /* key of the largest logit's high part */
    PART_KEPT,              /* 1 if some entry is kept */
    PART_LOW,               /* from round 2 on: key of the largest low part that goes with it */
    PART_SECOND,            /* key of the largest other high part that a part of the row knows of */
    PART_FIRST,             /* -1 - p for the first, */
    PART_LAST,              /* and p for the last of the places that parts name for the largest logit */
    PART_LABEL_HIGH,        /* keys of the label's logit, */
    PART_LABEL_LOW,         /* which one part has */
    PART_REST,              /* key of the largest coefficient's magnitude */
    PART_ARGMAX,            /* from round 3 on: -1 - p for the first place of the largest logit */
    PART_REST_EXPONENT,     /* of the largest product in the sum of coefficients; from round 2 on in that of weights */
    PART_DISTANCE_EXPONENT, /* of that in the sum of coefficients and distances */
    PART_PLUS_INFINITE,     /* 1 if an infinite summand is there of this sign, */
    PART_MINUS_INFINITE,
    PART_NOT_A_NUMBER, /* or one that is NaN; from round 1 on, a weight that is not finite */
    PART_WORDS
};

/* Of its sums: where their limbs begin. */
enum { PART_TERMS = 0, PART_RESTS = 4, PART_DISTANCES = 8 };

_Static_assert((int)PART_WORDS <= (int)SMX_PART_MAXIMA && (int)PART_DISTANCES + 4 == (int)SMX_PART_SUMS,
               "words of a row in parts");

/* Of a maximum to which no entry has come yet. */
#define PART_NONE INT64_MIN

enum part_step { PART_NO_STEP, PART_ROUND_1, PART_ROUND_2, PART_ROUND_3, PART_ADD, PART_FINISH };

/* Where a call's rows lie in whole ones. */
struct rows_part {
    enum part_step step;
    size_t row_n, first;
    int64_t *maxima, *sums;
    const void *b; /* weights or dy, or null */
    size_t ldb;
    smx_part_kind kind;
};

/* Numbers as integers of the same order, with -0 before +0 and the canonical NaN above all. */
static inline int64_t key_of(double a) {
    int64_t bits = (int64_t)bits_of_double(a);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static inline double number_of_key(int64_t key) { return double_of_bits((uint64_t)(key < 0 ? key ^ INT64_MAX : key)); }

#endif
