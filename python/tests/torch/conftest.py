"""What the tests of smx.torch share. Without PyTorch none of them runs, and each says so."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default"))  # PyTorch warns of itself


@pytest.fixture(autouse=True)
def seed():
    pytest.importorskip("torch").manual_seed(14)
