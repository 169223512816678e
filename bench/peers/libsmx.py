"""libsmx, through ctypes."""

import ctypes
from functools import partial

SUFFIX = {"float32": "f32", "float64": "f64"}


class Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("plus_inf", ctypes.c_int),
        ("minus_inf_row", ctypes.c_int),
        ("threads", ctypes.c_uint),
        ("parallel_for", ctypes.c_void_p),
        ("pool", ctypes.c_void_p),
    ]


def cross_entropy_struct(real):
    """The first fields of smx_cross_entropy_f32 or _f64, as many as are used here: the rest counts as zero."""
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    names = "labels_i32 labels_i64 targets ldt use_ignore_index ignore_index class_weights smoothing z_loss softcap "
    names += "reduction empty_mean dloss loss reduced lse target_log_prob argmax correct count weight dx lddx"
    types = {"ldt": size, "lddx": size, "use_ignore_index": ctypes.c_int, "ignore_index": ctypes.c_int64}
    types |= {name: real for name in ("smoothing", "z_loss", "softcap")}
    types |= {name: ctypes.c_int for name in ("reduction", "empty_mean")}
    fields = [("size", size)] + [(name, types.get(name, pointer)) for name in names.split()]
    return type("CrossEntropy", (ctypes.Structure,), {"_fields_": fields})


class Libsmx:
    name = "libsmx"

    def __init__(self, threads, libraries):
        self.library = ctypes.CDLL(str(libraries / "libsmx.so"))
        self.library.smx_isa.restype = ctypes.c_char_p
        self.library.smx_version.restype = ctypes.c_char_p
        self.library.smx_status_str.restype = ctypes.c_char_p
        self.options = Options(size=ctypes.sizeof(Options), threads=threads)
        self.version = f"{self.library.smx_version().decode()} ({(self.library.smx_isa() or b'?').decode()})"

    def call(self, stem, *arrays):
        """The function on matrices, each followed by its stride; checks the first status, as a caller would."""
        function = self.library[f"smx_{stem}_{SUFFIX[arrays[0].dtype.name]}"]
        rows, n = arrays[0].shape
        arguments = [ctypes.c_size_t(rows), ctypes.c_size_t(n)]
        for array in arrays:
            arguments += [ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(n)]
        run = partial(function, *arguments, ctypes.byref(self.options))
        status = run()
        if status:
            raise RuntimeError(f"smx_{stem}: {self.library.smx_status_str(status).decode()}")
        return run, lambda: arrays[-1]

    def softmax(self, x, y):
        return self.call("softmax", x, y)

    def log_softmax(self, x, y):
        return self.call("log_softmax", x, y)

    def cross_entropy_gradient(self, x, labels, dx):
        real = {"float32": ctypes.c_float, "float64": ctypes.c_double}[x.dtype.name]
        ce = cross_entropy_struct(real)()
        ce.size = ctypes.sizeof(ce)
        ce.labels_i64 = labels.ctypes.data
        ce.reduction = 1
        loss = real()
        ce.reduced = ctypes.addressof(loss)
        ce.dx, ce.lddx = dx.ctypes.data, x.shape[1]
        function = self.library[f"smx_cross_entropy_eval_{SUFFIX[x.dtype.name]}"]
        rows, n = map(ctypes.c_size_t, x.shape)
        arguments = [rows, n, ctypes.c_void_p(x.ctypes.data), n, ctypes.byref(ce), ctypes.byref(self.options)]

        def run(_keep=loss):
            return function(*arguments)

        if status := run():
            raise RuntimeError(f"smx_cross_entropy_eval: {self.library.smx_status_str(status).decode()}")
        return run, lambda: dx

    def softmax_backward(self, y, dy, dx):
        return self.call("softmax_backward", y, dy, dx)
