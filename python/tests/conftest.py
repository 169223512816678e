"""What the tests share. A test that needs a package which is not here says so: `pytest -rs` prints the reason."""

import numpy as np
import pytest

DTYPES = ["float32", "float64", "float16", "bfloat16"]


def dtype_of(name):
    if name == "bfloat16":
        return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.dtype(name)


@pytest.fixture
def rng():
    return np.random.default_rng(14)


def layouts(array):
    """The same values elsewhere in memory."""
    yield "C", array
    yield "Fortran", np.asfortranarray(array)
    yield (
        "reversed",
        array[tuple(slice(None, None, -1) for _ in array.shape)].copy()[(slice(None, None, -1),) * array.ndim],
    )
    wide = np.empty([2 * extent for extent in array.shape], array.dtype)[(slice(None, None, 2),) * array.ndim]
    wide[...] = array
    yield "every other", wide


def same_bits(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape and a.dtype == b.dtype
    return a.tobytes() == b.tobytes()
