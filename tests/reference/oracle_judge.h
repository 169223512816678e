/* Measures one result array against exact values, element by element. */
#ifndef SMX_TESTS_ORACLE_JUDGE_H
#define SMX_TESTS_ORACLE_JUDGE_H

#include "golden.h"
#include "oracle_logits.h"

/* What is known of one array of a case's results. */
typedef struct oracle_verdict {
    double error; /* the largest: ULP, or a part of the bound; infinity where a special case is wrong */
    size_t at;    /* the element that has it */
    double bound; /* what the header allows */
    const char *unit;
} oracle_verdict;

/* Prepared for each case: its inputs as doubles, and numbers to work with. */
typedef struct oracle_judge {
    const golden_case *c;
    oracle_type type;
    double *array[GOLDEN_ARRAYS]; /* null: not given */
    oracle_row row;               /* of x, where the function takes one, else of its masks alone */
    const void *result;           /* of the array that is judged now */
    oracle_verdict *verdict;      /* of that array */
    double slack;                 /* multiples of 2^-149 or 2^-1074 that are not counted as an error in ULP */
    mpfr_t exact, bound, a, b;
} oracle_judge;

void oracle_judge_init(oracle_judge *j, const golden_case *c);
void oracle_judge_clear(oracle_judge *j);

/* The next elements are those of result array k. Its unit is ULP below `ulps`, or, if that is 0, the bound. */
void oracle_judge_part(oracle_judge *j, const void *result, size_t k, double ulps, oracle_verdict *verdict);

/* Element i should be j->exact. NaN must be canonical, infinities equal; no zero may be -0. */
void oracle_judge_ulp(oracle_judge *j, size_t i);

/* The same within j->bound, which may be 0 where j->exact is a number of the type. */
void oracle_judge_bound(oracle_judge *j, size_t i);

/* By how much a softcap may move z. */
double oracle_judge_moved(const oracle_judge *j);

/* As oracle_judge_ulp without a softcap; with one within so many ULP, and a part of `exact`, and a number. */
void oracle_judge_capped(oracle_judge *j, size_t i, double ulps, double relative, double absolute);

/* The relative error that the headers call 2^-24 in f32: 2^-53 in f64, times 2^bits. */
double oracle_unit(oracle_type type, int bits);

/* Whether a case's logits have low parts, where bounds are larger. */
bool oracle_logits_are_pairs(const golden_case *c);

/* 2^-149 or 2^-1074, times factor, is added to j->bound. */
void oracle_judge_add_least(oracle_judge *j, unsigned long factor);

/* Sets `sum` to sum_i a_i b_i over the kept entries, or of their magnitudes. */
void oracle_dot(const oracle_row *row, const double *a, const double *b, bool magnitudes, mpfr_t sum);

/* What smx/log.h allows a logsumexp to be off by. */
void oracle_logsumexp_bound(const oracle_logits *z, const mpfr_t exact, mpfr_t bound);

/* One function for each group of functions; case by golden_function. */
void oracle_judge_log(oracle_judge *j, const void *result, oracle_verdict *verdicts);
void oracle_judge_nll(oracle_judge *j, const void *result, oracle_verdict *verdicts);
void oracle_judge_cross_entropy(oracle_judge *j, const void *result, oracle_verdict *verdicts);
void oracle_judge_second_order(oracle_judge *j, const void *result, oracle_verdict *verdicts);

#endif
