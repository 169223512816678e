"""Measures the cases on one instruction set and number of threads: every contender in this process, on the same arrays,
in turns.

bench.py starts this as a program for each of both, since the environment settles them when the program starts:

    measure.py ISA THREADS SECONDS LIBRARIES OUTPUT.json [--quick] [--only TEXT]
"""

import argparse
import gc
import json
import random
import sys
import time
from pathlib import Path

import cases
import names
import peers
from settling import settle

SAMPLE_NS = 2_000_000  # a sample repeats the call for about this long
ROUNDS_MIN, ROUNDS_MIN_QUICK = 5, 3
ROUNDS_MAX = 100


class Entry:
    """One contender in one case, ready to run, with its samples: nanoseconds a call, and processors kept busy."""

    def __init__(self, contender, run, error):
        self.name, self.run, self.error = contender.name, run, error
        self.times, self.busy = [], []
        run()
        start = time.perf_counter_ns()
        run()
        once = max(1, time.perf_counter_ns() - start)
        self.repeats = max(1, SAMPLE_NS // once)

    def sample(self):
        run = self.run
        run()  # brings its code and its threads back
        process = time.process_time_ns()
        start = time.perf_counter_ns()
        for _ in range(self.repeats):
            run()
        wall = time.perf_counter_ns() - start
        self.times.append(wall / self.repeats)
        self.busy.append((time.process_time_ns() - process) / wall)

    def result(self):
        t = sorted(self.times)
        quartile = len(t) // 4
        median = t[len(t) // 2]
        return {
            "min": t[0],
            "median": median,
            "spread": (t[-1 - quartile] - t[quartile]) / median,
            "rounds": len(t),
            "processors": self.busy[self.times.index(t[0])],
            "error": self.error,
        }


def entries(case, contenders, inputs, out):
    """Prepares every contender and checks its result. Says who was left out, and why."""
    ready, notes = [], []
    check = cases.Check(case, inputs)
    for contender in contenders:
        out.fill(7)  # no result: whoever writes nothing is found out
        prepared = peers.prepare(contender, case, inputs, out)
        if prepared is None:
            continue
        run, read = prepared
        error = None
        if contender.name not in (*names.COPIES, names.WITHOUT):
            run()
            error = check.error(read())
            if not error <= cases.tolerance(case):
                notes.append(f"{contender.name} is wrong by {error:.2g} of the row's scale, left out")
                if contender.name == names.OURS:
                    raise RuntimeError(f"{case.name}: {notes[-1]}")
                continue
        ready.append(Entry(contender, run, error))
    return ready, notes


def measure(case, contenders, seconds, rounds_min, say):
    """Takes about so many seconds, preparations included."""
    deadline = time.monotonic() + seconds
    inputs, out = cases.buffers(case)
    ready, notes = entries(case, contenders, inputs, out)
    shuffle = random.Random(1)
    rounds = 0
    while rounds < rounds_min or (rounds < ROUNDS_MAX and time.monotonic() < deadline):
        shuffle.shuffle(ready)
        for entry in ready:
            settle()
            entry.sample()
        rounds += 1
        say(f"round {rounds}")
    results = {entry.name: entry.result() for entry in ready}
    return {
        "function": case.function,
        "dtype": case.dtype,
        "shape": case.shape,
        "option": case.option,
        "quick": case.quick,
        "elements": case.elements,
        "array_bytes": case.array_bytes,
        "bytes_moved": case.bytes_moved,
        "notes": notes,
        "contenders": {name: results[name] for name in names.NAMES if name in results},
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("isa")
    parser.add_argument("threads", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("libraries", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()

    chosen = cases.chosen(arguments.threads, arguments.quick, arguments.only)
    end = time.monotonic() + arguments.seconds
    plain, with_options = peers.make(arguments.threads, arguments.libraries)
    where = f"{arguments.isa}, {arguments.threads} thread(s)"
    rounds_min = ROUNDS_MIN_QUICK if arguments.quick else ROUNDS_MIN
    results = []
    for i, case in enumerate(chosen):

        def say(what, i=i, case=case):
            if sys.stderr.isatty():
                line = f"{where}, case {i + 1} of {len(chosen)}: {case.name}, {what}"
                print(f"\r{line:<100}", end="", file=sys.stderr, flush=True)

        say("preparing")
        contenders = with_options if case.option else plain
        share = (end - time.monotonic()) / (len(chosen) - i)
        result = {"isa": arguments.isa, "threads": arguments.threads}
        results.append(result | measure(case, contenders, share, rounds_min, say))
        gc.collect()
        if not sys.stderr.isatty():
            print(f"{where}, case {i + 1} of {len(chosen)}: {case.name}", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r" + " " * 100, end="\r", file=sys.stderr, flush=True)
    versions = {c.name: c.version for c in plain if c.version}
    arguments.output.write_text(json.dumps({"versions": versions, "cases": results}))


if __name__ == "__main__":
    main()
