"""From a case of the JSON to the figures that tables and pictures show."""

import math

import names


def shape(case):
    return " x ".join(map(str, case["shape"]))


def ns_per_element(case, name, figure="min"):
    entry = case["contenders"].get(name)
    return entry and entry[figure] / case["elements"]


def cases(results):
    """Of all runs: plain calls, in order."""
    return [case for run in results["runs"] for case in run["cases"] if not case["option"]]


def option_cases(results):
    return [case for run in results["runs"] for case in run["cases"] if case["option"]]


def copy_ns(case):
    """A call of the faster copy."""
    return min(case["contenders"][name]["min"] for name in names.COPIES if name in case["contenders"])


def copy_gbs(case):
    """It reads one array and writes one."""
    return 2 * case["array_bytes"] / copy_ns(case)


def streaming_gbs(case):
    """Bandwidth of the copy past the cache, or None on a machine without such stores."""
    entry = case["contenders"].get(names.STREAMING)
    return entry and 2 * case["array_bytes"] / entry["min"]


def gbs(case, name=names.OURS):
    return case["bytes_moved"] / case["contenders"][name]["min"]


def rivals(case):
    return {n: c["min"] for n, c in case["contenders"].items() if n in names.RIVALS}


def speedup(case, name):
    """How many times faster than `name` libsmx is, or None if that one was not measured."""
    other = case["contenders"].get(name)
    return other and other["min"] / case["contenders"][names.OURS]["min"]


def cost(case):
    """How many times as long a call takes with the option as without."""
    return case["contenders"][names.OURS]["min"] / case["contenders"][names.WITHOUT]["min"]


def fastest(case):
    times = rivals(case)
    return min(times, key=times.get) if times else None


def number(value, digits=3):
    """Three significant digits, never in scientific notation."""
    if value is None:
        return "-"
    if value >= 10 ** (digits - 1):
        return f"{value:.0f}"
    return f"{value:.{max(0, digits - 1 - math.floor(math.log10(value)))}f}"


def geometric_mean(values):
    values = [v for v in values if v is not None]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None
