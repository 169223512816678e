"""Puts the functions of this package in the place of PyTorch's."""

import functools
import threading

import torch

from smx.torch import functional
from smx.torch.calling import TYPES

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def _softmax(input, dim, dtype=None):
    return functional.softmax(input, dim, dtype=dtype)


def _log_softmax(input, dim, dtype=None):
    return functional.log_softmax(input, dim, dtype=dtype)


#: Whose attribute, and which function of ours. torch.nn's modules look theirs up in torch.nn.functional.
_PLACES = [
    (torch.nn.functional, {name: getattr(functional, name) for name in functional.OF_PYTORCH}),
    (torch, {"softmax": _softmax, "log_softmax": _log_softmax, "logsumexp": functional.logsumexp}),
    (torch.special, {"softmax": _softmax, "log_softmax": _log_softmax, "logsumexp": functional.logsumexp}),
    (torch.Tensor, {"softmax": _softmax, "log_softmax": _log_softmax, "logsumexp": functional.logsumexp}),
]


def _instead(ours, theirs):
    @functools.wraps(theirs)
    def function(input, *args, **keywords):
        mine = (
            type(input) in TYPES
            and input.device.type == "cpu"
            and input.dtype in _FLOATS
            and input.layout is torch.strided
            and not input.is_nested
        )
        return (ours if mine and "out" not in keywords else theirs)(input, *args, **keywords)

    return function


class patch:  # noqa: N801 (used as a function)
    """Replaces PyTorch's softmax, log_softmax, softmin, logsumexp, cross_entropy and nll_loss, in torch.nn.functional
    and wherever else `torch` has them, by ours on ordinary CPU tensors; others go to PyTorch's as before. At once,
    until `undo()`; or for the length of a `with`. What computes a softmax inside of another operation of PyTorch keeps
    its own: scaled_dot_product_attention, say.

    >>> import torch, smx.torch
    >>> with smx.torch.patch():
    ...     torch.nn.functional.softmax(torch.zeros(2), 0)
    tensor([0.5000, 0.5000])
    """

    _depth = 0
    _saved: list = []
    _lock = threading.Lock()  # of these two

    def __init__(self):
        self._active = True
        with patch._lock:
            patch._depth += 1
            if patch._depth == 1:
                self._replace()

    def _replace(self):
        for owner, functions in _PLACES:
            for name, ours in functions.items():
                theirs = getattr(owner, name)
                patch._saved.append((owner, name, owner.__dict__.get(name)))
                setattr(owner, name, _instead(ours, theirs))

    def undo(self):
        """Puts PyTorch's own back, unless another patch is still there."""
        with patch._lock:
            patch._depth -= self._active
            self._active = False
            while patch._depth == 0 and patch._saved:
                owner, name, theirs = patch._saved.pop()
                if theirs is None:
                    delattr(owner, name)  # it was inherited
                else:
                    setattr(owner, name, theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.undo()
