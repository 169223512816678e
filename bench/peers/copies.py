"""The memory's own speed: bench/copies.c. For every function, they copy its first input, to its output if that fits."""

import ctypes
from functools import partial

import names
from cases import aligned


class Copy:
    def __init__(self, threads, libraries):
        self.threads = threads
        self.library = ctypes.CDLL(str(libraries / "libbench_copies.so"))
        self.version = ""

    def prepare(self, function, x, y):
        y = y if y.nbytes == x.nbytes else aligned(x.shape, x.dtype)
        addresses = y.ctypes.data_as(ctypes.c_void_p), x.ctypes.data_as(ctypes.c_void_p)  # these keep the arrays alive
        return partial(function, *addresses, ctypes.c_size_t(x.nbytes), self.threads), lambda: y


class Memcpy(Copy):
    name = names.MEMCPY

    def any_function(self, *arrays):
        return self.prepare(self.library.copy_cached, arrays[0], arrays[-1])


class Streaming(Copy):
    name = names.STREAMING

    def any_function(self, *arrays):
        run, read = self.prepare(self.library.copy_streaming, arrays[0], arrays[-1])
        return (run, read) if run() else None
