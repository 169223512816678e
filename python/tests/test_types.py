"""The stub says what the extension has, and the package's own types hold."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")
CONFIG = str(Path(__file__).parents[2] / "pyproject.toml")


@pytest.mark.parametrize(
    "command", [["mypy.stubtest", "smx._core", "--mypy-config-file"], ["mypy", "--config-file"]], ids=["stub", "package"]
)
def test_types(command, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", *command, CONFIG], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
