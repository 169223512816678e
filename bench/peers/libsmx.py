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

    def softmax_backward(self, y, dy, dx):
        return self.call("softmax_backward", y, dy, dx)
