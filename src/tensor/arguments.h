/* From the arguments of a public function to a call. */
#ifndef SMX_TENSOR_ARGUMENTS_H
#define SMX_TENSOR_ARGUMENTS_H

#include "call.h"

/* What an argument must be. The first one of a function is an input of FORM_VECTOR, whose shape is the call's. */
struct argument {
    const char *name;
    const DLTensor *tensor;
    bool optional; /* may be null: not given */
    enum form form;
    bool output;
    bool broadcast; /* may have the extent 1, or no such dimension, where x has more */
    bool classes;   /* has one dimension, that of the axis: the same for all rows */
    bool counted;   /* has a dimension more, right before the axis */
    int dtypes;     /* 0: any float; else that set, of which the row function takes `work` */
    enum dtype work;
    int in_place; /* an output: the set of arguments it may be itself, bit i for number i */
};

/* A row function for each type it works in, and what works down columns. */
struct row_functions {
    row_function f32, f64;
    row_function columns_f32, columns_f64;
};

/* Checks everything: options, then the tensors by themselves, then against each other, then values of the options'
 * tensors. `call` is then complete but for `parameters` and `whole`. */
smx_status smx_call_prepare(const struct argument *arguments, int count, int axis, const smx_tensor_options *opt,
                            struct row_functions run, struct call *call);

/* As above, and runs it. */
smx_status smx_call_apply(const struct argument *arguments, int count, int axis, const smx_tensor_options *opt,
                          struct row_functions run);

#endif
