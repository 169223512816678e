"""Bad calls: each gets an exception of its kind with a sentence that names the function and what is wrong, writes
nothing, and crashes nothing, from eight threads at once too."""

import inspect
import re
import threading

import numpy as np
import pytest

import smx

F = np.float32
X = np.arange(6, dtype=F).reshape(2, 3)
Y = np.full((2, 3), 1 / 3, F)
LABELS = np.array([0, 2])
READ_ONLY = np.zeros((2, 3), F)
READ_ONLY.flags.writeable = False


class Broken:
    """Speaks DLPack, and says wrong things."""

    def __init__(self, device=(1, 0), capsule=None):
        self.device, self.capsule = device, capsule

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **_):
        if isinstance(self.capsule, Exception):
            raise self.capsule
        return self.capsule


def inside(stem, *args, **keywords):
    return stem, args, keywords


softmax, loss = (lambda *a, stem=stem, **k: inside(stem, *a, **k) for stem in ("softmax", "cross_entropy"))

# The call; its exception; what the sentence must say.
BAD = [
    # ---- arguments ----
    (softmax(), TypeError, "x is missing"),
    (softmax(None), TypeError, "x is missing, or None"),
    (softmax(X, -1, 3), TypeError, "3 arguments by position are too many"),
    (softmax(X, x=X), TypeError, "x is given twice"),
    (softmax(X, 0, axis=0), TypeError, "axis is given twice"),
    (softmax(X, dim=1), TypeError, "no argument 'dim'"),
    (inside("softmax_jacobian", Y, scale=2.0), TypeError, "no argument 'scale'"),
    (inside("softmax_backward", Y), TypeError, "dy is missing"),
    (inside("log_softmax", X, sinks=X), TypeError, "no argument 'sinks'"),
    # ---- arrays ----
    (softmax("abc"), TypeError, "x is no array of numbers"),
    (softmax(b"abc"), TypeError, "x is no array of numbers"),
    (softmax(object()), TypeError, "x is no array of numbers"),
    (softmax({1: 2}), TypeError, "x is no array of numbers"),
    (softmax([[1.0], [1.0, 2.0]]), TypeError, "x cannot be read as an array"),
    (softmax(np.array(["a"])), TypeError, "x has elements of"),
    (softmax(np.array([1, 2], dtype="M8[s]")), TypeError, "x has elements of datetime64"),
    (softmax(np.zeros(2, "f4,f4")), TypeError, "x has elements of"),
    (softmax(np.array([1, None])), TypeError, "x has elements of object"),
    (softmax(X.astype(np.int64)), TypeError, "x has elements of int64; it takes f16, bf16, f32 or f64"),
    (softmax(X.astype(bool)), TypeError, "x has elements of bool"),
    (softmax(X.astype(complex)), TypeError, "x has elements of complex128"),
    (softmax(X.astype(np.longdouble)), TypeError, "x has elements of float128"),
    (softmax(X.astype(">f4")), TypeError, "another machine's order"),
    (softmax(np.zeros(2, "f4,u1")["f0"]), ValueError, "5 bytes apart"),
    (softmax(np.ma.array(X, mask=X > 2)), TypeError, "x is a masked array"),
    (softmax(Broken(device=(2, 0))), TypeError, r"memory of a device, of DLPack's type 2 \(CUDA\)"),
    (softmax(Broken(device=(10, 0))), TypeError, "memory of a device, of DLPack's type 10"),
    (softmax(Broken(device="cpu")), TypeError, "x cannot be read as an array"),
    (softmax(Broken(capsule=3)), TypeError, "x cannot be read as an array"),
    (softmax(Broken(capsule=BufferError("no"))), TypeError, "x cannot be read as an array: no"),
    # ---- axis ----
    (softmax(X, 2), IndexError, "axis holds 2, but x has 2 dimensions"),
    (softmax(X, -3), IndexError, "axis holds -3"),
    (softmax(F(1), 1), IndexError, "axis holds 1, but x has 0 dimensions"),
    (softmax(X, (0, 5)), IndexError, "axis holds 5"),
    (softmax(X, 10**30), ValueError, "axis holds 10+, which has more than 64 bits"),
    (softmax(X, 1.0), TypeError, "axis holds 1.0, which is no int"),
    (softmax(X, "rows"), TypeError, "axis holds 'rows'"),
    (softmax(X, (0, None)), TypeError, "axis holds None"),
    (softmax(X, (1, -1)), ValueError, "a dimension stands twice"),
    (softmax(X, (0, 1, 0)), ValueError, "more axes than x has dimensions"),
    # ---- options ----
    (softmax(X, scale=0), ValueError, "scale is 0"),
    (softmax(X, scale=float("nan")), ValueError, "scale is 0, not finite"),
    (softmax(X, scale=10**400), TypeError, "scale is 10+, not a number"),
    (softmax(X, temperature=10**400), TypeError, "temperature is 10+, not a number"),
    (softmax(X, scale=1e30), ValueError, "scale is 0, .*or beyond 2"),
    (softmax(X, temperature=0), ValueError, "temperature is 0.*smx.argmax"),
    (softmax(X, temperature=0.0), ValueError, "temperature is 0,.*smx.argmax"),
    (softmax(X, scale=2, temperature=2), TypeError, "scale and temperature say the same"),
    (softmax(X, temperature="hot"), TypeError, "temperature is 'hot'"),
    (softmax(X, scale="big"), TypeError, "scale is no array of numbers"),
    (softmax(X, scale=np.array([1.0, 0.0])), ValueError, "scale has an entry that is 0, not finite"),
    (softmax(X, scale=np.ones(3)), ValueError, r"scale has the shape \(3,\), which does not fit x of \(2, 3\)"),
    (softmax(X, mask=X), TypeError, "mask has elements of float32; it takes bool or uint8"),
    (softmax(X, mask=np.ones((3, 3), bool)), ValueError, r"mask has the shape \(3, 3\)"),
    (softmax(X, bias=np.ones(3, np.int32)), TypeError, "bias has elements of int32"),
    (softmax(X, bias=np.ones((4, 1, 3))), ValueError, "bias has the shape"),
    (softmax(X, lengths=np.array([1.0, 2.0])), TypeError, "lengths has elements of float64; it takes integers"),
    (softmax(X, lengths=np.array([1, 4])), ValueError, "lengths holds one that is negative, or larger"),
    (softmax(X, lengths=np.array([-1, 3])), ValueError, "lengths holds one that is negative"),
    (
        softmax(X, None, lengths=np.array(1)),
        ValueError,
        "lengths is an array that counts along one axis, and there are several",
    ),
    (softmax(X, causal="diagonal"), ValueError, "causal is 'diagonal', which is no choice"),
    (softmax(X, causal=1), TypeError, "causal is 1, not a str"),
    (softmax(X, 0, causal=True), ValueError, "causal needs queries"),
    (softmax(X, None, causal=True), ValueError, "causal is True: a rule along one axis"),
    (softmax(X, causal=True, query_axis=2), IndexError, "query_axis is 2, but x has 2 dimensions"),
    (softmax(X, causal=True, query_axis=-1), ValueError, "query_axis is -1: the axis of the rows itself"),
    (softmax(X, query_axis=0), ValueError, "query_axis is 0: .*without a use"),
    (softmax(X, causal=True, query_axis=0.5), TypeError, "query_axis holds 0.5"),
    (softmax(X, window=3), TypeError, "window is 3, not a pair"),
    (softmax(X, window=(1, 2, 3)), TypeError, r"window is \(1, 2, 3\), not a pair"),
    (softmax(X, window=(1, -2)), ValueError, r"window is \(1, -2\): a side is at least 0"),
    (softmax(X, window=("a", 1)), TypeError, "window holds 'a', which is no int"),
    (softmax(X, softcap=-1), ValueError, r"softcap is -1: neither 0 nor in \[2\^-10, 2\^15\]"),
    (softmax(X, softcap="x"), TypeError, "softcap is 'x', not a number"),
    (softmax(X, slopes=np.array([np.inf, 1])), ValueError, "slopes is an array of which not all"),
    (softmax(X, sinks=np.zeros(7)), ValueError, r"sinks has the shape \(7,\)"),
    (softmax(X, plus_inf="zero"), ValueError, "plus_inf is 'zero', which is no choice: 'nan' or 'limit'"),
    (softmax(X, minus_inf_row=0), TypeError, "minus_inf_row is 0, not a str"),
    (softmax(X, keepdims=1), TypeError, "keepdims is 1, neither True nor False"),
    (softmax(X, threads=0), ValueError, "threads is 0, not a number above 0"),
    (softmax(X, threads=-2), ValueError, "threads is -2"),
    (softmax(X, threads=1.5), TypeError, "threads holds 1.5"),
    # ---- results ----
    (softmax(X, out=[0.0] * 6), TypeError, "out is no array to write to, but of <class 'list'>"),
    (softmax(X, out=np.zeros((3, 2), F)), ValueError, r"out has the shape \(3, 2\), which does not fit x of \(2, 3\)"),
    (softmax(X, out=np.zeros((2, 3), int)), TypeError, "out has elements of int64"),
    (softmax(X, out=READ_ONLY), ValueError, "out is read-only"),
    (softmax(X, out=np.broadcast_to(F(0), (2, 3))), ValueError, "out is read-only"),
    (inside("softmax_backward", Y, np.zeros((2, 4), F)), ValueError, r"dy has the shape \(2, 4\)"),
    (inside("logsumexp_backward", X, np.zeros(3, F)), ValueError, r"dlse has the shape \(3,\)"),
    (inside("logsumexp_weighted", X, 10**400), ValueError, "b cannot be read as an array: int too large"),
    (inside("softmax_double_backward", Y, Y, Y, out=READ_ONLY), TypeError, "not a tuple of 2"),
    (inside("softmax_double_backward", Y, Y, Y, out=(None, READ_ONLY)), ValueError, "out is read-only"),
    (inside("softmax_double_backward", Y, Y, Y, out=(Y[:1].copy(), Y.copy())), ValueError, "out for gy has a shape"),
    (inside("softmax_double_backward", Y, Y, Y, out=(None, LABELS)), TypeError, "out for gdy has elements of a type"),
    (inside("argmax", X, out=np.zeros(2)), TypeError, "out has elements of float64; it takes int64"),
    (loss(X, LABELS, returns="correct", out=np.zeros(2)), TypeError, "elements of float64; it takes bool or uint8"),
    (inside("softmax_jacobian_product", Y, Y), ValueError, "v has the shape"),
    (inside("tensor_copy", X, out=np.zeros(3, F)), ValueError, r"out has the shape \(3,\)"),
    (inside("tensor_copy", X, axis=0), TypeError, "no argument 'axis'"),
    (inside("tensor_copy", LABELS), TypeError, "src has elements of int64"),
    # ---- losses ----
    (loss(X), TypeError, "labels or targets must be given"),
    (loss(X, LABELS, targets=Y), TypeError, "labels or targets must be given, and not both"),
    (loss(X, np.array([0, 3])), IndexError, "labels holds one that is no class, in row 1"),
    (loss(X, np.array([-1, 0])), IndexError, "labels holds one that is no class, in row 0"),
    (loss(X, np.array([-100, 0]), ignore_index=None), IndexError, "in row 0"),
    (loss(X, np.array([0.0, 1.0])), TypeError, "labels has elements of float64; it takes integers"),
    (loss(X, np.array([0, 1, 2])), ValueError, r"labels has the shape \(3,\)"),
    (loss(X, targets=Y[:1]), ValueError, r"targets has the shape \(1, 3\)"),
    (loss(X, LABELS, smoothing=2), ValueError, r"smoothing is 2: not in \[0, 1\]"),
    (loss(X, LABELS, smoothing="a"), TypeError, "smoothing is 'a', not a number"),
    (loss(X, LABELS, z_loss=-1), ValueError, "z_loss is -1: not a finite number of at least 0"),
    (loss(X, LABELS, class_weights=np.array([1.0, -1, 1])), ValueError, "class_weights is an array of which not all"),
    (loss(X, LABELS, class_weights=np.ones(2)), ValueError, r"class_weights has the shape \(2,\)"),
    (loss(X, LABELS, reduction="average"), ValueError, "reduction is 'average', which is no choice"),
    (loss(X, LABELS, ignore_index="none"), TypeError, "ignore_index holds 'none'"),
    (loss(X, LABELS, dloss=np.ones(2), returns="dx"), ValueError, r"dloss has the shape \(2,\)"),
    (loss(X, LABELS, returns="gradient"), ValueError, "returns has 'gradient', which is none of its results"),
    (loss(X, LABELS, returns=()), ValueError, "returns is empty"),
    (loss(X, LABELS, returns=("dx", "dx")), ValueError, "returns has 'dx' twice"),
    (loss(X, LABELS, returns=3), TypeError, "returns is 3"),
    (loss(X, LABELS, returns=("loss", "losses"), reduction="none"), ValueError, "the same without a reduction"),
    (loss(X, targets=Y, returns="correct"), ValueError, "returns has 'correct', which there is none of with targets"),
    (loss(X, LABELS, returns="dtargets"), ValueError, "returns has 'dtargets', which there is none of with labels"),
    (loss(X, targets=Y, ignore_index=3), ValueError, "ignore_index is 3: it has no use here"),
    (inside("nll", X, LABELS, returns="lse"), ValueError, "returns has 'lse'"),
    (inside("nll", X, LABELS, smoothing=0.1), TypeError, "no argument 'smoothing'"),
]


