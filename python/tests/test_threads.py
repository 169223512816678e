"""Calls from eight threads at once that share their arguments, on Pythons with and without a lock: each gets what it
gets alone. During a call another thread may change a list, or the instruction set."""

import array
import os
import subprocess
import sys
import sysconfig
import threading
import time

import numpy as np
import pytest
import reference
from conftest import DTYPES, dtype_of
from test_arrays import Exporter
from test_errors import BAD, LABELS, random_calls
from test_functions import inputs_of

import smx

THREADS = 8
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def at_once(*works):
    """Runs them on a thread each, from one moment on; raises what one of them raised."""
    failures, start = [], threading.Barrier(len(works))

    def run(work):
        start.wait()
        try:
            work()
        except BaseException as failure:  # also what pytest raises
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure


def outcome(name, args, keywords):
    """Types, shapes and bits of the results, or the exception and its sentence."""
    try:
        with np.errstate(all="ignore"):
            result = getattr(smx, name)(*args, **keywords)
    except (TypeError, ValueError, IndexError) as error:
        return type(error), str(error)
    return [(r.dtype, np.shape(r), r.tobytes()) for r in (result if isinstance(result, tuple) else (result,))]


def calls_of_all_kinds():
    """Good and bad ones of each function, and tensors of each kind; the objects are the same for all threads."""
    values = np.linspace(-3, 3, 24).reshape(4, 6)
    kinds = [values, values.tolist(), tuple(values[0]), array.array("d", values[0]), memoryview(values)]
    kinds += [Exporter(values), Exporter(values, versions=False)]
    kinds += [values.astype(dtype_of("bfloat16")), values[::2, ::-1]]
    keep = Exporter(np.array([0, 1, 1, 0, 1, 1], np.uint8))
    for x in kinds:
        yield "softmax", (x,), {"temperature": [2.0], "axis": [-1]}
        yield "logsumexp", (x,), {"mask": keep, "window": [None, 1], "query_axis": 0}
        yield "cross_entropy", (x,), {"labels": [0, 1, 2, 3], "returns": ["dx", "loss", "argmax"]}
    for name in reference.FUNCTIONS:
        for dtype in DTYPES:
            yield name, tuple(inputs_of(name, np.random.default_rng(14), dtype)[0]), {"minus_inf_row": "zeros"}
    yield from (call for call, _, _ in BAD if "out" not in call[2])
    yield from ((name, (), keywords) for name, keywords in random_calls(25))


def test_everything_at_once():
    calls = list(calls_of_all_kinds())
    alone = [outcome(*call) for call in calls]
    assert min(sum(isinstance(o, kind) for o in alone) for kind in (list, tuple)) > 100
    used, working = smx.info().isa, [True] * THREADS

    def run(i):
        try:
            for k in range(3 * len(calls)):
                at = (k + i * len(calls) // THREADS) % len(calls)
                assert outcome(*calls[at]) == alone[at], calls[at]
        finally:
            working[i] = False

    def change_instruction_sets():
        while any(working):
            for name in smx.info().isas:
                smx.set_isa(name)

    try:
        at_once(*(lambda i=i: run(i) for i in range(THREADS)), change_instruction_sets)
    finally:
        smx.set_isa(used)


def test_lists_change():
    """A call takes a list as it is at one moment."""
    x, labels = np.arange(24.0).reshape(2, 3, 4), np.zeros((2, 3), int)
    axis, window, returns = [0, 1], [1, 2], ["lse", "dx"]
    calls = [("logsumexp", (x,), {"axis": axis}), ("softmax", (x,), {"window": window})]
    calls += [("cross_entropy", (x, labels), {"returns": returns})]
    possible = [outcome("logsumexp", (x,), {"axis": a}) for a in ((0, 1), (1, 2), (0,), ())]
    possible += [outcome("softmax", (x,), {"window": w}) for w in ((1, 2), (1,))]
    possible += [outcome("cross_entropy", (x, labels), {"returns": r}) for r in (("lse", "dx"), ())]
    working = [True, True]

    def change():
        while any(working):
            for axes in ([0], [0, 1], [], [1, 2]):
                axis[:] = axes
            window.pop()
            window.append(2)
            returns.clear()
            returns.extend(("lse", "dx"))

    def run(i):
        try:
            for _ in range(5000 if FREE_THREADED else 200):  # the lock changes hands every 5 ms
                for call in calls:
                    assert outcome(*call) in possible
        finally:
            working[i] = False

    at_once(change, lambda: run(0), lambda: run(1))


def test_a_capsule_is_opened_once():
    """Of threads that are given the same capsule of DLPack, one gets the tensor: two would free it twice."""

    class Careless:
        def __init__(self, values, keywords):
            self.capsule = values.__dlpack__(**keywords)

        def __dlpack_device__(self):
            return 1, 0

        def __dlpack__(self, **_):
            return self.capsule

    values = np.arange(6.0)
    expected = smx.softmax(values).tobytes()
    newest = {"max_version": (1, 0)} if np.lib.NumpyVersion(np.__version__) >= "2.1.0" else {}
    given = [Careless(values, keywords) for keywords in 100 * ({}, newest)]
    taken = [[] for _ in range(THREADS)]
    step = threading.Barrier(THREADS, timeout=60)

    def run(i):
        for at, x in enumerate(given):
            step.wait()
            try:
                assert smx.softmax(x).tobytes() == expected
                taken[i].append(at)
            except TypeError as error:
                assert "smx.softmax: x cannot be read as an array" in str(error)

    at_once(*(lambda i=i: run(i) for i in range(THREADS)))
    assert sorted(sum(taken, [])) == list(range(len(given)))


def test_memory_stays_during_a_call():
    """Memory whose owner can move it is held until the call returns."""
    room, keep = array.array("d", range(3_000_000)), np.ones(3_000_000, np.uint8)
    expected, used = smx.softmax(room).tobytes(), smx.info().isa
    held, results, refused = threading.Event(), [], []

    class Tells(Exporter):
        def __dlpack__(self, **keywords):
            held.set()  # what stands before it is
            return super().__dlpack__(**keywords)

    def compute():
        results.append(smx.softmax(room, mask=Tells(keep), threads=1))

    smx.set_isa("scalar")  # which takes long
    try:
        for _ in range(20):  # as the machine may have other things to do
            held.clear()
            thread = threading.Thread(target=compute)
            thread.start()
            assert held.wait(60)
            time.sleep(0.002)
            try:
                room.append(0.0)
                room.pop()
            except BufferError:
                refused.append(True)
            thread.join()
            if refused:
                break
    finally:
        smx.set_isa(used)
    assert refused
    assert results[-1].tobytes() == expected


def test_the_lock_stays_off():
    """A free-threaded Python does not take the lock for this extension: it would, and say so, for one that needs it."""
    script = "import sys, smx; print(getattr(sys, '_is_gil_enabled', lambda: True)())"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(not FREE_THREADED)


def test_outputs_of_all_threads():
    """The same inputs for all threads, and outputs of its own for each."""
    x = np.random.default_rng(3).standard_normal((2, 3)).astype(np.float32)
    expected = smx.cross_entropy(x, LABELS, returns=("dx", "losses"), reduction="sum")
    outs = [(np.empty_like(expected[0]), np.empty_like(expected[1])) for _ in range(THREADS)]

    def run(i):
        for _ in range(500):
            smx.cross_entropy(x, LABELS, returns=("dx", "losses"), reduction="sum", out=outs[i])
            assert all(a.tobytes() == b.tobytes() for a, b in zip(outs[i], expected, strict=True))

    at_once(*(lambda i=i: run(i) for i in range(THREADS)))
