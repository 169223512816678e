"""What the figures depend on beside the code: processor, memory, compiler, commit."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path


def read(path):
    try:
        return Path(path).read_text().strip()
    except OSError:
        return "unknown"


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def processor():
    info = read("/proc/cpuinfo")
    found = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)$", info, re.MULTILINE))
    if not found:
        return platform.machine()
    return f"{found.get('model name')} (family {found.get('cpu family')}, model {found.get('model')})"


def caches():
    """'L1 32K', ..., the last level last."""
    folders = sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"))
    found = [(read(f / "level"), read(f / "type"), read(f / "size")) for f in folders]
    return ", ".join(f"L{level} {size}" for level, kind, size in found if kind != "Instruction") or "unknown"


def last_cache_bytes(described):
    """Of what `caches` gave; 32 MiB, for which the shapes are made, if that is unknown."""
    size = re.search(r"(\d+)K$", described["caches"])
    return 1024 * int(size[1]) if size else 32 << 20


def compiler(library):
    """The compiler's own mark in the library, so that it is not the one that happens to be installed now."""
    marks = re.findall(r"\]\s+(.*)$", output("readelf", "-p", ".comment", str(library)), re.MULTILINE)
    return ", ".join(marks) or "unknown"


def commit(root):
    name = output("git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    return name


def describe(root, library):
    return {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "processors": len(os.sched_getaffinity(0)),
        "caches": caches(),
        "transparent huge pages": read("/sys/kernel/mm/transparent_hugepage/enabled"),
        "system": f"{platform.system()} {platform.release()}, {'-'.join(platform.libc_ver())}",
        "python": platform.python_version(),
        "compiler": compiler(library),
        "commit": commit(root),
        "load before": round(os.getloadavg()[0], 2),
    }
