/* The tool's commands that compute on rows, as its own table has them: for each, inputs of any shape, the command line
 * that takes them, and what its call of the library gives for the same rows in memory. A command that is added is
 * tested with the others; whether it calls the right function with the right arguments, the golden vectors say. */
#ifndef SMX_TESTS_CLI_OPERATIONS_H
#define SMX_TESTS_CLI_OPERATIONS_H

#include "array.h"

#include "commands.h"
#include "operation.h"

typedef struct trial {
    const command *cmd;
    const dtype *t;
    size_t axis;
    bool all;                  /* with the inputs and results that are optional */
    settings set;              /* what the operation looks at */
    array source[MAX_SOURCES]; /* in0.npy, ...; data null: not there */
    array result[MAX_RESULTS]; /* out0.npy, ...; data: what the library gives, row after row */
    char arguments[200];       /* of the command line: the command and the files */
} trial;

/* The commands that this is for: the i-th, null after the last. cross-entropy, nll and argmax have tests of their
 * own. */
const command *row_command(size_t i);

/* Whether it takes or writes files beside those that it must. */
bool has_optional(const command *cmd);

/* Makes the files of inputs, the first of which has this shape and order, and the arguments. False if the command
 * cannot take these, or its result would be large. */
bool trial_make(trial *r, array shape, rng *random);

/* Writes the inputs once more, after a test has changed them; as array_write does. */
void trial_write(const trial *r, int version, size_t extra);

/* Fails unless the tool, with these options, has the bits that the library has with those. */
void trial_run(trial *r, const char *options, const smx_options *opt);

void trial_free(trial *r);

#endif
