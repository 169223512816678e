"""The examples, doctests and the README of smx.torch."""

import doctest
import importlib
import re
import sys
from pathlib import Path

import pytest
from torch_common import pytestmark, seed  # noqa: F401

pytest.importorskip("torch")

PYTHON = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["smx.torch", "smx.torch.patching", "smx.torch.distributed"])
def test_module(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_readme():
    blocks = re.findall(r"```python\n(.*?)```", (PYTHON / "smx/torch/README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})


@pytest.fixture
def example(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(PYTHON / "examples"), *sys.path])
    return importlib.import_module


def test_network(example):
    found = example("torch_network").main(PYTHON.parent / "data")
    ours = {result for (name, *_), result in found.items() if name == "smx"}
    theirs = {result for (name, *_), result in found.items() if name == "torch"}
    assert len(ours) == 1, "the weights depend on threads or the split"
    assert next(iter(ours))[1] > 0.8 and all(right > 0.8 for _, right in theirs)
    assert len(theirs) > 1, "PyTorch's do not: then the example shows nothing"


def test_sampler(example):
    differ = example("torch_sampler").main()
    assert differ["smx"] == 0
    assert differ["torch"] > 0
