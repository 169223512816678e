"""The examples that need no PyTorch; tests/pytorch/test_torch_docs.py has the others."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

PYTHON = Path(__file__).parents[1]


@pytest.fixture
def example(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(PYTHON / "examples"), *sys.path])
    return importlib.import_module


@pytest.fixture
def picture(tmp_path):
    """Where to draw, None without matplotlib; what was drawn is one."""
    if importlib.util.find_spec("matplotlib") is None:
        yield None
        return
    yield tmp_path / "picture.png"
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_logistic(example, picture):
    digest, right = example("logistic").main(PYTHON.parent / "data", picture)
    wanted = re.search("weights SHA-256: ([0-9a-f]{64})", (PYTHON.parent / "README.md").read_text())
    assert digest == wanted[1] and right == 348 / 360


def test_particle_filter(example, picture):
    found = example("particle_filter").main(picture)
    error, changed = found.pop("smx.logsumexp")
    assert error < 5e-6 and changed == 0
    assert len(found) >= 2
    for name, (error, _) in found.items():
        assert error > 1e-3, f"{name} loses nothing: then the example shows nothing"


def test_segmentation(example, picture):
    found = example("segmentation").main(picture)
    curve, masks, dx = found["curve"], found["masks"], found["dx"]
    assert masks.dtype == np.uint8 and set(np.unique(masks)) == {0, 1, 2, 3, 255}
    assert curve[0] == pytest.approx(np.log(4)) and curve[-1] < 0.2 and found["right"] > 0.95
    assert all(other == curve[-1] for other in found["others"].values())
    assert found["count"] == (masks != 255).sum() < masks.size
    touched = (dx != 0).any(1)
    assert not touched[masks == 255].any() and touched[masks != 255].all()
