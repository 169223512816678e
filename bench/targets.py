"""What libsmx is to reach beside its peers, line by line, and what it did."""

import re
from dataclasses import dataclass

import machine
import peers
from figures import fastest, gbs, geometric_mean, number, shape, speedup, streaming_gbs

ONE_CALL_NS = 60
FASTEST = "the fastest peer"
NOT_MEASURED = "not measured"

LEGEND = (
    "Ratios within one run: how many times faster libsmx is, or its share of a bandwidth. What is wanted must hold at "
    "every shape, or of the geometric mean over them where the line says so. In cache: all that a call moves fits the "
    "last level; beyond it: that is twice its size or more."
)


@dataclass(frozen=True)
class Line:
    work: str
    against: str
    wanted: float
    ratios: list  # (ratio, where it was taken), one a shape
    of_mean: bool = False  # `wanted` is said of the geometric mean; else of every shape

    def cells(self):
        if not self.ratios:
            return [self.work, self.against, f"{self.wanted:g}", "-", "-", "-", NOT_MEASURED]
        mean = geometric_mean([ratio for ratio, _ in self.ratios])
        worst, where = min(self.ratios)
        reached = "yes" if (mean if self.of_mean else worst) >= self.wanted else "no"
        return [self.work, self.against, f"{self.wanted:g}", number(mean), number(worst), where, reached]


class Run:
    """The cases of a run, to choose from."""

    def __init__(self, results):
        self.runs = {run["threads"]: run["cases"] for run in results["runs"]}
        self.all_threads = max(self.runs)
        self.cache = machine.last_cache_bytes(results["machine"])

    def in_cache(self, case):
        return case["bytes_moved"] <= self.cache

    def beyond(self, case):
        return case["bytes_moved"] >= 2 * self.cache

    def cases(self, function, dtype="f32", threads=None, holds=lambda _: True, dimensions=2):
        """(threads, case) of one number of threads, or of every."""
        for count, cases in self.runs.items():
            for case in cases:
                fits = (case["function"], case["dtype"], len(case["shape"])) == (function, dtype, dimensions)
                if fits and threads in (None, count) and holds(case):
                    yield count, case

    def ratios(self, against, *chosen, **choice):
        for threads, case in self.cases(*chosen, **choice):
            ratio = speedup(case, fastest(case) if against == FASTEST else against)
            if ratio:
                yield ratio, place(threads, case)

    def bandwidths(self, *chosen, **choice):
        for threads, case in self.cases(*chosen, **choice):
            if streaming_gbs(case):
                yield gbs(case) / streaming_gbs(case), place(threads, case)

    def threads_against_one(self, functions):
        """Where there is more than one row to share out."""
        for function in functions:
            for _, case in self.cases(function, holds=lambda c: self.in_cache(c) and c["shape"][0] > 1):
                alone = case["contenders"].get(peers.OURS_ON_ONE_THREAD)
                if alone:
                    ratio = alone["min"] / case["contenders"][peers.OURS]["min"]
                    yield ratio, f"{function.replace('_', ' ')} {shape(case)}"


def place(threads, case):
    return f"{case['dtype']} {shape(case)}, {threads} thread{'s' if threads > 1 else ''}"


def short(least, most):
    return lambda case: least <= case["shape"][1] <= most and case["shape"][0] > 1


def lines(results):
    run = Run(results)

    def line(work, against, wanted, *chosen, of_mean=False, **choice):
        return Line(work, against, wanted, list(run.ratios(against, *chosen, **choice)), of_mean)

    def long_in_cache(case):
        return case["shape"][1] >= 256 and run.in_cache(case)

    every = {"threads": run.all_threads, "holds": run.beyond}
    yield line("forward f32, n >= 256, in cache, one thread", FASTEST, 1, "softmax", threads=1, holds=long_in_cache)
    yield line("forward f32, many rows of n <= 16", FASTEST, 3, "softmax", holds=short(1, 16))
    yield line("forward f32, many rows of 16 < n <= 64", FASTEST, 2, "softmax", holds=short(17, 64))
    yield line("forward f32, many rows of 64 < n <= 128", FASTEST, 1.4, "softmax", holds=short(65, 128))
    copied = list(run.bandwidths("softmax", **every))
    yield Line("forward f32, beyond the cache, all threads", "the streaming copy", 0.85, copied)
    yield line("forward f32, beyond the cache, all threads", FASTEST, 1.2, "softmax", **every)
    yield line("forward f32, geometric mean", "PyTorch", 2.5, "softmax", of_mean=True)
    yield line("forward bf16", "PyTorch", 2, "softmax", "bf16")
    yield line("forward f16", "PyTorch", 2, "softmax", "f16")
    yield line("backward f32", "PyTorch", 1, "softmax_backward")
    yield line("backward f32, geometric mean", "PyTorch", 1.2, "softmax_backward", of_mean=True)
    yield line("log-softmax f32", "PyTorch", 1.5, "log_softmax")
    yield line("log-softmax f32", "ONNX Runtime", 1, "log_softmax")
    yield line("cross-entropy with gradient f32", "PyTorch", 3, "cross_entropy_gradient")
    yield line("cross-entropy with gradient f32", "JAX", 2, "cross_entropy_gradient")
    yield line("softmax f32 over an axis not the last", "PyTorch", 3, "softmax", dimensions=3)
    yield line("softmax f32 over an axis not the last", "JAX", 1.5, "softmax", dimensions=3)
    shared = list(run.threads_against_one(["softmax", "softmax_backward", "log_softmax", "cross_entropy_gradient"]))
    yield Line(f"{run.all_threads} threads f32, in cache", "one thread", 0.9 * run.all_threads, shared)


def one_call(results):
    """From the harness, which knows no Python: the instruction set that libsmx chose by itself."""
    isa = results["runs"][0]["versions"][peers.OURS].split("(")[1].rstrip(")")
    found = re.search(rf"^{isa} +f32 +softmax +1 x 10 +([\d.]+)", results["harness"], re.MULTILINE)
    cells = ["one call on a row of 10, from C", "", f"< {ONE_CALL_NS} ns"]
    if not found:
        return [*cells, "-", "-", "-", NOT_MEASURED]
    ns = float(found[1])
    return [*cells, "-", f"{number(ns)} ns", f"{isa} 1 x 10", "yes" if ns < ONE_CALL_NS else "no"]


def table(results):
    """Without the lines that have no figure, where only some cases were measured."""
    head = ["work", "against", "wanted", "mean", "worst", "at", "reached"]
    found = [*(line.cells() for line in lines(results)), one_call(results)]
    return [head, *(cells for cells in found if cells[-1] != NOT_MEASURED or not results["only"])]
