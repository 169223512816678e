"""What is measured: for each function and type the shapes, their arrays, and the check of a result."""

from dataclasses import dataclass
from math import prod

import numpy as np
import options
from functions import AXIS, DTYPES, FUNCTIONS


@dataclass(frozen=True)
class Case:
    function: str
    dtype: str
    shape: tuple  # rows x n, or outer x n x inner; the function works along n, which is axis 1 of both
    quick: bool  # measured by `make bench-quick` too, and in the table of docs/performance.md
    option: str = ""  # of options.OPTIONS; none: a plain call

    @property
    def elements(self):
        return prod(self.shape)

    @property
    def array_bytes(self):
        return self.elements * np.dtype(DTYPES[self.dtype][0]).itemsize

    @property
    def bytes_moved(self):
        return self.array_bytes * FUNCTIONS[self.function].arrays_moved

    @property
    def name(self):
        option = f", {self.option}" if self.option else ""
        return f"{self.function} {self.dtype} {' x '.join(map(str, self.shape))}{option}"


def shapes(text):
    """'65536x8! 1x10' -> each shape, and whether a ! makes it one of the quick ones."""
    for word in text.split():
        yield tuple(map(int, word.rstrip("!").split("x"))), word.endswith("!")


SHAPES = {
    # Short rows, many of them; rows of a usual length; vocabularies; all of these in a cache of 32 MiB. Then arrays of
    # 64 and 128 MiB, beyond it. Then one row alone. Then an axis that is not the last.
    ("softmax", "f32"): """
        262144x2 131072x4 65536x8! 52429x10 32768x16 16384x32! 10922x48 8192x64 5461x96 4096x128!
        4096x256 1024x1000! 256x4096 32x32000 32x32768! 8x131072 4x262144
        2097152x8 16384x1000! 256x131072 128x262144
        1x10! 1x1000 1x4096 1x32000 1x262144
        32x1000x196! 16x21x16384""",
    ("softmax_backward", "f32"): """
        262144x2 65536x8! 32768x16 16384x32 8192x64 4096x128
        1024x1000! 256x4096 32x32768 8x131072
        16384x1000! 256x131072
        1x10 1x1000 1x32000""",
    ("log_softmax", "f32"): """
        262144x2 65536x8 32768x16 16384x32 8192x64 4096x128
        1024x1000! 256x4096 32x32768 8x131072
        16384x1000 256x131072
        1x10 1x1000 1x32000
        32x1000x196""",
    ("logsumexp", "f32"): "65536x8 16384x32 4096x128 1024x1000! 32x32768 16384x1000 1x32000",
    ("cross_entropy", "f32"): "65536x10 16384x32 4096x1000 64x32768 16x131072 1x32000",
    ("cross_entropy_gradient", "f32"): """
        65536x10! 16384x32 8192x128 4096x1000! 64x32768 16x131072 256x131072 1x32000""",
    ("softmax", "bf16"): """
        65536x8 16384x32 4096x128 1024x1000! 64x32768 32768x1000 1x1000
        32x1000x196! 16x21x16384""",
    ("softmax_backward", "bf16"): "65536x8 4096x128 1024x1000! 64x32768",
    ("log_softmax", "bf16"): "65536x8 4096x128 1024x1000 64x32768",
    ("cross_entropy_gradient", "bf16"): "4096x1000 64x32768",
    ("softmax", "f16"): "65536x8 16384x32 4096x128 1024x1000! 64x32768 32768x1000 1x1000",
    ("softmax_backward", "f16"): "65536x8 4096x128 1024x1000! 64x32768",
    ("log_softmax", "f16"): "65536x8 1024x1000 64x32768",
    ("softmax", "f64"): "65536x8! 4096x128 1024x1000! 32x32768 8192x1000 1x1000",
    ("softmax_backward", "f64"): "65536x8! 4096x128 1024x1000 32x32768 8192x1000",
    ("log_softmax", "f64"): "65536x8! 1024x1000 32x32768",
    ("logsumexp", "f64"): "1024x1000",
    ("cross_entropy_gradient", "f64"): "1024x1000 32x32768",
}

CASES = [Case(*key, *shape) for key, text in SHAPES.items() for shape in shapes(text)]
CASES += [Case(function, "f32", shape, quick, option) for function, option, shape, quick in options.chosen()]


def chosen(threads, quick, only):
    """The cases of a run. Options are a matter of one thread."""
    of_threads = (case for case in CASES if threads == 1 or not case.option)
    return [case for case in of_threads if (case.quick or not quick) and only in case.name]


def aligned(shape, dtype):
    """An array on a 64-byte boundary: what JAX can take without a copy, and streaming stores need half of."""
    size = prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


# Enough to draw: longer arrays repeat them. And to check: of longer ones, rows spread over the whole.
SOME_ELEMENTS = 1 << 20


def some(case):
    """How many of the outermost slices have so many elements."""
    return max(1, min(case.shape[0], SOME_ELEMENTS // prod(case.shape[1:])))


def buffers(case):
    """The inputs of a case and an output, the same for every contender."""
    function, dtype = FUNCTIONS[case.function], DTYPES[case.dtype][0]
    out = aligned(case.shape[:AXIS] if function.a_number_a_row else case.shape, dtype)
    if case.option:
        return options.inputs(case.function, case.option, case.shape), out
    random = np.random.default_rng(1)
    inputs = []
    for drawn in function.inputs(random, (some(case), *case.shape[1:])):
        whole = aligned((case.shape[0], *drawn.shape[1:]), dtype if drawn.dtype.kind == "f" else drawn.dtype)
        for start in range(0, len(whole), len(drawn)):
            whole[start : start + len(drawn)] = drawn[: len(whole) - start]
        inputs.append(whole)
    return inputs, out


class Check:
    """The definition's results of a case, which every contender's are compared with: of rows spread over the array."""

    def __init__(self, case, inputs):
        self.rows = case.shape[0]
        self.checked = np.linspace(0, self.rows - 1, some(case)).astype(int)
        if case.option:
            self.exact, self.scale = options.exact(case.function, inputs)
            return
        function = FUNCTIONS[case.function]
        arrays = [array[self.checked].astype(np.float64) for array in inputs]
        self.exact = function.exact(*arrays)
        self.scale = function.scale(self.exact, *arrays)

    def error(self, result):
        """The largest error, relative to the scale of its row."""
        exact, result = self.exact, np.asarray(result)
        if result.size * len(self.checked) != exact.size * self.rows:
            return np.inf
        result = result.reshape(self.rows, *exact.shape[1:])[self.checked].astype(np.float64)
        finite = np.isfinite(exact)
        if not np.array_equal(result[~finite], exact[~finite]) or not np.isfinite(result[finite]).all():
            return np.inf
        difference = np.subtract(result, exact, where=finite, out=np.zeros_like(exact))
        return float((np.abs(difference) / self.scale).max())


def tolerance(case):
    return DTYPES[case.dtype][1]
