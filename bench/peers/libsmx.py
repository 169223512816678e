"""libsmx, through ctypes: its functions on rows where they take the arrays as they are, else those on tensors."""

import ctypes

import names
from functions import AXIS

from .libsmx_abi import INT, POINTER, REDUCTION_NONE, REDUCTION_SUM, SIZE, CrossEntropy, Library, Options, tensor

SUFFIX = {"float32": "f32", "float64": "f64"}


class Libsmx:
    name = names.OURS

    def __init__(self, threads, libraries):
        self.library = Library(libraries)
        self.options = Options(size=ctypes.sizeof(Options), threads=threads)
        self.version = self.library.version

    def prepared(self, name, *arguments):
        return self.library.prepared(name, *arguments, ctypes.byref(self.options))

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
    name = names.OURS_ON_ONE_THREAD

    def __init__(self, _threads, libraries):
        super().__init__(1, libraries)
