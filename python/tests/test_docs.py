"""What is written about the package is so: docstrings, the README's lines, the stub."""

import doctest
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import smx

ROOT = Path(__file__).parents[2]
FUNCTIONS = [name for name, f in vars(smx._core).items() if "Examples" in (inspect.getdoc(f) or "")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring(name):
    function = getattr(smx, name)
    text = inspect.getdoc(function)
    for part in ("Parameters", "Returns", "Notes", "Error: ", "Examples"):
        assert part in text
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"^{parameter} : ", text, re.MULTILINE), parameter
    assert "{" not in text
    finder, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    test = finder.get_doctest(text, {"smx": smx, "np": np}, name, None, 0)
    assert test.examples
    runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("module", ["smx", "smx._info", "smx.scipy", "smx.verify"])
def test_module(module):
    if module != "smx._info":
        pytest.importorskip("scipy")
    imported = __import__(module, fromlist=["_"])
    assert doctest.testmod(imported, extraglobs={"smx": smx, "np": np}).failed == 0


@pytest.mark.parametrize("file", ["README.md", "python/README.md"])
def test_readme(file):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / file).read_text(), re.DOTALL)
    if file == "python/README.md":
        assert blocks
    for block in blocks:
        exec(compile(block, file, "exec"), {})


def test_info():
    info = smx.info()
    assert info.version == smx.__version__ and info.isa in info.isas and info.threads >= 1
    for isa in info.isas:
        smx.set_isa(isa)
        assert smx.info().isa == isa
    smx.set_isa(None)
    assert smx.info().isa == info.isas[0]
    with pytest.raises(ValueError, match="smx.set_isa: name is 'abacus'"):
        smx.set_isa("abacus")
    with pytest.raises(TypeError, match="smx.set_isa: name is 3"):
        smx.set_isa(3)


def test_same_bits_on_each_isa():
    x = np.random.default_rng(1).standard_normal((7, 1000)).astype(np.float32)
    results = set()
    for isa in smx.info().isas:
        smx.set_isa(isa)
        results.add(smx.softmax(x).tobytes() + smx.cross_entropy_backward(x, np.arange(7)).tobytes())
    smx.set_isa(None)
    assert len(results) == 1
