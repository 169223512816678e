"""What is measured: a function on matrices of NumPy's, with a name; and those known by the name of a library."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

import smx
from smx.verify.oracle import FORMATS


class Subject(NamedTuple):
    """A function along the last axis of a matrix."""

    name: str
    function: Callable[[Any], Any]
    threads: Callable[[int], Any] | None = None  #: a context in which it uses so many; None: nobody knows how

    def __call__(self, x: Any) -> Any:
        result = np.asarray(self.function(x))
        return result if result.dtype.name in FORMATS else result.astype(x.dtype)


def ours(like: str) -> Subject:
    used: list[int | None] = [None]

    @contextmanager
    def threads(count: int) -> Iterator[None]:
        used[0] = count
        yield
        used[0] = None

    return Subject("smx", lambda x: getattr(smx, like)(x, threads=used[0]), threads)


def _scipy(like: str) -> Subject:
    from scipy import special

    function = getattr(special, like)
    return Subject("scipy", lambda x: function(x, axis=-1), _pools())


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


def _torch(like: str) -> Subject:
    import torch

    function = getattr(torch, like)
    return Subject("torch", lambda x: function(torch.from_numpy(x), -1).numpy(), _torch_threads)


def _jax(like: str) -> Subject:
    import jax

    function = getattr(jax.nn, like)
    return Subject("jax", lambda x: np.asarray(function(x, axis=-1)))


KNOWN = {"scipy": _scipy, "torch": _torch, "jax": _jax}


def _pools() -> Callable[[int], Any] | None:
    """OpenMP's threads, whoever brought it."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return None
    return lambda count: threadpool_limits(count)


def subject_of(function: Any, like: str) -> Subject:
    """Of a function that takes arrays or tensors, and perhaps an axis: the first way of a call that fits."""
    if isinstance(function, Subject):
        return function
    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    wanted = getattr(smx, like)(x)
    for call, threads in _ways(function):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # PyTorch's, of an axis that it had to guess
                result = np.asarray(call(x))
        except Exception:  # whatever it is, another way may do
            continue
        if result.shape == wanted.shape and np.allclose(result, wanted, 1e-2):
            return Subject(getattr(function, "__name__", repr(function)), call, threads)
    raise TypeError(
        f"{function!r} is no {like} along the last axis of a matrix, called as f(x), f(x, -1) or "
        "f(x, axis=-1) on an array or a tensor"
    )


def _ways(function: Any) -> Iterator[tuple[Callable[[Any], Any], Any]]:
    calls = (lambda x: function(x), lambda x: function(x, -1), lambda x: function(x, axis=-1))
    pools = _pools()
    yield from ((call, pools) for call in calls)
    if "torch" in sys.modules:  # or no function can want its tensors
        torch = sys.modules["torch"]
        yield from ((lambda x, call=call: call(torch.from_numpy(x)).numpy(), _torch_threads) for call in calls)
