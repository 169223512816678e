"""From the JSON of a run to text: the whole run for bench/results.txt, a table for docs/performance.md. Ratios are of
minima, all taken in one process on the same arrays."""

import textwrap

import figures
import names
import options
import targets
from figures import copy_gbs, copy_ns, cost, fastest, gbs, geometric_mean, ns_per_element, number, shape, speedup

HEAD = (
    *(["shape", "ISA", "memcpy", "stream", "libsmx", "median", "spread"]),
    *names.RIVALS,
    *(["GB/s", "of copy", "/ PyTorch", "/ fastest", "which"]),
)


def row(case):
    best = fastest(case)
    return [
        shape(case),
        case["isa"],
        *(number(ns_per_element(case, name)) for name in (*names.COPIES, names.OURS)),
        number(ns_per_element(case, names.OURS, "median")),
        f"{100 * case['contenders'][names.OURS]['spread']:.0f} %",
        *(number(ns_per_element(case, name)) for name in names.RIVALS),
        number(gbs(case)),
        f"{100 * gbs(case) / copy_gbs(case):.0f} %",
        number(speedup(case, "PyTorch")),
        number(speedup(case, best)),
        best or "-",
    ]


def groups(results):
    """(threads, function, dtype) -> its cases, in order, each shape's instruction sets one below the other. Those over
    an axis that is not the last are a function of their own: they compare with each other only."""
    found = {}
    for case in figures.cases(results):
        function = case["function"] + ("_over_axis_1_of_3" if len(case["shape"]) == 3 else "")
        shapes = found.setdefault((case["threads"], function, case["dtype"]), {})
        shapes.setdefault(shape(case), []).append(case)
    return {key: sum(shapes.values(), []) for key, shapes in found.items()}


def means(cases):
    """A line for each instruction set of a group: how it stands against two measures of the tables, over all shapes."""
    lines = []
    for isa in dict.fromkeys(case["isa"] for case in cases):
        these = [case for case in cases if case["isa"] == isa]
        pytorch = geometric_mean([speedup(case, names.PYTORCH) for case in these])
        best = geometric_mean([speedup(case, fastest(case)) for case in these])
        what = f"{isa}, geometric mean over {len(these)} shapes"
        lines.append(f"{what}: {number(pytorch)} x PyTorch, {number(best)} x the fastest peer.")
    return "\n".join(lines)


def title(key):
    threads, function, dtype = key
    return f"{function.replace('_', ' ')} {dtype}, {threads} thread{'s' if threads > 1 else ''}"


def without_empty_columns(rows):
    """A column with nothing but `-` under its name belongs to a peer that lacks this function."""
    keep = [i for i in range(len(rows[0])) if any(r[i] != "-" for r in rows[1:])]
    return [[r[i] for i in keep] for r in rows]


def table(cases):
    return without_empty_columns([list(HEAD), *(row(c) for c in cases)])


OPTIONS_HEAD = [
    *("function", "option", "shape", "ISA", "libsmx", "without", "with / without", "wanted"),
    *("PyTorch", "/ PyTorch", "reached"),
]
OPTIONS_TITLE = "Options, f32, one thread: the call beside the same without (inner stride: a copy and then the call)"


def option_row(case):
    most = options.GROUPS[options.OPTIONS[case["option"]].group]
    faster = speedup(case, names.PYTORCH)
    reached = cost(case) <= most and (faster is None or faster >= 1)
    times = [number(ns_per_element(case, name)) for name in (names.OURS, names.WITHOUT, names.PYTORCH)]
    return [
        *(case["function"].replace("_", " "), case["option"], shape(case), case["isa"]),
        *(*times[:2], number(cost(case)), f"<= {most:g}", times[2], number(faster)),
        "yes" if reached else "no",
    ]


def option_table(cases):
    """Each option's instruction sets one below the other."""
    found = {}
    for case in cases:
        found.setdefault((case["function"], case["option"]), []).append(case)
    return [OPTIONS_HEAD, *(option_row(case) for case in sum(found.values(), []))]


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
    for case in (*figures.cases(results), *figures.option_cases(results)):
        option = f", {case['option']}" if case["option"] else ""
        where = f"{case['isa']}, {case['threads']} thread(s)"
        name = f"{case['function']} {case['dtype']} {shape(case)}{option}, {where}"
        found += [f"{name}: {note}" for note in case["notes"]]
        reasons = {}
        for contender, entry in case["contenders"].items():
            reasons.setdefault(strange(case["threads"], entry), []).append(contender)
        found += [f"{name}: {', '.join(who)} {why}" for why, who in reasons.items() if why]
    return found


def text(results):
    parts = [f"{title(key)}\n{plain(table(cases))}\n{means(cases)}" for key, cases in groups(results).items()]
    with_options = figures.option_cases(results)
    if with_options:
        parts.append(f"{OPTIONS_TITLE}\n{plain(option_table(with_options), prose=4)}")
    reached = f"{plain(targets.table(results), prose=4)}\n{targets.LEGEND}"
    return "\n\n".join(filter(None, [*parts, LEGEND, "\n".join(notes(results)), reached]))


def machine(results):
    """What the figures depend on, and who was there: two cells a line."""
    described = results["machine"] | results["runs"][0]["versions"]
    return [[key, str(value)] for key, value in described.items()]


OF_THE_MACHINE = ("date", "runs", "processor", "processors", "caches", "compiler", "commit")  # runs: of several


def run_line(described, versions):
    """The run in words, for docs/performance.md."""
    shown = {key: described[key] for key in OF_THE_MACHINE if key in described} | versions
    return textwrap.fill(f"The run: {'; '.join(f'{key} {value}' for key, value in shown.items())}.", 120)


def raw(results):
    """All of a run, for bench/results.txt."""
    parts = [plain(machine(results), prose=2), text(results)]
    if results["harness"]:
        parts.append(f"Calls from C, each instruction set, each pass\n{results['harness'].rstrip()}")
    return "\n\n".join(parts) + "\n"


CHOSEN_HEAD = ["function", "type", "shape", "ISA", "copy", names.OURS, *names.RIVALS, "/ PyTorch", "/ fastest"]


def chosen_row(case):
    """The quickest of libsmx and its peers in bold."""
    times = {name: ns_per_element(case, name) for name in (names.OURS, *names.RIVALS)}
    least = min(time for time in times.values() if time)
    cells = [number(time) if time != least else f"**{number(time)}**" for time in times.values()]
    copy = number(copy_ns(case) / case["elements"])
    function = case["function"].replace("_", " ") + (", axis 1" if len(case["shape"]) == 3 else "")
    ratios = [number(speedup(case, "PyTorch")), number(speedup(case, fastest(case)))]
    return [function, case["dtype"], shape(case), case["isa"], copy, *cells, *ratios]


def page(results, picture):
    """What docs/performance.md shows of a run, block by block: its machine; the targets; the shapes of
    `make bench-quick` on one thread; a picture; and the options."""
    rows = [chosen_row(c) for key, cases in groups(results).items() if key[0] == 1 for c in cases if c["quick"]]
    blocks = {
        "machine": run_line(results["machine"], results["runs"][0]["versions"]),
        "targets": markdown(targets.table(results), prose=4),
        "shapes": markdown([CHOSEN_HEAD, *rows], prose=4),
        "picture": f"![{PICTURE}]({picture})",
        "options": markdown(option_table(figures.option_cases(results)), prose=4),
    }
    return {block: f"{text}\n" for block, text in blocks.items()}
