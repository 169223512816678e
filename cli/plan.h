/* How much of the arrays is in memory at a time. */
#ifndef SMX_CLI_PLAN_H
#define SMX_CLI_PLAN_H

#include "job.h"

/* The tiles of an array that is outer x n x inner (tile.h). */
typedef struct plan {
    size_t outers, columns; /* how many rows a tile has */
    size_t length;          /* how much of a row: less than n if it goes in parts */
    size_t strip;           /* how many rows of a row's matrix: less than n if that goes in strips */
} plan;

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t greatest(size_t a, size_t b) { return a > b ? a : b; }

/* For inputs that are open, and --memory. */
plan make_plan(const job *j);

#endif
