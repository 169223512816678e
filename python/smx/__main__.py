"""The command: the tool on .npy files (`smx --help`), and `smx verify`."""

import os
import sys
from pathlib import Path

import smx

TOOL = Path(__file__).with_name("bin") / "smx"


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[:1] == ["verify"]:
        try:
            from smx.verify.__main__ import main as verify
        except ImportError as error:
            print(f"smx verify: {error}; pip install 'smx[verify]' has all that it needs", file=sys.stderr)
            return 1
        return verify(arguments[1:])
    if TOOL.exists():
        if arguments in (["help"], ["--help"], ["-h"]):
            print(
                "smx verify [LIBRARY...] measures the errors of libraries, and how their bits change. The tool:\n",
                flush=True,
            )
        os.environ.setdefault("SMX_DATA", str(TOOL.parents[1] / "data"))
        os.execv(TOOL, ["smx", *arguments])
    if arguments == ["info"]:
        for name, value in smx.info()._asdict().items():
            print(f"{name:8} {' '.join(value) if isinstance(value, list) else value}")
        return 0
    print(
        "smx: there are `smx info` and `smx verify`; the tool on .npy files was left out when this package was built, "
        "as pkg-config and nettle were not there",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
