"""Libraries that ask the processor for its instruction set and offer no setting, held to AVX2 by bench/hold.c: before
they are imported, their cpuid instructions are changed, in this process's memory alone."""

import ctypes
import importlib.util
import json
import os
import re
import subprocess
from pathlib import Path

HOLD = "BENCH_HOLD"  # in the environment: the path of libbench_hold.so, if libraries are to be held


def cpuid_addresses(path, cache):
    """Of the instructions, from the beginning of the library. They take some seconds of objdump, and are kept."""
    kept = cache / f"cpuid-{path.name}-{path.stat().st_size}.json"
    if not kept.exists():
        command = ["objdump", "-d", "--no-show-raw-insn", str(path)]
        listing = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(re.findall(r"^ *([0-9a-f]+):\tcpuid", listing, re.MULTILINE)))
    return [int(address, 16) for address in json.loads(kept.read_text())]


def beginning(path):
    """Where the library lies in memory."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, _, offset, _, _, *name = line.split(maxsplit=5)
        if int(offset, 16) == 0 and name == [str(path)]:
            return int(addresses.split("-")[0], 16)
    raise RuntimeError(f"{path} is not loaded")


def hold(package, *patterns):
    """Holds libraries of the package, named by these patterns, if any are to be held."""
    if HOLD not in os.environ:
        return
    hold_cpuid = ctypes.CDLL(os.environ[HOLD]).hold_cpuid
    hold_cpuid.argtypes = [ctypes.c_void_p]
    folder = Path(importlib.util.find_spec(package).origin).parent.resolve()
    for pattern in patterns:
        (path,) = folder.glob(pattern)
        ctypes.CDLL(str(path))
        addresses = cpuid_addresses(path, Path(os.environ[HOLD]).parent / "bench")
        if not addresses or not all(hold_cpuid(beginning(path) + address) for address in addresses):
            raise RuntimeError(f"{path} cannot be held to an instruction set")
