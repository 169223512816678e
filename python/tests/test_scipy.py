"""smx.scipy: SciPy's own tests, and what they leave open."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import same_bits

import smx

scipy = pytest.importorskip("scipy")
special = pytest.importorskip("scipy.special")
ours = pytest.importorskip("smx.scipy")


def test_scipys_own_tests():
    here = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-p", "scipy_in_place", "-q", "-c", os.devnull, "--rootdir", "/"]
    run = subprocess.run(
        [*command, "--pyargs", "scipy.special.tests.test_logsumexp"],
        env=os.environ | {"PYTHONPATH": str(here), "SCIPY_ARRAY_API": "1"},
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    old = np.lib.NumpyVersion(scipy.__version__) < "1.15.0"  # its tests of the others are elsewhere, and look elsewhere
    for name in ["logsumexp"] if old else ours.__all__:
        assert f"our {name} stands in place of SciPy's" in run.stdout
    assert int(re.search(r"(\d+) passed", run.stdout)[1]) >= (10 if old else 100)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u1", "?"])
def test_like_scipy(axis, dtype, rng):
    x = (3 * rng.standard_normal((3, 4, 5))).astype(dtype)
    for name in ours.__all__:
        got, wanted = getattr(ours, name)(x, axis=axis), getattr(special, name)(x.astype(float), axis=axis)
        assert got.dtype == (x.dtype if x.dtype.kind == "f" else np.float64)
        np.testing.assert_allclose(got, wanted, 1e-4 if dtype == "f4" else 1e-12, 1e-5 if dtype == "f4" else 1e-12)


def test_one_type(rng):
    a, b = rng.standard_normal(4).astype("f4"), rng.standard_normal(4)
    assert ours.logsumexp(a, b=2.0).dtype == np.float32 and ours.logsumexp(a, b=b).dtype == np.float64
    assert ours.logsumexp(a, b=np.array([1, 0, 2, 1])).dtype == np.float64


def test_passed_on():
    for x in (np.array([1 + 2j, 3j]), np.array([1, 2], np.longdouble)):
        assert np.array_equal(ours.logsumexp(x), special.logsumexp(x))
        assert np.array_equal(ours.softmax(x), special.softmax(x))
        assert np.array_equal(ours.log_softmax(x), special.log_softmax(x))


def test_is_smx(rng):
    x = rng.standard_normal((3, 4))
    assert same_bits(ours.softmax(x, axis=1), smx.softmax(x))
    assert same_bits(ours.logsumexp(x), smx.logsumexp(x, None))
