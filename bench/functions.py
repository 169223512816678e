"""What is measured: each function, the inputs it gets, its definition in float64, and the shapes.

A new function (log-softmax, logsumexp, cross-entropy ...) is an entry in FUNCTIONS, lines in CASES, and a method of
the same name on each contender in peers/ that has it. A new type is an entry in DTYPES and lines in CASES.
"""

from dataclasses import dataclass
from typing import Callable

import numpy as np

# Name -> (numpy type, error of a correct result relative to the scale of its row).
DTYPES = {"f32": (np.float32, 1e-5), "f64": (np.float64, 1e-13)}


def exact_softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def exact_backward(y, dy):
    return y * (dy - (y * dy).sum(axis=-1, keepdims=True))


def exact_log_softmax(x):
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def exact_cross_entropy_gradient(x, labels):
    gradient = exact_softmax(x)
    gradient[np.arange(len(x)), labels.astype(int)] -= 1
    return gradient


def largest(exact, *_inputs):
    return np.abs(exact).max(axis=-1)


def backward_scale(_exact, y, dy):
    """Not the result itself, which may be nearly 0 by cancellation: no formula in floating point is near it then."""
    return (y * (np.abs(dy) + (y * np.abs(dy)).sum(axis=-1, keepdims=True))).max(axis=-1)


def logits(random, rows, n):
    return (random.standard_normal((rows, n), dtype=np.float32) * 3,)


def logits_and_labels(random, rows, n):
    return (*logits(random, rows, n), random.integers(0, n, rows))


def probabilities_and_gradient(random, rows, n):
    x = random.standard_normal((rows, n), dtype=np.float32) * 3
    return exact_softmax(x), random.standard_normal((rows, n), dtype=np.float32)


@dataclass(frozen=True)
class Function:
    inputs: Callable  # (random, rows, n) -> arrays, of any floating type
    exact: Callable  # the arrays in float64 -> the result
    scale: Callable  # (result, *arrays), exact -> what an error of each row is measured by
    arrays_moved: int  # how many arrays of rows x n cross the memory bus at least


FUNCTIONS = {
    "softmax": Function(logits, exact_softmax, largest, 2),
    "log_softmax": Function(logits, exact_log_softmax, largest, 2),
    # The loss's gradient with respect to the logits, and the loss with it: forward and backward, summed over the rows.
    "cross_entropy_gradient": Function(logits_and_labels, exact_cross_entropy_gradient, largest, 2),
    "softmax_backward": Function(probabilities_and_gradient, exact_backward, backward_scale, 3),
}


@dataclass(frozen=True)
class Case:
    function: str
    dtype: str
    rows: int
    n: int
    quick: bool  # measured by `make bench-quick` too

    @property
    def elements(self):
        return self.rows * self.n

    @property
    def array_bytes(self):
        return self.elements * np.dtype(DTYPES[self.dtype][0]).itemsize

    @property
    def bytes_moved(self):
        return self.array_bytes * FUNCTIONS[self.function].arrays_moved

    @property
    def name(self):
        return f"{self.function} {self.dtype} {self.rows} x {self.n}"


def shapes(text):
    """'65536x8! 1x10' -> rows, n, and whether a ! makes it one of the quick ones."""
    for word in text.split():
        rows, n = word.rstrip("!").split("x")
        yield int(rows), int(n), word.endswith("!")


SHAPES = {
    # Short rows, many of them; rows of a usual length; vocabularies; all of these in a cache of 32 MiB. Then arrays of
    # 64 and 128 MiB, beyond it. Then one row alone.
    ("softmax", "f32"): """
        262144x2 131072x4 65536x8! 52429x10 32768x16 16384x32! 8192x64 4096x128!
        4096x256 1024x1000! 256x4096! 32x32000 32x32768! 8x131072 4x262144
        2097152x8 16384x1000! 1024x32768 256x131072 128x262144
        1x10 1x1000 1x4096 1x32000 1x262144""",
    ("softmax_backward", "f32"): """
        262144x2 65536x8! 32768x16 16384x32! 8192x64 4096x128
        1024x1000! 256x4096 32x32768! 8x131072
        16384x1000! 256x131072
        1x10 1x1000 1x32000""",
    ("log_softmax", "f32"): """
        262144x2 65536x8! 32768x16 16384x32 8192x64 4096x128
        1024x1000! 256x4096 32x32768! 8x131072
        16384x1000 256x131072
        1x10 1x1000 1x32000""",
    ("cross_entropy_gradient", "f32"): "65536x10! 16384x32 4096x1000! 64x32768! 16x131072 1x32000",
    ("softmax", "f64"): "65536x8 4096x128 1024x1000! 32x32768 8192x1000 1x1000",
    ("softmax_backward", "f64"): "65536x8 4096x128 1024x1000 32x32768 8192x1000 1x1000",
}

CASES = [Case(*key, *shape) for key, text in SHAPES.items() for shape in shapes(text)]


def aligned(shape, dtype):
    """An array on a 64-byte boundary: what JAX can take without a copy, and streaming stores need half of."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


def buffers(case):
    """The inputs of a case and an output, the same for every contender."""
    dtype = DTYPES[case.dtype][0]
    random = np.random.default_rng(1)
    inputs = []
    for array in FUNCTIONS[case.function].inputs(random, case.rows, case.n):
        inputs.append(aligned(array.shape, dtype if array.dtype.kind == "f" else array.dtype))
        inputs[-1][...] = array
    return inputs, aligned((case.rows, case.n), dtype)


CHECKED_ELEMENTS = 1 << 20


def error(case, inputs, result):
    """The largest error of a result relative to the scale of its row, over rows spread through the array."""
    function = FUNCTIONS[case.function]
    count = max(1, min(case.rows, CHECKED_ELEMENTS // case.n))
    some = np.linspace(0, case.rows - 1, count).astype(int)
    arrays = [array[some].astype(np.float64) for array in inputs]
    exact = function.exact(*arrays)
    result = np.asarray(result).reshape(case.rows, -1)[some].astype(np.float64)
    if result.shape != exact.shape or not np.isfinite(result).all():
        return np.inf
    return float((np.abs(result - exact).max(axis=-1) / function.scale(exact, *arrays)).max())


def tolerance(case):
    return DTYPES[case.dtype][1]
