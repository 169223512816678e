/* A new tensor of the kind of another: NumPy's, PyTorch's, or what a namespace's from_dlpack makes. */
#ifndef SMX_PYTHON_RESULT_H
#define SMX_PYTHON_RESULT_H

#include "operand.h"

/* Makes o, of the kind of `like`. 0, or -1 with an exception; smx_operand_release in either case. */
int smx_result_new(struct operand *o, const struct function *f, const struct operand *like, DLDataType dtype, int ndim,
                   int64_t *shape);

/* As the object that the caller gets; null with an exception. */
PyObject *smx_result_object(struct operand *o, const struct operand *like);

/* Memory that speaks DLPack (memory.c). */
PyObject *smx_memory_new(DLDataType dtype, int ndim, const int64_t *shape, DLTensor *view);
int smx_memory_init(void);

#endif
