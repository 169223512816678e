/* What the calls of all functions share. */
#ifndef SMX_PYTHON_CALL_H
#define SMX_PYTHON_CALL_H

#include "options.h"
#include "result.h"

/* One result: a new tensor, or one that the caller gave. */
struct output {
    struct operand operand;
    PyObject *given; /* borrowed */
};

/* Of the shape of the rows; ends with the trailing extents that there may be. Returns the number of dimensions. */
int smx_rows_shape(const struct options *o, const DLTensor *first, int64_t *shape);

/* The number of entries of a row. */
int64_t smx_row_length(const struct options *o, const DLTensor *first);

/* Where the result goes that the caller gave room for; also if null, then a new one. smx_operand_release after it. */
int smx_output_read(struct output *out, struct request *r, PyObject *given);
int smx_output_new(struct output *out, const struct request *r, const struct operand *like, DLDataType dtype, int ndim,
                   int64_t *shape);

/* The items of `out`, of a function of several results: each null where there is none. */
int smx_outputs_given(const struct request *r, int count, PyObject **given);

/* What the caller gets, one by itself, several as a tuple; null with an exception. */
PyObject *smx_outputs_object(struct output *out, int count, const struct operand *like);

#endif
