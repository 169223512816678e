"""What libsmx is to reach beside its peers and with options, line by line and for each instruction set, and what it
did."""

import re
from dataclasses import dataclass

import figures
import machine
import names
import options
from figures import cost, fastest, gbs, geometric_mean, number, shape, speedup, streaming_gbs

ONE_CALL_NS, ONE_CALL_ISA = 60, "avx512"
FASTEST = "the fastest peer"
NOT_MEASURED = "not measured"
HEAD = ["work", "against", "wanted", "ISA", "mean", "worst", "at", "reached"]

LEGEND = (
    "Ratios within one run: how many times faster libsmx is, or its share of a bandwidth; of options, how many times as "
    "long a call takes with it as without (<=). What is wanted must hold at every shape, or of the geometric mean over "
    "them where the line says so. In cache: all that a call moves fits the last level; beyond it: that is twice its "
    "size or more."
)


@dataclass(frozen=True)
class Line:
    work: str
    against: str
    ratios: list  # (ratio, where it was taken), one a shape
    worst: float  # wanted at every shape
    mean: float = None  # wanted of the geometric mean
    at_most: bool = False  # what is wanted; else at least

    @property
    def wanted(self):
        every = f"<= {self.worst:g}" if self.at_most else f"{self.worst:g}"
        return every if self.mean is None else f"mean {self.mean:g}, worst {every}"

    def cells(self, isa):
        if not self.ratios:
            return [self.work, self.against, self.wanted, isa, "-", "-", "-", NOT_MEASURED]
        mean = geometric_mean([ratio for ratio, _ in self.ratios])
        worst, where = (max if self.at_most else min)(self.ratios)
        reached = worst <= self.worst if self.at_most else worst >= self.worst and mean >= (self.mean or 0)
        cells = [self.work, self.against, self.wanted, isa, number(mean), number(worst), where]
        return [*cells, "yes" if reached else "no"]


def place(case):
    return f"{case['dtype']} {shape(case)}, {case['threads']} thread{'s' if case['threads'] > 1 else ''}"


class Run:
    """The cases of an instruction set, to choose from."""

    def __init__(self, results, isa):
        self.plain = [case for case in figures.cases(results) if case["isa"] == isa]
        self.with_option = [case for case in figures.option_cases(results) if case["isa"] == isa]
        self.all_threads = max(results["threads"])
        self.cache = machine.last_cache_bytes(results["machine"])

    def in_cache(self, case):
        return case["bytes_moved"] <= self.cache

    def beyond(self, case):
        return case["bytes_moved"] >= 2 * self.cache

    def cases(self, function, dtype="f32", threads=None, holds=lambda _: True, dimensions=2):
        """Those of one number of threads, or of every."""
        for case in self.plain:
            fits = (case["function"], case["dtype"], len(case["shape"])) == (function, dtype, dimensions)
            if fits and threads in (None, case["threads"]) and holds(case):
                yield case

    def line(self, work, against, worst, *chosen, mean=None, **choice):
        ratios = []
        for case in self.cases(*chosen, **choice):
            ratio = speedup(case, fastest(case) if against == FASTEST else against)
            ratios += [(ratio, place(case))] if ratio else []
        return Line(work, against, ratios, worst, mean)

    def bandwidths(self, work, worst, *chosen, **choice):
        cases = [case for case in self.cases(*chosen, **choice) if streaming_gbs(case)]
        ratios = [(gbs(case) / streaming_gbs(case), place(case)) for case in cases]
        return Line(work, f"the {names.STREAMING}", ratios, worst)

    def threads_against_one(self, worst, functions):
        """Where there is more than one row to share out."""
        ratios = []
        for function in functions:
            for case in self.cases(function, holds=lambda c: self.in_cache(c) and c["shape"][0] > 1):
                alone = case["contenders"].get(names.OURS_ON_ONE_THREAD)
                if alone:
                    ratio = alone["min"] / case["contenders"][names.OURS]["min"]
                    ratios.append((ratio, f"{function.replace('_', ' ')} {shape(case)}"))
        return Line(f"{self.all_threads} threads f32, in cache", "one thread", ratios, worst)

    def cliffs(self, group, against, worst, ratio, at_most):
        cases = [case for case in self.with_option if options.OPTIONS[case["option"]].group == group]
        found = [(ratio(case), f"{case['function'].replace('_', ' ')}, {case['option']}") for case in cases]
        return Line(group, against, [(r, where) for r, where in found if r], worst, at_most=at_most)


