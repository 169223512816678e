/* The library's functions on rows, with their arguments in one form: each test of what all of them promise is written
 * once. They are the table of operations (src/operations/operation.h), which says what each argument is, what it may
 * hold, what may be in place, and which options are taken; of cross-entropy there are several, each with a choice of
 * its arguments. */
#ifndef SMX_TESTS_FUNCTIONS_H
#define SMX_TESTS_FUNCTIONS_H

#include "../../src/operations/operation.h"

#include "block.h"
#include "cross_entropy.h"

enum { VECTORS = 3 }; /* how many a row has where a function takes several */

typedef struct function {
    const char *name;
    enum operation_number run;
    struct argument arguments[ARGUMENTS_MAX]; /* the operation's; FORM_NONE: not given */
    int takes, needs;                         /* of the options: sets of OPTION_... */
    cross_entropy_settings ce;
} function;

enum { FUNCTIONS_MAX = OPERATIONS + 10 };
extern function functions[FUNCTIONS_MAX];
extern size_t functions_count;

/* The test fails if there is none. */
const function *function_named(const char *name);

int has_matrices(const function *f);

/* Cross-entropy and negative log-likelihood, whose arguments stand where CE_X and the like say. */
int is_loss(const function *f);

/* That with such settings. */
enum operation_number loss_operation(const cross_entropy_settings *ce);

/* Softmax, its backward pass and its Jacobian, of whose steps the other functions are made. */
int is_basic(const function *f);

/* One that is given, as argument_is_output has it too. */
int argument_is_input(const struct argument *a);

/* Whether an output may take the place of argument `input`, and the first that may; 0: none. */
int argument_may_be(const struct argument *output, size_t input);
size_t output_in_place(const function *f, size_t input);

/* Of one element. */
size_t argument_bytes(const struct argument *a, const dtype *t);

/* How many rows of its block belong to a row of the call; 0: it is shared. */
size_t argument_rows(const struct argument *a, size_t n);

/* A function on its arguments, each in a block. */
typedef smx_status (*function_run)(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt);
extern const function_run functions_f32[OPERATIONS];
extern const function_run functions_f64[OPERATIONS];

/* A step of rows in parts of log-softmax, logsumexp or a loss, on blocks that begin where the part does. */
smx_status part_step_f32(const function *f, size_t rows, size_t n, const block *b, const part_call *p,
                         const smx_options *opt);
smx_status part_step_f64(const function *f, size_t rows, size_t n, const block *b, const part_call *p,
                         const smx_options *opt);

#endif
