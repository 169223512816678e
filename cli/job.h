/* One run of an operation: its arrays, opened and checked before anything is computed, and put in their places
 * after. */
#ifndef SMX_CLI_JOB_H
#define SMX_CLI_JOB_H

#include <stdbool.h>

#include "logits.h"
#include "operation.h"

typedef struct job {
    const row_operation *operation;
    const settings *set;
    int named; /* how many sources the command line names without an option */
    npy_dtype real;
    space rows;
    input source[MAX_SOURCES];
    result result[MAX_RESULTS];
    logits logits;
    row_stats *stats; /* for each row of a tile, if rows are cut */
    void *state;
} job;

static inline const layout *job_layout(const job *j) { return &j->source[0].lay; }

/* Opens the inputs, and checks that they and the settings fit together; the results are known then, but no file is
 * touched. Returns the exit status, EXIT_OK if all is well. */
int job_open(job *j);

/* The rest returns false after a message. */
bool job_open_results(job *j);

/* Loads what the inputs have for a tile's rows. */
bool job_load(job *j, const tile *t);
void job_unload(const job *j, const tile *t);

/* Stores a tile's rows of the results, or, if there is no tile, the results of one number. */
bool job_store(job *j, const tile *t);

/* The library's view of a tile that is loaded; of none: of what concerns all rows. */
row_call job_call(const job *j, const tile *t);

/* Says what the library refused. */
bool job_check(const job *j, smx_status status);

/* Puts the results in their places: none before all are whole. */
bool job_commit(job *j);
bool job_writes_to_stdout(const job *j);

/* Frees everything; results that are not committed are discarded. */
void job_close(job *j);

#endif
