"""From the JSON of a run to text: the whole run for bench/results.txt, a table for docs/performance.md. Ratios are of
minima, all taken in one process on the same arrays."""

import textwrap

import peers
import targets
from figures import copy_gbs, copy_ns, fastest, gbs, geometric_mean, ns_per_element, number, shape, speedup

HEAD = (
    *(["shape", "memcpy", "stream", "libsmx", "median", "spread"]),
    *peers.RIVALS,
    *(["GB/s", "of copy", "/ PyTorch", "/ fastest", "which"]),
)


def row(case):
    best = fastest(case)
    return [
        shape(case),
        *(number(ns_per_element(case, name)) for name in (*peers.COPIES, peers.OURS)),
        number(ns_per_element(case, peers.OURS, "median")),
        f"{100 * case['contenders'][peers.OURS]['spread']:.0f} %",
        *(number(ns_per_element(case, name)) for name in peers.RIVALS),
        number(gbs(case)),
        f"{100 * gbs(case) / copy_gbs(case):.0f} %",
        number(speedup(case, "PyTorch")),
        number(speedup(case, best)),
        best or "-",
    ]


def groups(results):
    """(threads, function, dtype) -> its cases, in order. Those over an axis that is not the last are a function of
    their own: they compare with each other only."""
    found = {}
    for run in results["runs"]:
        for case in run["cases"]:
            function = case["function"] + ("_over_axis_1_of_3" if len(case["shape"]) == 3 else "")
            found.setdefault((run["threads"], function, case["dtype"]), []).append(case)
    return found


def means(cases):
    """One line on a group: how it stands against the two measures of the tables, over all shapes."""
    pytorch = geometric_mean([speedup(c, "PyTorch") for c in cases])
    best = geometric_mean([speedup(c, fastest(c)) for c in cases])
    return f"Geometric mean over {len(cases)} shapes: {number(pytorch)} x PyTorch, {number(best)} x the fastest peer."


def title(key):
    threads, function, dtype = key
    return f"{function.replace('_', ' ')} {dtype}, {threads} thread{'s' if threads > 1 else ''}"


def without_empty_columns(rows):
    """A column with nothing but `-` under its name belongs to a peer that lacks this function."""
    keep = [i for i in range(len(rows[0])) if any(r[i] != "-" for r in rows[1:])]
    return [[r[i] for i in keep] for r in rows]


def table(cases):
    return without_empty_columns([list(HEAD), *(row(c) for c in cases)])


def plain(rows, prose=0):
    """The first `prose` columns are words, and begin at their left; the others are figures."""
    widths = [max(map(len, column)) for column in zip(*rows)]

    def line(cells):
        padded = (c.ljust(w) if i < prose else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths)))
        return "  ".join(padded).rstrip()

    return "\n".join(map(line, rows))


def markdown(rows, prose=1):
    """`prose` as for plain."""
    lines = ["| " + " | ".join(r) + " |" for r in rows]
    lines.insert(1, "|" + "|".join("---" if i < prose else "--:" for i in range(len(rows[0]))) + "|")
    return "\n".join(lines)


PICTURE = "Nanoseconds an element by the length of a row: softmax and three other functions, libsmx beside its peers"

LEGEND = (
    "Nanoseconds an element, the least of the rounds; for libsmx also the median and the interquartile range as a "
    "share of it. GB/s and the share of the faster copy's bandwidth are of libsmx; so are the last columns: how many "
    "times faster it is than PyTorch and than the fastest peer."
)


def strange(threads, entry):
    """Why a figure is not to be trusted, judged by the processor time of its fastest sample; or None."""
    if threads == 1 and entry["processors"] > 1.3:
        return "used more than its one thread"
    if entry["processors"] < 0.9:
        return "waited for a processor: other programs were running"
    return None


def notes(results):
    found = []
    for run in results["runs"]:
        for case in run["cases"]:
            name = f"{case['function']} {case['dtype']} {shape(case)}, {run['threads']} thread(s)"
            found += [f"{name}: {note}" for note in case["notes"]]
            reasons = {}
            for contender, entry in case["contenders"].items():
                reasons.setdefault(strange(run["threads"], entry), []).append(contender)
            found += [f"{name}: {', '.join(who)} {why}" for why, who in reasons.items() if why]
    return found


def text(results):
    parts = [f"{title(key)}\n{plain(table(cases))}\n{means(cases)}" for key, cases in groups(results).items()]
    reached = f"{plain(targets.table(results), prose=2)}\n{targets.LEGEND}"
    return "\n\n".join(filter(None, [*parts, LEGEND, "\n".join(notes(results)), reached]))


def machine(results):
    """What the figures depend on, and who was there: two cells a line."""
    described = results["machine"] | results["runs"][0]["versions"]
    return [[key, str(value)] for key, value in described.items()]


OF_THE_MACHINE = ("date", "processor", "processors", "caches", "compiler", "commit")


def raw(results):
    """All of a run, for bench/results.txt."""
    parts = [plain(machine(results), prose=2), text(results)]
    if results["harness"]:
        parts.append(f"Calls from C, each instruction set, each pass\n{results['harness'].rstrip()}")
    return "\n\n".join(parts) + "\n"


CHOSEN_HEAD = ["function", "type", "shape", "copy", peers.OURS, *peers.RIVALS, "/ PyTorch", "/ fastest"]


def chosen_row(case):
    """The quickest of libsmx and its peers in bold."""
    times = {name: ns_per_element(case, name) for name in (peers.OURS, *peers.RIVALS)}
    least = min(time for time in times.values() if time)
    cells = [number(time) if time != least else f"**{number(time)}**" for time in times.values()]
    copy = number(copy_ns(case) / case["elements"])
    function = case["function"].replace("_", " ") + (", axis 1" if len(case["shape"]) == 3 else "")
    ratios = [number(speedup(case, "PyTorch")), number(speedup(case, fastest(case)))]
    return [function, case["dtype"], shape(case), copy, *cells, *ratios]


def page(results, picture):
    """What docs/performance.md shows of a run: its machine, the shapes of `make bench-quick` on one thread, a picture."""
    rows = [chosen_row(case) for case in results["runs"][0]["cases"] if case["quick"]]
    shown = (*OF_THE_MACHINE, *results["runs"][0]["versions"])
    described = "; ".join(f"{key} {value}" for key, value in machine(results) if key in shown)
    lines = [textwrap.fill(f"The run: {described}.", 120)]
    lines += ["", markdown([CHOSEN_HEAD, *rows], prose=3), "", f"![{PICTURE}]({picture})"]
    return "\n".join(lines) + "\n"
