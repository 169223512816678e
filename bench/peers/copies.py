"""The memory's own speed: bench/copies.c. For every function, they copy its first input to its output."""

import ctypes
from functools import partial


class Copy:
    def __init__(self, threads, libraries):
        self.threads = threads
        self.library = ctypes.CDLL(str(libraries / "libbench_copies.so"))
        self.version = ""

    def arguments(self, arrays):
        x, y = arrays[0], arrays[-1]
        return ctypes.c_void_p(y.ctypes.data), ctypes.c_void_p(x.ctypes.data), ctypes.c_size_t(x.nbytes), self.threads


class Memcpy(Copy):
    name = "memcpy"

    def any_function(self, *arrays):
        return partial(self.library.copy_cached, *self.arguments(arrays)), lambda: arrays[-1]


class Streaming(Copy):
    name = "streaming copy"

    def any_function(self, *arrays):
        run = partial(self.library.copy_streaming, *self.arguments(arrays))
        return (run, lambda: arrays[-1]) if run() else None
