#!/usr/bin/env python3
"""The error bounds that stand in src/kernels, at the functions that have them, for those who judge.

    scripts/bounds.py --header    print them as a C header, for the oracle and tools/ulp
    scripts/bounds.py --check     hold the worst errors named there against tests/vectors/worst.txt

A comment says `BOUND_NAME = 3 ULP`, or `BOUND_NAME = 2^-22` for what is a part of some magnitude; f64 has 2^-51 for the
latter, and so on, which oracle_unit() makes of the header's 2. It says `1.41 ULP in worst-name` or `0.58 of it in
worst-name` for a case of the golden vectors. The check fails where such a case is not among them, or erred otherwise by
0.01 or more, and where a case called worst-... stands at no function. As a test: add_test(NAME bounds COMMAND
scripts/bounds.py --check).
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOUND = re.compile(r"\b(BOUND_[A-Z_]+) = (?:(\d+(?:\.\d+)?) ULP|2\^-(\d+))")
WITNESS = re.compile(r"(\d+(?:\.\d+)?)(?: ULP)?(?: of it)? in (worst-[a-z0-9-]+)")


def comments():
    """Of all kernels: the path, and each comment as one line of words."""
    for path in sorted((ROOT / "src/kernels").glob("*_template.h")):
        for comment in re.findall(r"/\*.*?\*/", path.read_text(), re.DOTALL):
            yield path.name, " ".join(re.sub(r"\n \*", " ", comment).split())


def bounds():
    found = {}
    for path, comment in comments():
        for name, ulps, bits in BOUND.findall(comment):
            if name in found:
                sys.exit(f"bounds: {name} stands twice: {found[name][1]}, {path}")
            found[name] = (ulps or str(24 - int(bits)), path)
    return found


def recorded():
    """Of each golden worst case, its errors, one for each result."""
    errors, cases = [], {}
    for line in (ROOT / "tests/vectors/worst.txt").read_text().splitlines():
        if line.startswith("# ") and re.match(r"# [\d.e+-]+ (ULP|of the bound)", line):
            errors = [float(part.split()[0]) for part in line[2:].split(", ")]
        elif line.startswith("case "):
            cases[line.split()[1]] = errors
            errors = []
    return cases


def header():
    print("/* Made by scripts/bounds.py from the comments of src/kernels: in ULP, or for oracle_unit(). */")
    for name, (value, path) in bounds().items():
        print(f"#define {name} {value} /* {path} */")


def check():
    cases, named, faults = recorded(), set(), []
    for path, comment in comments():
        for error, case in WITNESS.findall(comment):
            named.add(case)
            if not any(abs(float(error) - e) < 0.01 for e in cases.get(case, [])):
                faults.append(f"{path}: {case} has {error} here and {cases.get(case, 'no place')} in the golden vectors")
    faults += [f"{case}: stands at no function" for case in cases if case.startswith("worst-") and case not in named]
    if faults:
        sys.exit("bounds: " + "\nbounds: ".join(faults))
    print(f"{len(bounds())} bounds, {len(named)} worst cases at the functions that have them")


if __name__ == "__main__":
    if sys.argv[1:] not in (["--header"], ["--check"]):
        sys.exit(__doc__)
    header() if sys.argv[1] == "--header" else check()
