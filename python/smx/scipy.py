"""softmax, log_softmax and logsumexp as `scipy.special` has them: a changed import is enough.

>>> from smx.scipy import logsumexp
>>> float(logsumexp([1, 2, 3]))
3.40760596444438

Axes are all by default, integers become floats, and what the library has no type for (complex numbers, long double) is
passed on to SciPy, as are Dask's arrays, which `smx.dask` is for. Where they differ:

- small integers (int8, int16) become f64, as in SciPy's logsumexp, where its softmax takes f16 and f32;
- a row with +inf is NaN throughout in log_softmax, as in softmax; SciPy has -inf beside it;
- the sign of a sum of nothing is 0, where SciPy has -1; softmax and log_softmax of nothing are empty, not an error.
"""

from typing import Any

import numpy as np

import smx

__all__ = ["log_softmax", "logsumexp", "softmax"]

Axis = int | tuple[int, ...] | None


def softmax(x: Any, axis: Axis = None) -> Any:
    """Softmax over the axes, by default over all: `scipy.special.softmax`, `smx.softmax`."""
    space, x = _floats(x)[:2]
    return _special().softmax(x, axis=axis) if space is None else smx.softmax(x, axis)


def log_softmax(x: Any, axis: Axis = None) -> Any:
    """Its logarithm: `scipy.special.log_softmax`, `smx.log_softmax`."""
    space, x = _floats(x)[:2]
    return _special().log_softmax(x, axis=axis) if space is None else smx.log_softmax(x, axis)


def logsumexp(a: Any, axis: Axis = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """log(sum(b * exp(a))): `scipy.special.logsumexp`, `smx.logsumexp` and `smx.logsumexp_weighted`.

    Without `return_sign` the logarithm of a negative sum is NaN.
    """
    space, a, b = _floats(a, b)
    if space is None:
        return _special().logsumexp(a, axis=axis, b=b, keepdims=keepdims, return_sign=return_sign)
    if b is None and not return_sign:
        return smx.logsumexp(_with_axes(a), axis, keepdims=bool(keepdims))
    a, b = space.broadcast_arrays(a, space.ones_like(a) if b is None else b)
    lse, sign = smx.logsumexp_weighted(_with_axes(a), _with_axes(b), axis, keepdims=bool(keepdims))
    if return_sign:
        return lse, sign
    lse = space.where(sign < 0, space.full_like(lse, space.nan), lse)
    return lse[()] if lse.ndim == 0 else lse  # of NumPy's a scalar


def _with_axes(x: Any) -> Any:
    """SciPy gives a number an axis, along which its sum is itself."""
    return x[None] if x.ndim == 0 else x


def _special() -> Any:
    from scipy import special

    return special


def _floats(*arrays: Any) -> tuple[Any, ...]:
    """Their namespace, and all as floats of one type; or None, and all as they are, where there is no such type."""
    if any(hasattr(a, "__dask_graph__") for a in arrays):
        return None, *arrays
    foreign = [a for a in arrays if hasattr(a, "__dlpack__") and not isinstance(a, np.ndarray | np.generic)]
    return _floats_of_namespace(foreign, arrays) if foreign else _floats_of_numpy(*arrays)


def _floats_of_numpy(a: Any, b: Any = None) -> tuple[Any, ...]:
    array = np.asarray(a)
    weights = b if b is None or isinstance(b, int | float) else np.asarray(b)
    dtype = array.dtype if b is None else np.result_type(array, weights)
    if dtype.kind in "biu":
        dtype = np.dtype(np.float64)
    if dtype.name not in ("float64", "float32", "float16", "bfloat16"):
        return None, a, b
    return np, array.astype(dtype, copy=False), b if b is None else np.asarray(weights, dtype)


def _floats_of_namespace(foreign: list[Any], arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    from array_api_compat import array_namespace

    space = array_namespace(*foreign)
    default = space.asarray(1.0).dtype
    given = [a if a is None else space.asarray(a) for a in arrays]
    dtypes = [a.dtype for a in given if a is not None]
    try:
        dtype = space.result_type(*dtypes)
    except TypeError:  # as the standard leaves it to the library what an integer and a float make
        dtype = space.result_type(*(default if space.isdtype(d, ("bool", "integral")) else d for d in dtypes))
    if space.isdtype(dtype, ("bool", "integral")):
        dtype = default
    if not space.isdtype(dtype, "real floating"):
        return None, *arrays
    return space, *(a if a is None else space.astype(a, dtype, copy=False) for a in given)
