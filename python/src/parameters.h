/* The arguments of a call, by the parameters of its function. */
#ifndef SMX_PYTHON_PARAMETERS_H
#define SMX_PYTHON_PARAMETERS_H

#include "operand.h"
#include "table.h"

/* A call under way. Objects are borrowed; null: not given, or None where that is the default. */
struct request {
    const struct function *f;
    PyObject *given[PARAMETERS];
    const struct operand *tensor[PARAMETERS]; /* those that were read as tensors */
};

/* Once, before all else. */
int smx_parameters_init(void);

const char *smx_parameter_name(enum parameter p);

/* 0, or -1 with an exception. */
int smx_parameters_read(struct request *r, PyObject *const *args, Py_ssize_t count, PyObject *names);

/* A number, or a word of a list that ends with null: its place in it. If it is given; else the value stays. */
int smx_parameter_double(const struct request *r, enum parameter p, double *value);
int smx_parameter_word(const struct request *r, enum parameter p, const char *const *words, int *value);
int smx_parameter_bool(const struct request *r, enum parameter p, int *value);

/* An int of 64 bits. */
int smx_parameter_integer(const struct request *r, enum parameter p, PyObject *object, long long *value);

#endif
