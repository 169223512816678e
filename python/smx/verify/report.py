"""The measurement, and its table."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from smx.verify.oracle import FORMATS, ROWS, exact, ulps
from smx.verify.subject import KNOWN, Subject, ours, subject_of

BATCH = 64


class Error(NamedTuple):
    """The largest error found, and where."""

    ulp: float
    row: Any  #: the input
    entry: int  #: of the row; -1: the result is one number
    got: float
    exact: str


def families(n: int, rows: int, dtype: str, seed: int) -> dict[str, Any]:
    """Kinds of inputs, each a matrix."""
    random = np.random.default_rng(seed)
    normal = random.standard_normal((rows, n))
    certain = random.uniform(-80, -20, (rows, n))
    certain[:, n // 2] = 0
    made = {
        "normal, sd 3": 3 * normal,
        "normal, sd 30": 30 * normal,
        "sd 3, offset 1000": 3 * normal + 1000,
        "uniform on [-100, 0]": random.uniform(-100, 0, (rows, n)),
        "certain: one 20 above": certain,
        "seven entries, sd 3": 3 * random.standard_normal((rows, 7)),
    }
    return {name: x.astype(_dtype(dtype)) for name, x in made.items()}


def _dtype(name: str) -> Any:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def _worst(subject: Subject, x: Any, wanted: Any, dtype: str) -> Error:
    got = subject(x)
    error = ulps(got, wanted, dtype)
    at = np.unravel_index(np.argmax(error), error.shape)
    index = int(at[1]) if len(at) > 1 else -1
    return Error(float(error[at]), x[at[0]], index, float(got[at]), wanted.text(at))


def _share(a: Any, b: Any) -> float:
    """Of results whose bits differ."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    integers = f"u{a.dtype.itemsize}"
    return float((a.view(integers) != b.view(integers)).mean())


def _elsewhere(x: Any) -> Any:
    """The same numbers, at an address that no vector is aligned to."""
    room = np.empty(x.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + x.itemsize
    moved = room[start : start + x.nbytes].view(x.dtype).reshape(x.shape)
    moved[...] = x
    return moved


def _changes(subject: Subject, x: Any, seed: int) -> Iterator[tuple[str, float | None]]:
    whole = len(np.shape(subject(x[:1]))) == 1  # one number a row
    y = subject(x)
    order = np.random.default_rng(seed).permutation(x.shape[1])
    yield "permuted", _share(subject(np.ascontiguousarray(x[:, order])), y if whole else y[:, order])
    yield f"out of a batch of {BATCH}", _share(np.concatenate([subject(x[k : k + 1]) for k in range(len(x))]), y)
    padded = subject(np.concatenate([x, np.full((len(x), 24), -np.inf, x.dtype)], axis=1))
    yield "padded with -inf", _share(padded if whole else padded[:, : x.shape[1]], y)
    yield "at another address", _share(subject(_elsewhere(x)), y)
    if subject.threads is None:
        yield "1, 2, 3 threads", None
        return
    results = []
    for count in (1, 2, 3):
        with subject.threads(count):
            results.append(subject(x))
    yield "1, 2, 3 threads", max(_share(other, results[0]) for other in results[1:])


class Report:
    """What was found: `errors[subject][family]` and `changed[subject][what]`, a share of results or None."""

    def __init__(self, like: str, dtype: str, n: int) -> None:
        self.like, self.dtype, self.n = like, dtype, n
        self.errors: dict[str, dict[str, Error]] = {}
        self.changed: dict[str, dict[str, float | None]] = {}

    def worst(self, subject: str) -> Error:
        """The largest error of all families."""
        return max(self.errors[subject].values(), key=lambda error: error.ulp)

    def table(self) -> list[list[str]]:
        names = list(self.errors)
        lines = [[f"{self.like} {self.dtype}, n = {self.n}", *names]]
        for family in self.errors[names[0]]:
            lines.append([f"largest error in ULP: {family}", *(_ulp(self.errors[s][family].ulp) for s in names)])
        for what in self.changed[names[0]]:
            lines.append([f"bits that change: {what}", *(_percent(self.changed[s][what]) for s in names)])
        return lines

    def __str__(self) -> str:
        lines = self.table()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(
                cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        ]
        for name in self.errors:
            error = self.worst(name)
            at = f"entry {error.entry} of" if error.entry >= 0 else "the sum over"
            found = f"{error.got.hex()}, exactly {error.exact}"
            text.append(f"{name}, worst: {_ulp(error.ulp)} ULP at {at} {_sketch(error)}: {found}")
        return "\n".join(text)

    def picture(self, file: str) -> None:
        """Errors and changed bits as bars, with matplotlib."""
        from smx.verify.picture import draw

        draw(self, file)


def _ulp(value: float) -> str:
    return f"{value:.3g}"


def _percent(share: float | None) -> str:
    return "-" if share is None else "0" if share == 0 else f"{100 * share:.2g} %"


def _sketch(error: Error) -> str:
    if error.entry < 0 or len(error.row) <= 8:
        numbers = ", ".join(f"{float(v):.9g}" for v in error.row[:8])
        return f"[{numbers}{', ...' if len(error.row) > 8 else ''}]"
    return f"a row of {len(error.row)}, there {float(error.row[error.entry]):.9g}, largest {float(error.row.max()):.9g}"


def verify(
    *functions: Any, like: str = "softmax", dtype: str = "float32", n: int = 1000, rows: int = 32, seed: int = 1
) -> Report:
    """Measures functions, and ours beside them.

    Parameters
    ----------
    functions : callables, names of libraries ("scipy", "torch", "jax"), or Subjects
        what is measured, along the last axis of a matrix.
    like : str
        what they compute: "softmax", "log_softmax" or "logsumexp".
    dtype : str
        "float32", "float64", "float16" or "bfloat16".
    n, rows, seed : int
        length of a row, rows of each family for errors, and the random numbers' seed.
    """
    if like not in ROWS:
        raise ValueError(f"like is {like!r}, none of {', '.join(ROWS)}")
    if dtype not in FORMATS:
        raise ValueError(f"dtype is {dtype!r}, none of {', '.join(FORMATS)}")
    if n < 2 or rows < 1:
        raise ValueError(f"n is {n} and rows {rows}; they are at least 2 and 1")
    subjects = [KNOWN[f](like) if isinstance(f, str) and f in KNOWN else subject_of(f, like) for f in functions]
    report = Report(like, dtype, n)
    inputs = families(n, rows, dtype, seed)
    wanted = {name: exact(like, x) for name, x in inputs.items()}
    batch = (3 * np.random.default_rng(seed).standard_normal((BATCH, n))).astype(_dtype(dtype))
    for subject in [ours(like), *subjects]:
        if subject.name in report.errors:
            subject = subject._replace(name=f"{subject.name}, {len(report.errors)}")  # noqa: PLW2901
        report.errors[subject.name] = {name: _worst(subject, x, wanted[name], dtype) for name, x in inputs.items()}
        report.changed[subject.name] = dict(_changes(subject, batch, seed))
    return report
