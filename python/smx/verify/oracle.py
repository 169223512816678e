"""The exact functions, and how far off a result is.

The exact values come from mpmath: arbitrary precision in pure Python, kept for fifteen years and the basis of SymPy;
with gmpy2 installed it computes on GMP, faster. Libraries of one fixed wider type (long double, double-double) would not
do: log-softmax of [0, -60] has its first digit at 2^-87.
"""

from typing import Any, NamedTuple

import mpmath
import numpy as np

BITS = 192  # of the result, and of all that it is made of: no sum here cancels but z - max, which is exact


class Format(NamedTuple):
    precision: int
    least_exponent: int  #: of a normal number


FORMATS = {
    "float16": Format(11, -14),
    "bfloat16": Format(8, -126),
    "float32": Format(24, -126),
    "float64": Format(53, -1022),
}


class Exact(NamedTuple):
    """Numbers as (high + low) * 2^exponent, 106 bits of each: arrays of one shape."""

    high: Any
    low: Any
    exponent: Any

    def text(self, index: tuple[int, ...]) -> str:
        with mpmath.workprec(BITS):
            value = mpmath.ldexp(mpmath.mpf(self.high[index]) + self.low[index], int(self.exponent[index]))
            return str(mpmath.nstr(value, 20))


def exact(name: str, x: Any) -> Exact:
    """Of the function of that name along the last axis of a matrix of finite numbers."""
    with mpmath.workprec(BITS):
        rows = [ROWS[name]([mpmath.mpf(v) for v in row]) for row in x.astype(np.float64).tolist()]
        parts = [[_split(v) for v in row] for row in rows]
    high, low, exponent = np.moveaxis(np.array(parts, dtype=object), -1, 0)
    made = high.astype(np.float64), low.astype(np.float64), exponent.astype(np.int64)
    return Exact(*(part[:, 0] for part in made)) if name == "logsumexp" else Exact(*made)


def _split(value: Any) -> tuple[float, float, int]:
    mantissa, exponent = mpmath.frexp(value)
    high = float(mantissa)
    return high, float(mantissa - high), int(exponent)


def _sums(row: list[Any]) -> tuple[Any, list[Any], Any]:
    """The largest, the terms beside it, and the sum of all of them but one that is the largest."""
    largest = max(row)
    terms = [mpmath.exp(v - largest) for v in row]
    return largest, terms, mpmath.fsum(terms[: (i := row.index(largest))] + terms[i + 1 :])


def _softmax(row: list[Any]) -> list[Any]:
    _, terms, rest = _sums(row)
    return [term / (1 + rest) for term in terms]


def _log_softmax(row: list[Any]) -> list[Any]:
    largest, _, rest = _sums(row)
    return [(v - largest) - mpmath.log1p(rest) for v in row]


def _logsumexp(row: list[Any]) -> list[Any]:
    largest, _, rest = _sums(row)
    return [largest + mpmath.log1p(rest)]


ROWS = {"softmax": _softmax, "log_softmax": _log_softmax, "logsumexp": _logsumexp}


def ulps(got: Any, wanted: Exact, dtype: str) -> Any:
    """The error of each result in units of the last place of the exact value's binade; infinite for NaN."""
    precision, least = FORMATS[dtype]
    unit = np.maximum(wanted.exponent - 1, least) - (precision - 1)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        scaled = np.ldexp(np.asarray(got, np.float64), -wanted.exponent)
        error = np.ldexp(np.abs((scaled - wanted.high) - wanted.low), wanted.exponent - unit)
    return np.where(np.isfinite(error), error, np.inf)
