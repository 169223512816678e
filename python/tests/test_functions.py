"""Every function of the table: against its formula, over all layouts and types, into `out`, on any threads."""

import inspect

import numpy as np
import pytest
import reference
from conftest import DTYPES, dtype_of, layouts, same_bits

import smx

LOSSES = {"cross_entropy", "cross_entropy_backward", "nll", "nll_backward"}
TABLE = {name for name, f in vars(smx._core).items() if "Examples" in (inspect.getdoc(f) or "")}
TOLERANCE = {"float64": 1e-12, "float32": 2e-5, "float16": 2e-2, "bfloat16": 1e-1}


def inputs_of(name, rng, dtype="float64", shape=(3, 5, 7)):
    made, formula = reference.FUNCTIONS[name]
    arrays = made(*rng.standard_normal((3, *shape)))
    return [np.ascontiguousarray(a).astype(dtype_of(dtype)) for a in arrays], formula


def results_of(result):
    return result if isinstance(result, tuple) else (result,)


def test_every_function_is_here():
    assert set(reference.FUNCTIONS) | LOSSES | {"softmax_jacobian_product"} == TABLE


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", reference.FUNCTIONS)
def test_formula(name, dtype, rng):
    inputs, formula = inputs_of(name, rng, dtype)
    results = results_of(getattr(smx, name)(*inputs))
    expected = results_of(formula(*(a.astype(np.longdouble) for a in inputs)))
    for result, wanted in zip(results, expected, strict=True):
        assert result.shape == wanted.shape
        assert result.dtype == (np.int64 if name == "argmax" else inputs[0].dtype)
        tolerance = TOLERANCE[dtype]
        np.testing.assert_allclose(result.astype(float), wanted.astype(float), tolerance, tolerance)


@pytest.mark.parametrize("name", reference.FUNCTIONS)
def test_layouts_and_threads(name, rng):
    inputs, _ = inputs_of(name, rng, "float32")
    function = getattr(smx, name)
    expected = results_of(function(*inputs))
    for threads in (1, 2, 5):
        assert all(map(same_bits, results_of(function(*inputs, threads=threads)), expected))
    for arrays in zip(*map(layouts, inputs), strict=True):
        results = results_of(function(*(a for _, a in arrays)))
        assert all(map(same_bits, results, expected)), arrays[0][0]


@pytest.mark.parametrize("name", reference.FUNCTIONS)
def test_out(name, rng):
    inputs, _ = inputs_of(name, rng, "float32")
    function = getattr(smx, name)
    expected = results_of(function(*inputs))
    for dtype in [np.int64] if name == "argmax" else [np.float32, np.float64, np.float16]:
        rooms = tuple(np.empty(np.shape(e), dtype) for e in expected)
        got = function(*inputs, out=rooms if len(rooms) > 1 else rooms[0])
        assert all(a is b for a, b in zip(results_of(got), rooms, strict=True))
        for room, wanted in zip(rooms, expected, strict=True):
            np.testing.assert_allclose(room.astype(float), np.asarray(wanted, float), 1e-2, 1e-2)


def test_in_place(rng):
    x = rng.standard_normal((4, 6)).astype(np.float32)
    expected = smx.softmax(x)
    assert smx.softmax(x, out=x) is x and same_bits(x, expected)


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 2), [1], (), None, (2, 0, 1)])
def test_axes(axis, rng):
    x = rng.standard_normal((3, 4, 5)).astype(np.float32)
    axes = tuple(range(3)) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    axes = sorted(a % 3 for a in axes)
    rest = [d for d in range(3) if d not in axes]
    n = int(np.prod([x.shape[a] for a in axes]))
    rows = x.transpose(*rest, *axes).reshape(*(x.shape[d] for d in rest), n)
    assert same_bits(smx.logsumexp(x, axis), smx.logsumexp(rows))
    kept = smx.logsumexp(x, axis, keepdims=True)
    assert kept.shape == tuple(1 if d in axes else extent for d, extent in enumerate(x.shape))
    y = smx.softmax(x, axis).transpose(*rest, *axes).reshape(rows.shape)
    assert same_bits(y, smx.softmax(rows))