def short(least, most):
    return lambda case: least <= case["shape"][1] <= most and case["shape"][0] > 1


def of_eight(case):
    return case["shape"][1] == 8


def beside_peers(run):
    def long_in_cache(case):
        return case["shape"][1] >= 256 and run.in_cache(case)

    every = {"threads": run.all_threads, "holds": run.beyond}
    work = "forward f32, n >= 256, in cache, one thread"
    yield run.line(work, FASTEST, 0.97, "softmax", mean=1.05, threads=1, holds=long_in_cache)
    yield run.line("forward f32, many rows of n <= 16", FASTEST, 1, "softmax", mean=2.5, holds=short(1, 16))
    yield run.line("forward f32, many rows of 16 < n <= 64", FASTEST, 1, "softmax", mean=1.3, holds=short(17, 64))
    yield run.line("forward f32, many rows of 64 < n <= 128", FASTEST, 1, "softmax", mean=1.1, holds=short(65, 128))
    yield run.line("forward f32, beyond the cache, all threads", FASTEST, 1.2, "softmax", **every)
    yield run.bandwidths("forward f32, beyond the cache, all threads", 0.7, "softmax", **every)
    for half in ("bf16", "f16"):
        yield run.line(f"forward {half}", names.PYTORCH, 1.2, "softmax", half, mean=2)
    yield run.line("backward f32", names.PYTORCH, 0.8, "softmax_backward", mean=1.4)
    for half in ("bf16", "f16"):
        yield run.line(f"backward {half}", names.PYTORCH, 0.7, "softmax_backward", half, mean=1.2)
    yield run.line("log-softmax f32", names.ONNX_RUNTIME, 0.95, "log_softmax", mean=1.3)
    for peer, mean in ((names.PYTORCH, 3), (names.JAX, 2.5)):
        yield run.line("cross-entropy with gradient f32, labels", peer, 1.5, "cross_entropy_gradient", mean=mean)
    for function in ("softmax", "softmax_backward", "log_softmax"):
        work = f"{function.replace('_', ' ')} f64, rows of 8"
        yield run.line(work, names.JAX, 1, function, "f64", holds=of_eight)
    yield run.line("softmax f32 over an axis not the last", names.JAX, 1.5, "softmax", dimensions=3)
    yield run.line("softmax bf16 over an axis not the last", names.JAX, 1, "softmax", "bf16", dimensions=3)
    functions = ["softmax", "softmax_backward", "log_softmax", "cross_entropy_gradient"]
    yield run.threads_against_one(0.9 * run.all_threads, functions)


def with_options(run):
    for group, most in options.GROUPS.items():
        against = "a copy, then the call" if group == options.STRIDE else "the call without"
        yield run.cliffs(group, against, most, cost, at_most=True)
    for group in options.GROUPS:
        yield run.cliffs(group, "PyTorch's way to it", 1, lambda case: speedup(case, names.PYTORCH), at_most=False)


def one_call(results):
    """From the harness, which knows no Python."""
    found = re.search(rf"^{ONE_CALL_ISA} +f32 +softmax +1 x 10 +([\d.]+)", results["harness"], re.MULTILINE)
    cells = ["one call on a row of 10, from C", "", f"< {ONE_CALL_NS} ns", ONE_CALL_ISA]
    if not found:
        return [*cells, "-", "-", "-", NOT_MEASURED]
    ns = float(found[1])
    return [*cells, "-", f"{number(ns)} ns", "1 x 10", "yes" if ns < ONE_CALL_NS else "no"]


def table(results):
    """A line's instruction sets one below the other. Without the lines that have no figure, where only some cases were
    measured."""
    runs = [(isa, Run(results, isa)) for isa in results["isas"]]
    found = []
    for lines_of in (beside_peers, with_options):
        for lines in zip(*(lines_of(run) for _, run in runs)):
            found += [line.cells(isa) for line, (isa, _) in zip(lines, runs)]
        found += [one_call(results)] if lines_of is beside_peers else []
    return [HEAD, *(cells for cells in found if cells[-1] != NOT_MEASURED or not results["only"])]
