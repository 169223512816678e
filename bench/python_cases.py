"""What python_calls.py measures: each case has a call for each contender, all on the same numbers.

Contenders are the columns of its table. `smx` is the function of the package on an array of NumPy or on a tensor of
PyTorch, `out` the same with a result that is there already, `smx.torch` that with PyTorch's signature and autograd."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy import special
from torch.nn import functional

import smx
import smx.torch

ROW, ROWS, MIDDLE, LABELLED = (1, 10), (8, 10), (128, 1000), ((4096, 1000), (64, 32768))
ATTENTION = (32, 12, 128, 128)
TORCH, PYTORCH, SCIPY = "smx.torch", "PyTorch", "SciPy"
ARRAY, ARRAY_OUT = "smx, NumPy", "smx, NumPy, out"
TENSOR, TENSOR_OUT = "smx, tensor", "smx, tensor, out"
CONTENDERS = (ARRAY, ARRAY_OUT, SCIPY, TENSOR, TENSOR_OUT, TORCH, PYTORCH)


@dataclass
class Case:
    function: str
    shape: tuple
    calls: dict  # contender: what is called
    type: str = "f32"

    @property
    def small(self):
        return self.shape in (ROW, ROWS)


def numbers(*shape):
    return np.random.default_rng(14).standard_normal(shape).astype(np.float32)


def labels(shape):
    return np.random.default_rng(15).integers(0, shape[1], shape[0])


def gradient(forward, x, grad=None):
    """Forward, and backward by autograd. `grad` is that of the result, unless this is a loss."""
    x = x.clone().requires_grad_()
    return lambda: torch.autograd.grad(forward(x), x, grad)[0]


def rowwise(name, theirs, shape=ROW):
    """A function of rows, forward alone."""
    ours, array = getattr(smx, name), numbers(*shape)
    tensor = torch.from_numpy(array)
    calls = {
        ARRAY: lambda: ours(array),
        SCIPY: lambda: getattr(special, name)(array, axis=-1),
        TENSOR: lambda: ours(tensor),
        TORCH: partial(getattr(smx.torch, name), tensor, -1),
        PYTORCH: partial(theirs, tensor, -1),
    }
    if name != "logsumexp":
        array_out, tensor_out = np.empty_like(array), torch.empty_like(tensor)
        calls[ARRAY_OUT] = lambda: ours(array, out=array_out)
        calls[TENSOR_OUT] = lambda: ours(tensor, out=tensor_out)
    return Case(name, shape, calls)


def rowwise_gradient(name, shape):
    x, dy = torch.from_numpy(numbers(*shape)), torch.from_numpy(numbers(*shape)[::-1].copy())
    sides = {TORCH: getattr(smx.torch, name), PYTORCH: getattr(functional, name)}
    calls = {side: gradient(lambda x, f=f: f(x, -1), x, dy) for side, f in sides.items()}
    return Case(f"{name}, its gradient", shape, calls)


def cross_entropy(shape):
    array, where = numbers(*shape), labels(shape)
    x, target = torch.from_numpy(array), torch.from_numpy(where)
    calls = {
        ARRAY: lambda: smx.cross_entropy(array, where),
        TENSOR: lambda: smx.cross_entropy(x, target),
        TORCH: lambda: smx.torch.cross_entropy(x, target),
        PYTORCH: lambda: functional.cross_entropy(x, target),
    }
    return Case("cross_entropy", shape, calls)


def cross_entropy_gradient(shape, dtype="f32"):
    array, where = numbers(*shape), labels(shape)
    x, target = torch.from_numpy(array), torch.from_numpy(where)
    calls = {}
    if dtype == "f32":  # NumPy has no bf16
        calls[ARRAY] = lambda: smx.cross_entropy(array, where, returns=("loss", "dx"))[1]
    else:
        x = x.bfloat16()
    calls[TORCH] = gradient(lambda x: smx.torch.cross_entropy(x, target), x)
    calls[PYTORCH] = gradient(lambda x: functional.cross_entropy(x, target), x)
    return Case("cross_entropy, its gradient", shape, calls, dtype)


def attention():
    """Without a mask, and with one, for which PyTorch's way is masked_fill."""
    array, dy = numbers(*ATTENTION), torch.from_numpy(numbers(*ATTENTION)[::-1].copy())
    keep = np.random.default_rng(16).random((ATTENTION[0], 1, 1, ATTENTION[-1])) < 0.9
    x, mask = torch.from_numpy(array), torch.from_numpy(keep)
    plain = {TORCH: lambda x: smx.torch.softmax(x, -1), PYTORCH: lambda x: functional.softmax(x, -1)}
    masked = {
        TORCH: lambda x: smx.torch.softmax(x, -1, mask=mask),
        PYTORCH: lambda x: functional.softmax(x.masked_fill(~mask, -torch.inf), -1),
    }
    arrays = {ARRAY: lambda: smx.softmax(array), SCIPY: lambda: special.softmax(array, axis=-1)}
    with_mask = {ARRAY: lambda: smx.softmax(array, mask=keep)}
    for name, functions, others in (("softmax", plain, arrays), ("softmax, boolean mask", masked, with_mask)):
        yield Case(name, ATTENTION, others | {side: partial(f, x) for side, f in functions.items()})
        calls = {side: gradient(f, x, dy) for side, f in functions.items()}
        yield Case(f"{name}, its gradient", ATTENTION, calls)


def all_cases():
    yield rowwise("softmax", functional.softmax)
    yield rowwise("log_softmax", functional.log_softmax)
    yield rowwise("logsumexp", torch.logsumexp)
    yield cross_entropy(ROW)
    for shape in (ROW, ROWS):
        yield rowwise_gradient("softmax", shape)
        yield cross_entropy_gradient(shape)
    yield rowwise("softmax", functional.softmax, MIDDLE)
    yield rowwise_gradient("softmax", MIDDLE)
    for shape in (MIDDLE, *LABELLED):
        yield cross_entropy(shape)
        yield cross_entropy_gradient(shape)
        yield cross_entropy_gradient(shape, "bf16")
    yield from attention()
