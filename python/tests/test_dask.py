"""Dask arrays, chunked along the axis too, have the bits of the whole array."""

import doctest

import numpy as np
import pytest
from conftest import same_bits

import smx

da = pytest.importorskip("dask.array")

import smx.dask  # noqa: E402

FUNCTIONS = ["softmax", "log_softmax", "logsumexp"]
CHUNKS = [(5, 7, 11), (2, 3, 4), (1, 7, 1), ((5,), (3, 0, 4), (1, 9, 1)), (5, (6, 1), (0, 11))]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_bits(rng, function, dtype, axis):
    x = (rng.standard_normal((5, 7, 11)) * 20).astype(dtype)
    x[0, :, 0], x[:, 1, 2], x[3, 3, 3], x[4, 4, 4] = -np.inf, -np.inf, np.nan, np.inf
    expected = getattr(smx, function)(x, axis)
    for chunks in CHUNKS:
        lazy = getattr(smx.dask, function)(da.from_array(x, chunks=chunks), axis)
        assert isinstance(lazy, da.Array) and lazy.dtype == expected.dtype and lazy.shape == expected.shape
        assert same_bits(lazy.compute(scheduler="synchronous"), expected)
        if function != "logsumexp":
            given = da.from_array(x, chunks=chunks).chunks
            assert lazy.chunks[axis] == tuple(extent for extent in given[axis] if extent > 0)


@pytest.mark.filterwarnings("default")
def test_cluster(rng):
    """Workers are processes, to which chunks, functions and options go as bytes."""
    distributed = pytest.importorskip("distributed")
    x = rng.standard_normal((5, 40)).astype(np.float32)
    local = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**local) as cluster, distributed.Client(cluster):
        for function in FUNCTIONS:
            lazy = getattr(smx.dask, function)(da.from_array(x, chunks=(2, 9)), -1)
            assert same_bits(lazy.compute(), getattr(smx, function)(x))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_along_the_axis(function):
    x = np.empty((3, 0), np.float32)
    lazy = getattr(smx.dask, function)(da.from_array(x, chunks=(2, 1)))
    assert same_bits(lazy.compute(), getattr(smx, function)(x))


def test_keepdims_and_integers(rng):
    x = rng.integers(-9, 9, (4, 6))
    lazy = da.from_array(x, chunks=(3, 4))
    for axis in (0, 1, -1, -2):
        expected = smx.logsumexp(x.astype(float), axis, keepdims=True)
        assert same_bits(smx.dask.logsumexp(lazy, axis, keepdims=True).compute(), expected)


def test_nothing_is_computed_before_it_is_asked_for():
    def fail(block):
        raise AssertionError("computed")

    x = da.ones((4, 4), chunks=2).map_blocks(fail, dtype=float, meta=np.empty((0, 0)))
    for function in FUNCTIONS:
        getattr(smx.dask, function)(x)


def test_memory(monkeypatch):
    """A part sees its chunks and integers, never a row: of a row of 2^20 entries, no more than a chunk at a time."""
    seen = []
    part = smx.dask._core._part
    monkeypatch.setattr(
        smx.dask._core, "_part", lambda step, x, **given: (seen.append(x.shape), part(step, x, **given))
    )
    x = da.random.default_rng(0).standard_normal((2, 1 << 20), chunks=(1, 1 << 16)).astype(np.float32)
    total = smx.dask.softmax(x).sum().compute(scheduler="synchronous")
    assert total == pytest.approx(2, rel=1e-4) and set(seen) == {(1, 1 << 16)}


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda x: smx.dask.softmax(np.ones(3)), TypeError, "x is ndarray, not a Dask array"),
        (lambda x: smx.dask.softmax(x, 2), IndexError, "axis is 2, but x has 2 dimensions"),
        (lambda x: smx.dask.softmax(x, (0, 1)), TypeError, r"axis is \(0, 1\), not an int"),
        (lambda x: smx.dask.log_softmax(x.astype(complex)), TypeError, "x has elements of complex128"),
        (lambda x: smx.dask.logsumexp(x[x > 0]), ValueError, "chunks of unknown sizes"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(da.ones((4, 4), chunks=2))


def test_docs():
    assert doctest.testmod(smx.dask).failed == 0
