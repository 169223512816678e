"""What `smx.verify.verify` says of known libraries, or of functions of yours."""

import argparse
import importlib
import sys
from typing import Any

from smx.verify.oracle import FORMATS, ROWS
from smx.verify.report import verify
from smx.verify.subject import KNOWN


def _subject(name: str) -> Any:
    """The name of a library that is known, or MODULE:FUNCTION."""
    module, colon, function = name.partition(":")
    if name in KNOWN or not colon:
        return name
    return getattr(importlib.import_module(module), function)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m smx.verify", description=__doc__)
    parser.add_argument("library", nargs="*", help=f"beside ours: {', '.join(KNOWN)}, or MODULE:FUNCTION")
    parser.add_argument("--like", choices=list(ROWS), default="softmax", help="the function (default: softmax)")
    parser.add_argument("--dtype", choices=list(FORMATS), default="float32", help="default: float32")
    parser.add_argument("--n", type=int, default=1000, help="entries of a row (default: 1000)")
    parser.add_argument("--rows", type=int, default=32, help="rows of each kind of input (default: 32)")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default: 1)")
    parser.add_argument("--picture", metavar="FILE", help="a picture besides, with matplotlib")
    given = parser.parse_args(arguments)
    if unknown := sorted(name for name in given.library if name not in KNOWN and ":" not in name):
        parser.error(f"{unknown[0]!r} is no library that is known here: {', '.join(KNOWN)}")
    try:
        subjects = map(_subject, given.library)
        report = verify(*subjects, like=given.like, dtype=given.dtype, n=given.n, rows=given.rows, seed=given.seed)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        print(f"smx verify: {error}", file=sys.stderr)
        return 1
    print(report)
    if given.picture:
        report.picture(given.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