def check(case):
    (name, args, keywords), kind, sentence = case
    with pytest.raises(kind) as raised:
        getattr(smx, name)(*args, **keywords)
    assert type(raised.value) is kind
    assert re.search(rf"^smx\.{name}: .*{sentence}", str(raised.value), re.DOTALL), str(raised.value)


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case[0][0]}: {case[2]}"[:60])
def test_bad_call(case):
    check(case)


def test_too_many_dimensions():
    """Of which NumPy has 64, from version 2 on."""
    if np.lib.NumpyVersion(np.__version__) < "2.0.0":
        pytest.skip("NumPy 1 has no arrays of 33 dimensions")
    check((softmax(np.zeros((1,) * 33, F)), ValueError, "x has 33 dimensions; at most 32"))
    check((inside("softmax_jacobian", np.zeros((1,) * 32, F)), ValueError, "the result would have 33 dimensions"))


def test_there_are_enough():
    assert len(BAD) >= 60


def test_from_eight_threads():
    before = X.copy(), Y.copy()
    failures, start = [], threading.Barrier(8)

    def run(first):
        start.wait()
        try:
            for i in range(4 * len(BAD)):
                check(BAD[(first + i) % len(BAD)])
        except BaseException as failure:  # also what pytest raises
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(13 * i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert (before[0] == X).all() and (before[1] == Y).all()


def test_overlap():
    whole = np.arange(8, dtype=F).reshape(2, 4)
    before = whole.copy()
    with pytest.raises(ValueError, match="smx.softmax: out overlaps an input"):
        smx.softmax(whole[:, :3], out=whole[:, 1:])
    assert (whole == before).all()


def test_nothing_is_written():
    out = np.full((2, 3), 7, F)
    with pytest.raises(ValueError):
        smx.softmax(X, scale=0, out=out)
    assert (out == 7).all()


@pytest.mark.parametrize("name", [n for n, f in vars(smx._core).items() if "Examples" in (inspect.getdoc(f) or "")])
def test_every_function_refuses_by_its_name(name):
    parameters = inspect.signature(getattr(smx, name)).parameters.values()
    needed = [X for p in parameters if p.default is p.empty]
    with pytest.raises(TypeError, match=rf"^smx\.{name}: there is no argument 'colour'"):
        getattr(smx, name)(*needed, colour=1)
    if "axis" not in inspect.signature(getattr(smx, name)).parameters:
        return
    with pytest.raises(IndexError, match=rf"^smx\.{name}: axis holds 4, but . has 2 dimensions"):
        getattr(smx, name)(*needed, axis=4)


ARRAYS = [X, Y, LABELS, X.T, X[:, ::-1], X[:0], X[:, :0], X[None], X.astype(np.float64), X.astype(np.float16)]
ARRAYS += [np.array(2.0), np.array(1), np.ones((2, 3), bool), np.ones((3, 3), np.uint8), np.eye(3, dtype=F)[None]]
ARRAYS += [np.full((2, 3), np.nan, F), np.full((2, 3), -np.inf), np.zeros((2, 3, 3), F), READ_ONLY, np.ones(2, F)]
OTHERS = [None, 0, 1, -1, 2, 7, -100, 2.5, float("nan"), 1e300, "nan", "limit", "zeros", "mean", "none", "dx", "loss"]
OTHERS += [True, False, (), (0,), (0, 1), (1, -1), [0, 0], (None, 2), ("loss", "dx"), ("lse",), [1.0, 2.0, 3.0]]
OTHERS += [b"1", {}]


def random_calls(count):
    """That many of each function, with anything for anything: its name and arguments."""
    random = np.random.default_rng(7)
    for name in [n for n, f in vars(smx._core).items() if "Examples" in (inspect.getdoc(f) or "")]:
        parameters = inspect.signature(getattr(smx, name)).parameters.values()
        for _ in range(count):
            chosen = {}
            for p in parameters:
                if p.default is p.empty or p.name == "labels":
                    chosen[p.name] = ARRAYS[random.integers(len(ARRAYS))] if random.random() < 0.95 else None
                elif p.name != "out" and random.random() < 0.1:
                    pool = ARRAYS if random.random() < 0.4 else OTHERS
                    chosen[p.name] = pool[random.integers(len(pool))]
            yield name, chosen


def test_random_calls():
    """A result, or an exception that begins with the function; and inputs stay as they are."""
    before = [a.copy() for a in ARRAYS]
    outcomes = {"result": 0, "exception": 0}
    for name, chosen in random_calls(400):
        try:
            with np.errstate(all="ignore"):
                getattr(smx, name)(**chosen)
            outcomes["result"] += 1
        except (TypeError, ValueError, IndexError) as error:
            outcomes["exception"] += 1
            assert str(error).startswith(f"smx.{name}: "), (chosen, error)
            assert "\n" not in str(error) or "array(" in str(error), error
    assert min(outcomes.values()) > 1000, outcomes
    assert all(a.tobytes() == b.tobytes() for a, b in zip(ARRAYS, before, strict=True))
