/* A row as the search sees it: groups of equal entries, so that rows of 2^18 entries are as cheap to judge as short
 * ones. The order of entries does not matter to any function here. */
#ifndef SMX_TOOLS_ULP_ROW_H
#define SMX_TOOLS_ULP_ROW_H

#include <stddef.h>
#include <stdio.h>

#include "golden.h"
#include "oracle.h"
#include "random.h"

enum { ROW_GROUPS = 1024 };

typedef struct row {
    oracle_type type;
    size_t n;             /* sum of the counts */
    size_t groups;        /* 1 to ROW_GROUPS, if n > 0 */
    double a[ROW_GROUPS]; /* x, or y for backward and Jacobian; values of `type` */
    double b[ROW_GROUPS]; /* a second array of the function, if it has one: dy, say */
    double c[ROW_GROUPS]; /* a third */
    size_t count[ROW_GROUPS];
    double number[GOLDEN_ARRAYS]; /* inputs and options that are one number; for the label, its group */
    uint32_t numbers;             /* bit k: number[k] is given */
} row;

/* Gives the row a number, rounded to its type. */
void row_give(row *r, golden_array a, double value);
bool row_has(const row *r, golden_array a);

void row_copy(row *to, const row *from);

/* Sets n and as many groups as n and `groups` allow, spreading n over them at random; values are left unset. */
void row_divide(row *r, size_t n, size_t groups, rng *random);

/* The value of `type` nearest to v, kept finite. */
double row_round(oracle_type type, double v);

/* The value `steps` ULP from v. */
double row_step(oracle_type type, double v, double steps);

/* Writes the values, each as often as it counts, as an array of `type`. */
void row_expand(const row *r, const double *values, void *array);

/* Prints values in the notation of tests/vectors ("0x1p+0*3"), or only the first `limit` groups. */
void row_print(FILE *out, const row *r, const double *values, size_t limit);

#endif
