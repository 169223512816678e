"""libsmx with an option, and the same call without it. By tensors, whose structs take every option by its name."""

import ctypes

import names
import numpy as np
from functions import AXIS

from .libsmx_abi import (
    INT,
    POINTER,
    REDUCTION_NONE,
    REDUCTION_SUM,
    CrossEntropy,
    Library,
    TensorOptions,
    tensor,
)

INPUTS = {"softmax_backward": ("y", "dy")}  # of other functions: x


def filled(structure, **values):
    """The struct with those of the values that it has a field for: numbers, and tensors by their address."""
    fields = dict(structure._fields_)
    held = {name: tensor(v) if fields[name] is POINTER else v for name, v in values.items() if name in fields}
    numbers = {name: ctypes.addressof(v) if isinstance(v, ctypes.Structure) else v for name, v in held.items()}
    made = structure(size=ctypes.sizeof(structure), **numbers)
    made.held = (held, values)  # ctypes keeps nothing alive whose address is in a field
    return made


class With:
    name = names.OURS

    def __init__(self, threads, libraries):
        self.library = Library(libraries)
        self.threads = threads
        self.version = self.library.version

    def cross_entropy(self, arrays, labels, settings, gradient, out):
        """`softcap` is a field of both structs: of the options here."""
        options = filled(TensorOptions, threads=self.threads, **settings)
        of_loss = {name: value for name, value in settings.items() if name not in options.held[0]}
        of_loss |= {} if "targets" in settings else {"labels": labels}
        total = np.zeros(1, np.float32)
        outputs = {"dx": out, "reduced": total} if gradient else {"loss": out}
        reduction = REDUCTION_SUM if gradient else REDUCTION_NONE
        ce = filled(CrossEntropy, reduction=reduction, **of_loss, **outputs)
        x = ctypes.byref(tensor(arrays["x"]))
        return self.library.prepared("smx_cross_entropy", x, INT(AXIS), ctypes.byref(ce), ctypes.byref(options))

    def call(self, function, arrays, labels, settings, out):
        if function.startswith("cross_entropy"):
            return self.cross_entropy(arrays, labels, settings, function.endswith("gradient"), out)
        options = ctypes.byref(filled(TensorOptions, threads=self.threads, **settings))
        first, *rest = (ctypes.byref(tensor(arrays[name])) for name in INPUTS.get(function, ("x",)))
        return self.library.prepared(f"smx_{function}", first, INT(AXIS), *rest, ctypes.byref(tensor(out)), options)

    def with_option(self, function, given, out):
        return self.call(function, given.arrays, given.labels, given.settings, out), lambda: out


class Without(With):
    """The plain call. Of arrays with an inner stride: copies of them, and then the call."""

    name = names.WITHOUT

    def with_option(self, function, given, out):
        whole = {name: np.ascontiguousarray(array) for name, array in given.arrays.items()}
        call = self.call(function, whole, whole.get("labels"), {}, out)
        strided = [name for name in INPUTS.get(function, ("x",)) if whole[name] is not given.arrays[name]]
        if not strided:
            return call, lambda: out

        def copies_and_call():
            for name in strided:
                np.copyto(whole[name], given.arrays[name])
            call()

        return copies_and_call, lambda: out
