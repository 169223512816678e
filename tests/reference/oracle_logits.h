/* The logits of a row as smx/base.h defines them (scale, masks, not rounded), and what follows from them: probabilities
 * and their logarithms, from MPFR. */
#ifndef SMX_TESTS_ORACLE_LOGITS_H
#define SMX_TESTS_ORACLE_LOGITS_H

#include "oracle.h"

/* Bits of every intermediate number. Nothing here subtracts close numbers: 1 - p and log p come from the sum without
 * the largest term. */
#define ORACLE_LOGITS_PRECISION 256

/* One row of a call; null arrays are not given. All values are of the type. */
typedef struct oracle_row {
    oracle_type type;
    size_t n;
    const double *x;
    const double *add;
    const double *keep;   /* 0: masked out */
    size_t first, length; /* those from first on, up to length, are kept: 0 and n where no such option is given */
    double scale;
    double softcap;  /* 0: none */
    bool caps_first; /* the options' softcap, before masks; else cross-entropy's, of all of z */
    double alibi;    /* 0: none */
    int64_t position;
    const double *sink; /* null: none */
    smx_plus_inf plus_inf;
    smx_minus_inf_row minus_inf_row;
} oracle_row;

typedef enum oracle_kind {
    ORACLE_KIND_FINITE,
    ORACLE_KIND_NAN,       /* a NaN in a kept place */
    ORACLE_KIND_PLUS_INF,  /* else a +inf */
    ORACLE_KIND_MINUS_INF, /* kept entries, all -inf */
    ORACLE_KIND_EMPTY      /* no kept entry, and no sink */
} oracle_kind;

typedef struct oracle_logits {
    const oracle_row *row;
    oracle_kind kind;
    bool undefined; /* probabilities are NaN */
    size_t count;   /* of logits: n, and the sink behind them */
    size_t top;     /* the first of the largest logits; count if none is kept */
    bool *kept;
    mpfr_t *below; /* z_i - max; -inf where p is 0 */
    mpfr_t *term;  /* exp(z_i - max) */
    mpfr_t *slope; /* softcap'(z_i); 1 without softcap */
    mpfr_t max;
    mpfr_t rest; /* sum of all terms but that at top: rho */
    mpfr_t sum;  /* 1 + rest */
    mpfr_t log_sum;
} oracle_logits;

bool oracle_row_keeps(const oracle_row *row, size_t j);

/* `row` must live as long as the logits. */
void oracle_logits_init(oracle_logits *z, const oracle_row *row);
void oracle_logits_clear(oracle_logits *z);

/* p_i, 1 - p_i, log p_i, logsumexp. Where an entry is masked out p is 0, in rows without probabilities NaN. */
void oracle_probability(const oracle_logits *z, size_t i, mpfr_t p);
void oracle_complement(const oracle_logits *z, size_t i, mpfr_t q);
void oracle_log_probability(const oracle_logits *z, size_t i, mpfr_t l);
void oracle_logsumexp(const oracle_logits *z, mpfr_t lse);

#endif