def test_jacobian_product(rng):
    y = smx.softmax(rng.standard_normal((3, 5)))
    v = rng.standard_normal((3, 4, 5))
    product = smx.softmax_jacobian_product(y, v)
    assert product.shape == v.shape
    for c in range(4):
        assert same_bits(product[:, c], smx.softmax_jvp(y, v[:, c]))


def test_options(rng):
    x = rng.standard_normal((2, 3, 5, 5)).astype(np.float32)
    bias = rng.standard_normal((5, 5)).astype(np.float32)
    keep = rng.random((2, 1, 5, 5)) < 0.6
    keep[..., 0] = True
    z = np.where(keep, 1.5 * x.astype(float) + bias, -np.inf)
    y = smx.softmax(x, scale=1.5, bias=bias, mask=keep)
    np.testing.assert_allclose(y, reference.softmax(z), 1e-5)
    assert same_bits(
        y, smx.softmax(x, scale=np.full((2, 3, 5), 1.5, np.float32), bias=bias, mask=keep.astype(np.uint8))
    )
    assert same_bits(smx.softmax(x, temperature=4), smx.softmax(x, scale=0.25))
    assert same_bits(smx.softmax(x, temperature=np.full((2, 1, 1), 4.0)), smx.softmax(x, scale=0.25))
    lower = np.tri(5, dtype=bool)
    for causal in (True, "top-left", "bottom-right"):
        assert same_bits(smx.softmax(x, causal=causal), smx.softmax(x, mask=lower))
    assert same_bits(smx.softmax(x, causal=False), smx.softmax(x))
    assert same_bits(smx.softmax(x, window=(None, 0)), smx.softmax(x, causal=True))
    near = abs(np.subtract.outer(range(5), range(5))) <= 1
    assert same_bits(smx.softmax(x, window=(1, 1)), smx.softmax(x, mask=near))
    assert same_bits(
        smx.softmax(x, lengths=np.array([[[2]], [[5]]])),
        smx.softmax(x, mask=np.arange(5) < np.array([2, 5])[:, None, None, None]),
    )
    assert same_bits(
        smx.softmax(x.swapaxes(1, 2), causal=True, query_axis=1), smx.softmax(x, causal=True).swapaxes(1, 2)
    )
    np.testing.assert_allclose(smx.softmax(x, softcap=2.0), reference.softmax(2 * np.tanh(x.astype(float) / 2)), 1e-5)
    sinks = np.array([0.5, -1, 2], np.float32)[:, None]
    with_sink = np.concatenate([x.astype(float), np.broadcast_to(sinks[..., None], (2, 3, 5, 1))], -1)
    np.testing.assert_allclose(smx.softmax(x, sinks=sinks), reference.softmax(with_sink)[..., :-1], 1e-5)
    slopes = np.array([0.5, 1, 2])[:, None]
    distance = abs(np.subtract.outer(range(5), range(5)))
    np.testing.assert_allclose(
        smx.softmax(x, slopes=slopes), reference.softmax(x.astype(float) - slopes[..., None] * distance), 1e-5
    )


def test_numbers_are_of_the_arithmetic(rng):
    x = rng.standard_normal((3, 50)).astype(np.float32)
    for one, other in zip(smx.logsumexp_weighted(x, 0.3), smx.logsumexp_weighted(x, np.float32(0.3)), strict=True):
        assert one.dtype == np.float32 and same_bits(one, other)
    x = x.astype(np.float64)
    for one, other in zip(smx.logsumexp_weighted(x, 0.3), smx.logsumexp_weighted(x, np.array(0.3)), strict=True):
        assert same_bits(one, other)


def test_policies():
    x = np.array([np.inf, 1, np.inf, -np.inf])
    assert np.isnan(smx.softmax(x)).all() and smx.softmax(x, plus_inf="limit").tolist() == [0.5, 0, 0.5, 0]
    x = np.full(3, -np.inf)
    assert np.isnan(smx.softmax(x)).all() and not smx.softmax(x, minus_inf_row="zeros").any()


def test_scale_gradient(rng):
    x, dx = rng.standard_normal((2, 4, 5))
    assert smx.scale_gradient(x, dx, scale=2.0).shape == ()
    scale = rng.uniform(1, 2, 4)
    np.testing.assert_allclose(smx.scale_gradient(x, dx, scale=scale), (x * dx).sum(-1) / scale)
