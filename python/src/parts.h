/* Rows in parts and exact sums, for the package's own use: over buffers in C order. */
#ifndef SMX_PYTHON_PARTS_H
#define SMX_PYTHON_PARTS_H

#include "extension.h"

enum { EXACT_SUM_WORDS = sizeof(smx_exact_sum) / sizeof(int64_t) };

/* Whether a buffer's elements are 'f', 'd', or 'q' for integers of 64 bits. */
bool smx_buffer_has(const Py_buffer *view, char type);

PyObject *smx_exact_sum_add(PyObject *self, PyObject *args);
PyObject *smx_exact_sum_value(PyObject *self, PyObject *args);
PyObject *smx_exact_sum_ratio(PyObject *self, PyObject *args);

extern PyMethodDef smx_part_functions[];

#endif
