"""What all of these tests have: PyTorch warns of itself, and random numbers are the same ones each time."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def seed():
    pytest.importorskip("torch").manual_seed(14)
