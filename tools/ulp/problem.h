/* What the search can look for: a function of the library, rows to try on it, and how to judge its results. */
#ifndef SMX_TOOLS_ULP_PROBLEM_H
#define SMX_TOOLS_ULP_PROBLEM_H

#include "case.h"
#include "row.h"

/* What attention adds to logits. */
enum { ATTENTION_SLOPE = 1, ATTENTION_SINK = 2, ATTENTION_CAP = 4 };

typedef struct problem {
    const char *name;
    golden_function function;
    size_t array_count;
    golden_array arrays[3]; /* what row.a, row.b and row.c are */
    size_t part;            /* the result array that counts; GOLDEN_RESULTS: all */
    unsigned attention;     /* what is given of ATTENTION_... */
    oracle_type type;
    double bound;        /* what the header promises; an error at or above it fails, unless it may be reached */
    bool attained;       /* the bound itself is allowed */
    const char *unit;    /* of errors */
    size_t min_n, max_n; /* the search draws lengths between these */

    /* Fills r with a random row of n entries. */
    void (*generate)(const struct problem *p, rng *random, size_t n, row *r);

    /* Changes r a little, mostly at group `hot`, where the error is largest. The row keeps its n. */
    void (*mutate)(const struct problem *p, rng *random, row *r, size_t hot);

    /* Runs the library on r and returns the largest error; *hot is the group where it stands. `exactly`: by MPFR, and
     * not by quicker arithmetic that is good to 2^-20 of the unit in f32, 2^-9 in f64. */
    double (*evaluate)(const struct problem *p, const row *r, bool exactly, size_t *hot);
} problem;

/* The row as a golden case, to be cleared. */
golden_case problem_case(const problem *p, const row *r);

extern const problem problem_forward_f32, problem_forward_f64;
extern const problem problem_forward_long_f32, problem_forward_long_f64; /* beyond 2^18, where the bound is another */
extern const problem problem_backward_f32, problem_backward_f64;
extern const problem problem_backward_normal_f32, problem_backward_normal_f64; /* see backward.c */
extern const problem problem_jacobian_f32, problem_jacobian_f64;

/* Those of the functions that came later: f32 and f64 in turn. See functions.c. */
extern const problem function_problems[];
extern const size_t function_problem_count;

/* Gradients of many kinds into r->b, for probabilities in r->a. See backward.c. */
void backward_gradients(rng *random, row *r);

/* Logits of many kinds into r->a: margins, ties, offsets, tails. See forward.c. */
void forward_logits(rng *random, row *r);

/* The library's memory for one call: three arrays for rows of up to n entries; exits if there is none. */
typedef struct workspace {
    size_t n;
    void *a, *b, *out;
} workspace;

void workspace_reserve(workspace *w, size_t n);

/* Prints a line and exits with status 1 unless status is SMX_OK. */
void require(smx_status status, const char *what);

/* (result - exact) in ULP of exact >= 0, as oracle_ulp_error counts them, for f32 and by double arithmetic. */
double ulp_error_f32(double result, double exact);

/* Seconds since some moment. */
double clock_seconds(void);

#endif
