"""libsmx as ctypes sees it: the structs of its headers, and tensors on numpy's arrays."""

import ctypes
from functools import partial

SIZE, POINTER, INT, DOUBLE = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int, ctypes.c_double
INT64, UNSIGNED = ctypes.c_int64, ctypes.c_uint


def structure(name, **fields):
    return type(name, (ctypes.Structure,), {"_fields_": list(fields.items())})


# The first fields of smx_options, and of smx_tensor_options, which begins in the same way; the rest counts as zero.
COMMON = {
    **{"size": SIZE, "plus_inf": INT, "minus_inf_row": INT},
    **{"threads": UNSIGNED, "parallel_for": POINTER, "pool": POINTER},
}
Options = structure("Options", **COMMON)
TensorOptions = structure(
    "TensorOptions",
    **COMMON,
    **dict.fromkeys(["scale", "add", "keep", "lengths"], POINTER),
    **{"causal": INT, "use_query_axis": INT, "query_axis": INT, "softcap": DOUBLE},
    **{"use_window": INT, "window_left": INT64, "window_right": INT64},
    **dict.fromkeys(["alibi", "sink", "axes"], POINTER),
    **{"axes_count": INT, "keepdims": INT, "use_scale_value": INT, "scale_value": DOUBLE},
)

# smx_tensor_cross_entropy_args, as far as it is used here.
CrossEntropy = structure(
    "CrossEntropy",
    **{"size": SIZE, "labels": POINTER, "targets": POINTER, "use_ignore_index": INT, "ignore_index": INT64},
    **{"class_weights": POINTER, "smoothing": DOUBLE, "z_loss": DOUBLE, "softcap": DOUBLE},
    **{"reduction": INT, "empty_mean": INT, "dloss": POINTER},
    **dict.fromkeys(["loss", "reduced", "lse", "target_log_prob"], POINTER),
    **dict.fromkeys(["argmax", "correct", "count", "weight", "dx"], POINTER),
)
REDUCTION_NONE, REDUCTION_SUM = 0, 1
CAUSAL_TOP_LEFT = 1

# DLPack's DLTensor.
INTEGERS = ctypes.POINTER(INT64)
DLTensor = structure(
    "DLTensor",
    **{"data": POINTER, "device_type": INT, "device_id": INT, "ndim": INT, "code": ctypes.c_uint8},
    **{"bits": ctypes.c_uint8, "lanes": ctypes.c_uint16, "shape": INTEGERS, "strides": INTEGERS},
    **{"byte_offset": ctypes.c_uint64},
)
CPU = 1
CODES = {"int64": 0, "float16": 2, "float32": 2, "float64": 2, "bfloat16": 4, "bool": 6}


def tensor(array):
    """On the array's memory, which it does not keep alive."""
    return DLTensor(
        data=array.ctypes.data,
        device_type=CPU,
        ndim=array.ndim,
        code=CODES[array.dtype.name],
        bits=8 * array.itemsize,
        lanes=1,
        shape=(INT64 * array.ndim)(*array.shape),
        strides=(INT64 * array.ndim)(*(stride // array.itemsize for stride in array.strides)),
    )


class Library:
    def __init__(self, libraries):
        self.functions = ctypes.CDLL(str(libraries / "libsmx.so"))
        for name in ("smx_isa", "smx_version", "smx_status_str"):
            getattr(self.functions, name).restype = ctypes.c_char_p
        self.version = self.functions.smx_version().decode()

    def prepared(self, name, *arguments):
        """The call itself; checks the first status, as a caller would. Keeps the arguments alive."""
        run = partial(self.functions[name], *arguments)
        if status := run():
            raise RuntimeError(f"{name}: {self.functions.smx_status_str(status).decode()}")
        return run
