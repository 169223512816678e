"""smx.verify: it finds what is known to be wrong, and says so in a table."""

import subprocess
import sys

import numpy as np
import pytest

import smx

pytest.importorskip("mpmath")
from smx import verify  # noqa: E402
from smx.verify import oracle  # noqa: E402

SMALL = {"n": 60, "rows": 2}
BOUND = {"softmax": 3.75, "log_softmax": 2.6, "logsumexp": 1.0}


def naive(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_oracle():
    x = np.array([[0.0, -60.0]])
    assert oracle.exact("log_softmax", x).text((0, 0)) == "-8.7565107626965203385e-27"
    assert oracle.exact("softmax", x).text((0, 1)) == "8.7565107626965203385e-27"
    assert oracle.exact("logsumexp", np.zeros((1, 2))).text((0,)) == "0.69314718055994530942"


def test_ulps():
    """Of 1, of a subnormal number, and of what is no number."""
    wanted = oracle.exact("softmax", np.zeros((1, 1)))
    off = [[1 + 2**-23]], [[1 - 2**-24]], [[np.nan]], [[np.inf]]
    assert [float(oracle.ulps(np.array(v), wanted, "float32")[0, 0]) for v in off] == [1, 0.5, np.inf, np.inf]
    small = oracle.exact("softmax", np.array([[0.0, -100.0]]))
    error = oracle.ulps(np.array([[1.0, 0.0]]), small, "float32")[0, 1]
    assert error == pytest.approx(np.exp(-100) * 2.0**149)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("like", BOUND)
def test_ours_keeps_its_bound(like, dtype):
    report = verify.verify(like=like, dtype=dtype, **SMALL)
    assert report.worst("smx").ulp < BOUND[like]
    assert set(report.changed["smx"].values()) == {0}


def test_finds_what_is_wrong():
    def shuffled(x):  # adds in another order where the batch is large
        return naive(x) if len(x) == 1 else naive(x[:, ::-1])[:, ::-1]

    def reversed_(x):
        return naive(x) * np.float32(1.00001)

    report = verify.verify(naive, shuffled, reversed_, **SMALL)
    assert report.worst("naive").ulp > 4 and report.changed["naive"]["permuted"] > 0.1
    assert report.changed["shuffled"]["out of a batch of 64"] > 0.1
    assert report.worst("reversed_").ulp > 100
    worst = report.worst("naive")
    assert float(naive(worst.row[None])[0, worst.entry]) == worst.got
    lines = str(report).splitlines()
    assert lines[0].split() == ["softmax", "float32,", "n", "=", "60", "smx", "naive", "shuffled", "reversed_"]
    assert sum("worst: " in line for line in lines) == 4


def test_ways_of_calling():
    special = pytest.importorskip("scipy.special")
    report = verify.verify(special.softmax, lambda x, axis: naive(x), **SMALL)
    assert list(report.errors) == ["smx", "softmax", "<lambda>"]
    for bad in (np.exp, lambda x: 1 / 0, 3):
        with pytest.raises(TypeError, match="is no softmax along the last axis"):
            verify.verify(bad)
    for bad in ({"like": "sigmoid"}, {"dtype": "int8"}, {"n": 1}):
        with pytest.raises(ValueError, match="^(like|dtype|n) is "):
            verify.verify(**bad)


def test_picture(tmp_path):
    pytest.importorskip("matplotlib")
    file = tmp_path / "report.png"
    verify.verify(naive, **SMALL).picture(str(file))
    assert file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("command", [["-m", "smx.verify"], ["-m", "smx", "verify"]])
def test_command(command):
    pytest.importorskip("scipy")
    run = subprocess.run(
        [sys.executable, *command, "scipy", "--n", "50", "--rows", "1"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0].endswith("smx  scipy")
    function = [sys.executable, *command, "scipy.special:softmax", "--n", "50", "--rows", "1"]
    run = subprocess.run(function, capture_output=True, text=True, check=False)
    assert run.stdout.splitlines()[0].endswith("smx  softmax"), run.stderr
    run = subprocess.run([sys.executable, *command, "numpy:exp"], capture_output=True, text=True, check=False)
    assert run.returncode == 1 and run.stderr.startswith("smx verify: <ufunc 'exp'> is no softmax")
    run = subprocess.run([sys.executable, *command, "abacus"], capture_output=True, text=True, check=False)
    assert run.returncode == 2 and "'abacus' is no library that is known here" in run.stderr


def test_smx_is_not_changed_by_its_measurement():
    before = smx.info()
    verify.verify(**SMALL)
    assert smx.info() == before
