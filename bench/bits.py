"""How far the bits of a softmax depend on what they should not, and how far off they are, for each contender: f32, rows of
1000, one thread. Prints a table, which bench/bits.txt keeps.

    build/bench-venv/bin/python bench/bits.py [LIBRARIES]      after `make bench-quick`, which makes what it needs
"""

import os
import sys
from pathlib import Path

import bench
import cases
import isas
import machine
import names
import numpy as np
import peers
import report
from functions import exact_softmax

N, ROWS, BATCH = 1000, 1024, 64
SPREADS = (3, 30)
LEAST = 2.0**-149


def softmax(contender, x):
    """Its result, or None where it has no softmax."""
    case = cases.Case("softmax", "f32", x.shape, False)
    given, y = cases.aligned(x.shape, np.float32), cases.aligned(x.shape, np.float32)
    given[:] = x
    prepared = peers.prepare(contender, case, [given], y)
    if prepared is None:
        return None
    run, read = prepared
    run()
    return np.array(read(), np.float32).reshape(x.shape)


def changed(a, b):
    """The share of results whose bits differ."""
    differ = a.view(np.uint32) != b.view(np.uint32)
    return f"{100 * differ.mean():.0f} %" if differ.any() else "0"


def worst_error(y, x):
    """In ULP of the exact result's binade; what float64 is off by does not show."""
    exact = exact_softmax(x.astype(np.float64))
    _, exponent = np.frexp(exact)
    return f"{np.max(np.abs(y - exact) / np.maximum(np.ldexp(1.0, exponent - 24), LEAST)):.3g}"


def column(contender):
    random = np.random.default_rng(1)
    inputs = [random.standard_normal((ROWS, N), dtype=np.float32) * spread for spread in SPREADS]
    x, order = inputs[0], random.permutation(N)
    y = softmax(contender, x)
    if y is None:
        return None
    permuted = changed(softmax(contender, x[:, order]), y[:, order])
    batch = softmax(contender, x[:BATCH])
    alone = changed(np.concatenate([softmax(contender, x[k : k + 1]) for k in range(BATCH)]), batch)
    return [contender.name, permuted, alone, *(worst_error(softmax(contender, x), x) for x in inputs)]


def libraries_folder():
    return Path(sys.argv[1]) if len(sys.argv) > 1 else bench.ROOT / "build"


def main():
    libraries = libraries_folder()
    head = ["softmax f32, n = 1000", "bits that change when a row is permuted", f"... when it leaves a batch of {BATCH}"]
    head += [f"largest error in ULP, normal inputs, sd {spread}" for spread in SPREADS]
    contenders = [c for c in peers.make(1, libraries)[0] if c.name not in names.COPIES]
    columns = [head, *filter(None, map(column, contenders))]
    described = machine.describe(bench.ROOT, libraries / "libsmx.so")
    described["instruction set"] = isas.available(libraries)[0]
    described |= {c.name: c.version for c in contenders}
    print(report.plain([[key, str(value)] for key, value in described.items()], prose=2), end="\n\n")
    print(report.plain(list(zip(*columns)), prose=1))


if __name__ == "__main__":
    if "NPROC" not in os.environ:  # JAX reads its number of threads before anything runs
        libraries = libraries_folder()
        environment = bench.environment(isas.available(libraries)[0], 1, libraries)
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)
    main()
