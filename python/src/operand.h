/* A Python object as a DLTensor, without a copy of its elements. */
#ifndef SMX_PYTHON_OPERAND_H
#define SMX_PYTHON_OPERAND_H

#include "table.h"

/* How an object is read, and how a result of its kind is made. */
enum kind {
    KIND_NUMPY,
    KIND_EXCHANGE, /* DLPack's C exchange, which PyTorch has */
    KIND_DLPACK    /* __dlpack__ */
};

/* What a tensor's elements must be. */
enum elements { ELEMENTS_FLOAT, ELEMENTS_INTEGER, ELEMENTS_FLAG };

enum { OPERAND_NDIM = 32 }; /* the library's limit */

struct operand {
    DLTensor tensor;
    enum kind kind;
    PyObject *object; /* owned */
    const DLPackExchangeAPI *exchange;
    DLManagedTensor *managed; /* these two: ours to delete */
    DLManagedTensorVersioned *versioned;
    bool read_only;
    union {
        float f32;
        double f64;
    } number;                                           /* the element of a tensor that was a number */
    int64_t shape[OPERAND_NDIM], strides[OPERAND_NDIM]; /* where the tensor's pointers lead, if need be */
};

/* Reads an argument. 0, or -1 with an exception; smx_operand_release in either case. */
int smx_operand_read(struct operand *o, const struct function *f, enum parameter p, PyObject *object,
                     enum elements elements);

/* The same beside a tensor that was read: a number of Python's is of that one's arithmetic, f64 or else f32. */
int smx_operand_read_beside(struct operand *o, const struct function *f, enum parameter p, PyObject *object,
                            enum elements elements, const DLTensor *first);

/* Of a NumPy array and of one with the C exchange, for results too. */
int smx_operand_read_numpy(struct operand *o, const struct function *f, const char *name, PyArrayObject *array);

/* Nothing that would have to be released. */
static inline void smx_operand_clear(struct operand *o) {
    o->object = NULL;
    o->managed = NULL;
    o->versioned = NULL;
}

void smx_operand_release(struct operand *o);

/* The rest of DLPack (dlpack.c). The exchange of a type, or null without an exception. */
const DLPackExchangeAPI *smx_exchange_of(PyTypeObject *type);
int smx_operand_read_exchange(struct operand *o, const struct function *f, const char *name);
int smx_operand_read_dlpack(struct operand *o, const struct function *f, const char *name);
int smx_dlpack_init(void);

#endif
