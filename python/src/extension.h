/* What every file of the extension includes: Python's limited API, NumPy's, the library's tensors. */
#ifndef SMX_PYTHON_EXTENSION_H
#define SMX_PYTHON_EXTENSION_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_1_23_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL smx_numpy_api
#ifndef SMX_PYTHON_MODULE /* module.c has the table of NumPy's functions */
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#ifndef Py_BEGIN_CRITICAL_SECTION /* not in the limited API: there the interpreter's lock does what these do */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

#include <smx/tensor.h>

#include <stdbool.h>
#include <stdint.h>

#endif
