"""Softmax, log_softmax and logsumexp of Dask arrays, chunked along the axis, too: lazily, with the bits of the whole
array for any chunks.

Rows in parts tell each other 28 integers (include/smx/parts.h), which are put together by taking the larger and by
adding; a chunk is read two or three times, and no worker holds more than a few.

>>> import dask.array as da, numpy as np, smx.dask
>>> x = da.from_array(np.array([[1.0, 2.0, 3.0]]), chunks=(1, 2))
>>> smx.dask.softmax(x).compute()
array([[0.09003057, 0.24472847, 0.66524096]])
"""

import functools
import math
import operator

import dask.array as da
import numpy as np

from smx import _core

_WIDTH = {"maxima": _core._PART_MAXIMA, "sums": _core._PART_SUMS}


def _step(block, *known, step, made, first, whole):
    """A step on a chunk, rows along its last dimension. `known` are the maxima and sums so far; `made` is what comes
    out: "maxima" or "sums" of this part, its "y", or "lse"."""
    rows, shape = math.prod(block.shape[:-1]), block.shape
    x = np.require(block, requirements=["C", "ALIGNED"]).reshape(rows, shape[-1])  # workers get bytes at any address
    given = {name: np.zeros((rows, width), np.int64) for name, width in _WIDTH.items()}
    given |= {name: np.array(value).reshape(rows, _WIDTH[name]) for name, value in zip(_WIDTH, known)}
    if made in _WIDTH:
        result, shape = given[made], (*shape[:-1], _WIDTH[made])
    elif made == "y":
        result = given["y"] = np.empty(x.shape, x.dtype)
    else:
        result, shape = np.empty(rows, x.dtype), shape[:-1]
        given["lse"] = result
    _core._part(step, x, first=first, row_n=whole, **given)
    return result.reshape(shape)


def _together(function, arrays):
    """By pairs, so that no more than two are needed at a time."""
    while len(arrays) > 1:
        pairs = [function(a, b) for a, b in zip(arrays[::2], arrays[1::2])]
        arrays = pairs + arrays[2 * len(pairs) :]
    return arrays[0]


class _Rows:
    """An array with its rows along the last dimension, in parts as it is chunked."""

    def __init__(self, name, x, axis, kind):
        if not isinstance(x, da.Array):
            raise TypeError(f"smx.dask.{name}: x is {type(x).__name__}, not a Dask array")
        if not isinstance(axis, (int, np.integer)):
            raise TypeError(f"smx.dask.{name}: axis is {axis!r}, not an int")
        if not -x.ndim <= axis < x.ndim:
            raise IndexError(f"smx.dask.{name}: axis is {axis}, but x has {x.ndim} dimensions")
        if x.dtype.kind not in "fiu" or x.dtype.itemsize > 8:
            raise TypeError(f"smx.dask.{name}: x has elements of {x.dtype}, not floats of at most 64 bits")
        self.dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
        x = da.moveaxis(x, axis, -1).astype(np.promote_types(self.dtype, np.float32))
        if any(math.isnan(extent) for extents in x.chunks for extent in extents):
            raise ValueError(f"smx.dask.{name}: x has chunks of unknown sizes: x.compute_chunk_sizes() finds them")
        self.kind, self.axis, self.whole = kind, axis, x.shape[-1]
        ends, extents = np.cumsum(x.chunks[-1]).tolist(), x.chunks[-1]
        some = [k for k, extent in enumerate(extents) if extent > 0] or [0]
        self.parts = [(ends[k] - extents[k], x.blocks[..., k]) for k in some]

    def each(self, step, made, *known):
        """A step on every part."""
        each = []
        for first, part in self.parts:
            last = _WIDTH.get(made, part.shape[-1])
            chunks = part.chunks[:-1] + (() if made == "lse" else ((last,),))
            drop = {"drop_axis": part.ndim - 1} if made == "lse" else {}
            function = functools.partial(_step, step=self.kind + step, made=made, first=first, whole=self.whole)
            dtype = np.int64 if made in _WIDTH else part.dtype
            meta = np.empty((0,) * len(chunks), dtype)
            each.append(da.map_blocks(function, part, *known, chunks=chunks, dtype=dtype, meta=meta, **drop))
        return each

    def known(self, rounds):
        """Maxima and sums of the whole rows."""
        maxima = ()
        for step in rounds:
            maxima = (_together(da.maximum, self.each(step, "maxima", *maxima)),)
        return maxima[0], _together(operator.add, self.each("+", "sums", *maxima))

    def like_x(self, rounds):
        result = da.concatenate(self.each("y", "y", *self.known(rounds)), axis=-1)
        return da.moveaxis(result.astype(self.dtype), -1, self.axis)


def softmax(x, axis=-1):
    """smx.softmax of a Dask array along an axis; the result has x's chunks, but for empty ones there."""
    return _Rows("softmax", x, axis, "s").like_x("1")


def log_softmax(x, axis=-1):
    """smx.log_softmax of a Dask array along an axis; the result has x's chunks, but for empty ones there."""
    return _Rows("log_softmax", x, axis, "").like_x("12")


def logsumexp(x, axis=-1, keepdims=False):
    """smx.logsumexp of a Dask array along an axis."""
    rows = _Rows("logsumexp", x, axis, "")
    maxima, sums = rows.known("12")
    rows.parts = rows.parts[:1]  # the numbers of all are known: any part will do
    lse = rows.each("l", "lse", maxima, sums)[0].astype(rows.dtype)
    return da.expand_dims(lse, axis if axis >= 0 else axis + lse.ndim + 1) if keepdims else lse
