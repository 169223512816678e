"""Whatever is an array: what goes in without a copy comes out as its own kind."""

import array
import gc
import sys
import threading
import weakref

import numpy as np
import pytest
from conftest import dtype_of, same_bits

import smx

VALUES = [[1.0, 2.0, 3.0], [0.0, -1.0, 5.0]]
EXPECTED = smx.softmax(np.array(VALUES))


class Exporter:
    """Speaks DLPack alone, of the generation that is asked for."""

    def __init__(self, values, versions=True):
        self.values, self.versions = values, versions

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()

    def __dlpack__(self, **keywords):
        if keywords and not self.versions:
            raise TypeError("no keywords")
        return self.values.__dlpack__(**keywords)


@pytest.mark.parametrize(
    "make", [list, tuple, lambda v: np.array(v).view(np.matrix), lambda v: np.array(v)[None][0]], ids=str
)
def test_numpy_and_what_it_reads(make):
    result = smx.softmax(make(VALUES))
    assert type(result) is np.ndarray and same_bits(result, EXPECTED)


def test_numbers_and_buffers():
    assert smx.logsumexp([0, 0]) == smx.logsumexp([0.0, 0.0])
    assert type(smx.logsumexp([0, 0])) is np.float64 and smx.softmax(3.0) == 1
    flat = np.ravel(VALUES)
    expected = smx.softmax(flat)
    assert same_bits(smx.softmax(array.array("d", flat)), expected)
    room = array.array("d", flat)
    assert smx.softmax(memoryview(room), out=room) is room and same_bits(room, expected)


def test_no_dimensions_and_no_elements():
    assert smx.softmax(np.float32(3)) == 1 and smx.softmax(np.array(3.0)).shape == ()
    assert smx.softmax(np.zeros((0, 3))).shape == (0, 3)
    assert smx.logsumexp(np.zeros((3, 0))).tolist() == [-np.inf] * 3
    assert smx.softmax_jacobian(np.zeros((2, 0))).shape == (2, 0, 0)


def test_bfloat16():
    x = np.array(VALUES, dtype_of("bfloat16"))
    y = smx.softmax(x)
    assert y.dtype == x.dtype and same_bits(y, EXPECTED.astype(np.float32).astype(x.dtype))
    assert smx.softmax(x[:, ::-1]).dtype == x.dtype


@pytest.mark.parametrize("versions", [True, False])
def test_dlpack(versions):
    """The result is of numpy's kind: the exporter's own module has no from_dlpack."""
    out = np.empty((2, 3))
    y = smx.softmax(Exporter(np.array(VALUES), versions), out=out)
    assert y is out and same_bits(out, EXPECTED)
    y = smx.softmax(Exporter(np.array(VALUES), versions))
    assert type(y) is np.ndarray and same_bits(y, EXPECTED)
    x = np.array(VALUES)
    smx.softmax(x, out=Exporter(x, versions))
    assert same_bits(x, EXPECTED)


def test_dlpack_read_only():
    x = np.array(VALUES)
    x.flags.writeable = False
    if np.lib.NumpyVersion(np.__version__) < "2.1.0":
        pytest.skip("before version 2.1, NumPy exports no read-only array")
    assert same_bits(smx.softmax(Exporter(x), out=np.empty((2, 3))), EXPECTED)
    with pytest.raises(ValueError, match="out is read-only"):
        smx.softmax(np.array(VALUES), out=Exporter(x))


def test_interrupts_pass():
    """What an exporter raises that is no error of the argument's."""
    for interrupt in (KeyboardInterrupt, MemoryError):

        class Interrupted(Exporter):
            def __dlpack__(self, interrupt=interrupt, **_):
                raise interrupt

        with pytest.raises(interrupt):
            smx.softmax(Interrupted(np.array(VALUES)))


def test_dlpack_releases():
    values = np.array(VALUES)
    seen = weakref.ref(values)
    for versions in (True, False):
        smx.softmax(Exporter(values, versions), out=np.empty((2, 3)))
        with pytest.raises(TypeError):
            smx.softmax(Exporter(values, versions), mask=3.5)
    del values
    gc.collect()
    assert seen() is None


