/* The functions whose result has one number, or n, for each row: the tool's command beside the library's call. */
#ifndef SMX_TESTS_CLI_FUNCTIONS_H
#define SMX_TESTS_CLI_FUNCTIONS_H

#include "array.h"
#include "rng.h"

/* Calls name_f32 or name_f64. */
#define CALL(t, name, ...) ((t) == &dtype_f32 ? name##_f32(__VA_ARGS__) : name##_f64(__VA_ARGS__))

enum { INPUTS = 2, FUNCTIONS = 9 };

/* What an input is filled with. */
typedef enum kind { NOTHING, LOGITS, PROBABILITIES, LOGARITHMS, ONE_A_ROW } kind;

typedef struct function {
    const char *command;
    kind in[INPUTS];
    int one_a_row; /* so is the result */
    /* On rows of n, with stride n. */
    smx_status (*library)(const dtype *t, size_t rows, size_t n, void *const *in, void *out, const smx_options *opt);
} function;

extern const function functions[FUNCTIONS];

/* An array of the same shape and order, of dtype t, to be freed. */
array array_like(const dtype *t, const array *shape);

/* The shape without an axis; no data. */
array array_without_axis(const array *a, size_t axis);

/* Makes an array of this shape and writes it to a file. */
array make(const dtype *t, const char *path, kind what, array shape, rng *r);

/* Makes the inputs of a function, and in0.npy and in1.npy, which inputs_of names. */
void make_inputs(const function *f, const dtype *t, const array *shape, size_t axis, array *in, rng *r);
void free_inputs(array *in);
const char *inputs_of(const function *f);

#endif
