"""Calls from Python: the package on arrays of NumPy and tensors of PyTorch, forward and with a gradient by autograd,
beside SciPy and PyTorch. `make bench` and `make bench-quick` run it.

    build/bench-venv/bin/python bench/python_calls.py [--quick] [--only TEXT] [--threads N,N] [--seconds N]
    build/bench-venv/bin/python bench/python_calls.py --docs

Prints a table and writes build/bench/python.json. --docs measures nothing: it takes the last run of everything into
docs/performance.md, between the marks there. The package is that of scripts/bench-setup.sh, unless PYTHONPATH has one.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import bench
import machine
import numpy as np
import report
import scipy
import torch
from figures import number
from settling import settle

sys.path.append(str(bench.ROOT / "build" / "bench-python" / "package"))
import smx  # noqa: E402
from python_cases import CONTENDERS, PYTORCH, TORCH, all_cases  # noqa: E402

RESULTS = bench.FOLDER / "python.json"
SAMPLE_NS = 2_000_000  # a sample repeats the call for about this long
ROUNDS_MIN, ROUNDS_MAX = 5, 200
SECONDS, SECONDS_QUICK = 3, 0.3
TOLERANCE = {"f32": 1e-5, "bf16": 1e-2}  # of the largest entry


def check(case):
    """Who is wrong would be measured in vain."""
    results = {name: call() for name, call in case.calls.items()}
    results = {name: y.float().numpy() if hasattr(y, "float") else np.asarray(y) for name, y in results.items()}
    first = next(iter(results.values()))
    for name, y in results.items():
        if not np.abs(y - first).max() <= TOLERANCE[case.type] * np.abs(first).max():
            sys.exit(f"python_calls: {name} is wrong in {case.function} of {case.shape}")


def least(calls, seconds, threads):
    """Nanoseconds a call of each contender: the least of some rounds, in each of which all give one sample."""
    repeats, best, shuffle = {}, {}, random.Random(1)
    for name, call in calls.items():
        start = time.perf_counter_ns()
        call()
        repeats[name] = max(1, SAMPLE_NS // (time.perf_counter_ns() - start))
    order, rounds, deadline = list(calls), 0, time.monotonic() + seconds
    while rounds < ROUNDS_MIN or (rounds < ROUNDS_MAX and time.monotonic() < deadline):
        rounds += 1
        shuffle.shuffle(order)
        for name in order:
            call, repeat = calls[name], range(repeats[name])
            if threads > 1:
                settle()
            call()  # brings its code and its threads back
            start = time.perf_counter_ns()
            for _ in repeat:
                call()
            ns = (time.perf_counter_ns() - start) / len(repeat)
            best[name] = min(ns, best.get(name, ns))
    return best


def measure(threads, arguments):
    """All cases, in this process. Several threads are for what is large enough to share."""
    torch.set_num_threads(threads)
    results = []
    for case in all_cases():
        if arguments.only in case.function and not (threads > 1 and case.small):
            check(case)
            print(f"{threads} thread(s): {case.function} {case.type} {case.shape}", file=sys.stderr)
            ns = least(case.calls, arguments.seconds or (SECONDS_QUICK if arguments.quick else SECONDS), threads)
            results.append({"function": case.function, "type": case.type, "shape": case.shape, "ns": ns})
    return {"threads": threads, "cases": results}


def versions():
    return {
        "libsmx": f"{smx.__version__} ({smx.info().isa})",
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
        "PyTorch": torch.__version__,
    }


def row(case, threads):
    cells = [case["function"], case["type"], " x ".join(map(str, case["shape"])), str(threads)]
    cells += [number(case["ns"][name] / 1000) if name in case["ns"] else "-" for name in CONTENDERS]
    return [*cells, number(case["ns"][PYTORCH] / case["ns"][TORCH])]


def table(runs):
    head = ["us a call", "type", "shape", "threads", *CONTENDERS, "/ PyTorch"]
    rows = [row(case, run["threads"]) for run in runs for case in run["cases"]]
    return report.without_empty_columns([head, *rows])


def write_docs():
    if not RESULTS.exists():
        sys.exit(f"python_calls: no {RESULTS}: run `make bench` first")
    results = json.loads(RESULTS.read_text())
    if not results["whole"]:
        sys.exit("python_calls: the last run was not of everything: run `make bench`")
    run = report.run_line(results["machine"], results["versions"])
    one_thread = report.markdown(table(results["runs"][:1]), prose=3)
    text = f"{run}\n\n{one_thread}\n"
    bench.PAGE.write_text(bench.between_marks(bench.PAGE.read_text(), "calls", text, "python_calls.py"))
    print(f"python_calls: wrote {bench.PAGE}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, on one thread")
    parser.add_argument("--only", default="", help="only functions with this in their name, e.g. 'cross_entropy'")
    parser.add_argument("--threads", type=bench.numbers, help="e.g. 1,2; default: 1 and all, quick 1")
    parser.add_argument("--seconds", type=float, help="for a case; default: 3, quick 0.3")
    parser.add_argument("--docs", action="store_true", help="take the last results into docs/performance.md")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)  # the process for so many threads
    arguments = parser.parse_args()
    if arguments.docs:
        return write_docs()
    if arguments.measure:
        return print(json.dumps(measure(arguments.measure, arguments)))

    counts = arguments.threads or sorted({1, 1 if arguments.quick else len(os.sched_getaffinity(0))})
    results = {"machine": machine.describe(bench.ROOT, smx._core.__file__), "versions": versions()}
    runs = results["runs"] = []
    for threads in counts:
        command = [sys.executable, __file__, "--measure", str(threads), *sys.argv[1:]]
        environment = os.environ | bench.KEEPS_MEMORY | {"SMX_THREADS": str(threads)}
        run = subprocess.run(command, stdout=subprocess.PIPE, env=environment, text=True)
        if run.returncode:
            sys.exit("python_calls: measuring failed, see above")
        runs.append(json.loads(run.stdout))
    if not runs[0]["cases"]:
        sys.exit(f"python_calls: no function has '{arguments.only}' in its name")
    results["whole"] = counts[0] == 1 and not arguments.quick and not arguments.only
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(report.plain(table(runs), prose=3))


if __name__ == "__main__":
    main()
