"""libsmx, through ctypes: its functions on rows where they take the arrays as they are, else those on tensors."""

import ctypes
from functools import partial

from functions import AXIS

SUFFIX = {"float32": "f32", "float64": "f64"}

SIZE, POINTER, INT, DOUBLE = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int, ctypes.c_double


def structure(name, **fields):
    return type(name, (ctypes.Structure,), {"_fields_": list(fields.items())})


# The first fields of smx_options, and of smx_tensor_options, which begins in the same way; the rest counts as zero.
Options = structure(
    "Options",
    **{"size": SIZE, "plus_inf": INT, "minus_inf_row": INT},
    **{"threads": ctypes.c_uint, "parallel_for": POINTER, "pool": POINTER},
)

# smx_tensor_cross_entropy_args, as far as it is used here.
CrossEntropy = structure(
    "CrossEntropy",
    **{"size": SIZE, "labels": POINTER, "targets": POINTER, "use_ignore_index": INT, "ignore_index": ctypes.c_int64},
    **{"class_weights": POINTER, "smoothing": DOUBLE, "z_loss": DOUBLE, "softcap": DOUBLE},
    **{"reduction": INT, "empty_mean": INT, "dloss": POINTER},
    **dict.fromkeys(["loss", "reduced", "lse", "target_log_prob"], POINTER),
    **dict.fromkeys(["argmax", "correct", "count", "weight", "dx"], POINTER),
)
REDUCTION_NONE, REDUCTION_SUM = 0, 1

# DLPack's DLTensor.
DLTensor = structure(
    "DLTensor",
    **{"data": POINTER, "device_type": INT, "device_id": INT, "ndim": INT, "code": ctypes.c_uint8},
    **{"bits": ctypes.c_uint8, "lanes": ctypes.c_uint16, "shape": ctypes.POINTER(ctypes.c_int64)},
    **{"strides": POINTER, "byte_offset": ctypes.c_uint64},
)
CPU = 1
CODES = {"int64": 0, "float16": 2, "float32": 2, "float64": 2, "bfloat16": 4}


def tensor(array):
    return DLTensor(
        data=array.ctypes.data,
        device_type=CPU,
        ndim=array.ndim,
        code=CODES[array.dtype.name],
        bits=8 * array.itemsize,
        lanes=1,
        shape=(ctypes.c_int64 * array.ndim)(*array.shape),
    )


class Libsmx:
    name = "libsmx"

    def __init__(self, threads, libraries):
        self.library = ctypes.CDLL(str(libraries / "libsmx.so"))
        self.library.smx_isa.restype = ctypes.c_char_p
        self.library.smx_version.restype = ctypes.c_char_p
        self.library.smx_status_str.restype = ctypes.c_char_p
        self.options = Options(size=ctypes.sizeof(Options), threads=threads)
        self.version = f"{self.library.smx_version().decode()} ({(self.library.smx_isa() or b'?').decode()})"

    def prepared(self, name, *arguments):
        """The call itself; checks the first status, as a caller would."""
        run = partial(self.library[name], *arguments, ctypes.byref(self.options))
        if status := run():
            raise RuntimeError(f"{name}: {self.library.smx_status_str(status).decode()}")
        return run

    def call(self, stem, *arrays):
        """A function of arrays of one shape, or of which the last has a number a row: the inputs, then the output."""
        x, y = arrays[0], arrays[-1]
        if x.ndim == 2 and x.dtype.name in SUFFIX:
            arguments = list(map(SIZE, x.shape))
            for array in arrays:
                stride = [SIZE(array.shape[AXIS])] if array.ndim == 2 else []
                arguments += [POINTER(array.ctypes.data), *stride]
            return self.prepared(f"smx_{stem}_{SUFFIX[x.dtype.name]}", *arguments), lambda: y
        first, *rest = (ctypes.byref(tensor(array)) for array in arrays)
        return self.prepared(f"smx_{stem}", first, INT(AXIS), *rest), lambda: y

    def softmax(self, x, y):
        return self.call("softmax", x, y)

    def log_softmax(self, x, y):
        return self.call("log_softmax", x, y)

    def logsumexp(self, x, lse):
        return self.call("logsumexp", x, lse)

    def softmax_backward(self, y, dy, dx):
        return self.call("softmax_backward", y, dy, dx)

    def eval_cross_entropy(self, x, reduction, **arrays):
        """On tensors, whatever the type. ctypes keeps nothing alive whose address is in a field: the call holds it."""
        tensors = {field: tensor(array) for field, array in arrays.items()}
        addresses = {field: ctypes.addressof(t) for field, t in tensors.items()}
        ce = CrossEntropy(size=ctypes.sizeof(CrossEntropy), reduction=reduction, **addresses)
        run = self.prepared("smx_cross_entropy", ctypes.byref(tensor(x)), INT(AXIS), ctypes.byref(ce))
        return lambda _held=(arrays, tensors): run()

    def cross_entropy(self, x, labels, loss):
        return self.eval_cross_entropy(x, REDUCTION_NONE, labels=labels, loss=loss), lambda: loss

    def cross_entropy_gradient(self, x, labels, dx):
        total = dx.reshape(-1)[:1].copy()
        return self.eval_cross_entropy(x, REDUCTION_SUM, labels=labels, reduced=total, dx=dx), lambda: dx


class OneThread(Libsmx):
    """What several threads are measured against, in the same turns."""

    name = "libsmx on one thread"

    def __init__(self, _threads, libraries):
        super().__init__(1, libraries)
