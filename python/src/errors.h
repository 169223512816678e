/* Exceptions: a sentence that begins with the function, and says which argument is wrong and why. */
#ifndef SMX_PYTHON_ERRORS_H
#define SMX_PYTHON_ERRORS_H

#include "parameters.h"

/* -1, so that a function can return it. The format is that of PyErr_Format. */
int smx_error(PyObject *type, const struct function *f, const char *format, ...);

/* The exception that is set, as one of this type about an argument; an interrupt, or want of memory, stays as it is. */
int smx_error_from(PyObject *type, const struct function *f, const char *name);

/* A tensor that is elsewhere: a device type of DLPack. */
int smx_error_device(const struct function *f, const char *name, int device);

/* The library's refusal of a call, from its status and smx_refused(). */
int smx_error_refused(const struct request *r, smx_status status, size_t bad_row);

#endif