def test_reshaped_while_arguments_are_read():
    """As another thread may do it, or here the Python code of an argument that is read later. NumPy frees the place
    where the shape stood; a call is about the shape that was read."""
    x, keep = np.arange(6.0).reshape(1, 1, 1, 2, 3), np.array([1, 0, 1], np.uint8)
    expected = smx.softmax(x, mask=keep)

    class Reshapes(Exporter):
        def __dlpack__(self, **keywords):
            x.resize((6,))
            self.more = [np.empty((k,) * 5) for k in (1, 2, 3)]  # have their shapes where its was, perhaps
            return super().__dlpack__(**keywords)

    assert same_bits(smx.softmax(x, mask=Reshapes(keep)), expected) and x.shape == (6,)


def test_array_api_strict():
    xp = pytest.importorskip("array_api_strict")
    x = xp.asarray(VALUES)
    y, lse = smx.softmax(x), smx.logsumexp(x)
    assert type(y) is type(lse) is type(x)
    assert same_bits(np.from_dlpack(y), EXPECTED) and lse.shape == (2,)
    loss, argmax, correct = smx.cross_entropy(x, xp.asarray([2, 0]), returns=("loss", "argmax", "correct"))
    assert loss.shape == () and argmax.dtype == xp.int64 and correct.dtype == xp.bool
    assert same_bits(
        np.from_dlpack(smx.softmax(x, mask=xp.asarray([True, False, True]))),
        smx.softmax(np.array(VALUES), mask=np.array([True, False, True])),
    )


def test_memory_of_results():
    """What a namespace's from_dlpack is given; it may ask for any version."""

    class Own(Exporter):
        device = None

        def __array_namespace__(self):
            class Namespace:
                @staticmethod
                def from_dlpack(memory, device):
                    return memory

            return Namespace

    memory = smx.softmax(Own(np.array(VALUES)))
    for version, name in (((1, 3), "dltensor_versioned"), ((0, 8), "dltensor"), (None, "dltensor"), ((), "dltensor")):
        assert f'"{name}"' in repr(memory.__dlpack__(max_version=version))
    assert '"dltensor"' in repr(memory.__dlpack__()) and '"dltensor"' in repr(memory.__dlpack__(max_version=(1 << 99,)))
    assert same_bits(np.from_dlpack(memory), EXPECTED)


def test_references_stay():
    """No call, good or bad, keeps or loses a reference."""
    x, out = np.array(VALUES), np.empty((2, 3))
    scale = np.ones(2)
    counts = [sys.getrefcount(o) for o in (x, out, scale, None, x.dtype)]
    for _ in range(100):
        smx.softmax(x, out=out, temperature=scale)
        smx.cross_entropy(x, [0, 1], returns=("dx", "loss"))
        for bad in ({"scale": 0}, {"mask": x}, {"out": scale}, {"threads": 0}, {"window": (1, -1)}):
            with pytest.raises((TypeError, ValueError)):
                smx.softmax(x, **bad)
    assert [sys.getrefcount(o) for o in (x, out, scale)] == counts[:3]
    assert abs(sys.getrefcount(x.dtype) - counts[4]) < 50


def test_memory_is_returned():
    xp = pytest.importorskip("array_api_strict")
    resource = pytest.importorskip("resource")
    x = xp.zeros((1 << 20,))
    for _ in range(3):
        smx.softmax(x)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(30):
        smx.softmax(x)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KiB; 30 results are 240 MiB


def test_eight_threads(rng):
    x = [rng.standard_normal((5, 10 * n)).astype(np.float32) for n in range(1, 9)]
    expected = [smx.softmax(a) for a in x]
    good = [0] * 8

    def run(i):
        for k in range(400):
            good[i] += same_bits(smx.softmax(x[(i + k) % 8]), expected[(i + k) % 8])

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert good == [400] * 8


def test_lock_is_released():
    """Another thread gets on while a long call computes, however rarely the interpreter switches by itself."""
    x = np.zeros((2000, 5000))
    stop, calls = threading.Event(), 0

    def work():
        nonlocal calls
        while not stop.is_set() and calls < 100:
            smx.softmax(x, threads=1)
            calls += 1

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        stop.set()
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert calls < 100
