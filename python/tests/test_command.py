"""`smx` and `python -m smx` are the tool."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from conftest import same_bits

import smx
from smx.__main__ import TOOL

SCRIPT = str(Path(sysconfig.get_path("scripts")) / "smx")
COMMANDS = pytest.mark.parametrize("command", [[sys.executable, "-m", "smx"], [SCRIPT]], ids=["module", "script"])


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)


@COMMANDS
def test_info(command):
    done = run(*command, "info")
    assert done.returncode == 0 and smx.__version__ in done.stdout


@COMMANDS
def test_softmax_of_a_file(command, tmp_path):
    if not TOOL.exists():
        pytest.skip("the tool was left out of this build")
    x = np.random.default_rng(3).standard_normal((4, 5)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    done = run(*command, "softmax", tmp_path / "x.npy", "-o", tmp_path / "y.npy", "--temperature", "2")
    assert done.returncode == 0, done.stderr
    assert same_bits(np.load(tmp_path / "y.npy"), smx.softmax(x, temperature=2))


def test_help():
    done = run(sys.executable, "-m", "smx", "--help")
    assert "smx verify" in done.stdout and (not TOOL.exists() or "usage: smx COMMAND" in done.stdout)


def test_wrong_command():
    assert run(sys.executable, "-m", "smx", "abacus").returncode == 2
