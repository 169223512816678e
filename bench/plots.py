"""The picture of a run: nanoseconds an element by the length of a row, a panel for each of some functions on each
instruction set."""

import matplotlib

matplotlib.use("Agg")
import figures
import machine
import matplotlib.pyplot as plt
import names
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

FUNCTIONS = ("softmax", "softmax_backward", "log_softmax", "cross_entropy_gradient")
COLOURS = dict(zip((names.OURS, *names.RIVALS), ["#d62728", *plt.get_cmap("Dark2").colors]))
OURS_IS = {"linewidth": 2.5, "markersize": 6, "zorder": 3}
OTHERS_ARE = {"linewidth": 1, "markersize": 3.5}
COPY_IS = {"color": "black", "linewidth": 1.5, "linestyle": "--", "label": "a copy"}


def plain_log(axis, subs):
    """On a logarithmic axis: 8, 64, 1000 or 0.3, 1, 3, never a power of ten in small print."""
    axis.set_major_locator(LogLocator(subs=subs, numticks=20))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def many_rows(results, isa, function):
    """Cases in f32 on one thread with many rows that the last cache holds, by the length of a row."""
    cache = machine.last_cache_bytes(results["machine"])
    cases = [
        case
        for case in figures.cases(results)
        if (case["isa"], case["threads"]) == (isa, results["threads"][0])
        and (case["function"], case["dtype"], len(case["shape"])) == (function, "f32", 2)
        and case["shape"][0] > 1
        and case["bytes_moved"] <= cache
    ]
    return sorted(cases, key=lambda case: case["shape"][1])


def panel(axes, title, cases):
    axes.plot(
        [case["shape"][1] for case in cases],
        [figures.copy_ns(case) / case["elements"] for case in cases],
        **COPY_IS,
    )
    for name in (names.OURS, *names.RIVALS):
        here = [case for case in cases if name in case["contenders"]]
        if here:
            points = [(case["shape"][1], figures.ns_per_element(case, name)) for case in here]
            style = OURS_IS if name == names.OURS else OTHERS_ARE
            axes.plot(*zip(*points), "o-", label=name, color=COLOURS[name], **style)
    axes.set(xscale="log", yscale="log", title=title)
    plain_log(axes.xaxis, (1,))
    plain_log(axes.yaxis, (1, 3))
    axes.grid(alpha=0.3)


def draw(results, path):
    """Says whether there was anything to draw."""
    functions = [f for f in FUNCTIONS if many_rows(results, results["isas"][0], f)]
    if not functions:
        return False
    size = (4 * len(functions), 3.5 * len(results["isas"]) + 1)
    shared = {"layout": "constrained", "sharex": True, "sharey": True, "squeeze": False}
    figure, rows = plt.subplots(len(results["isas"]), len(functions), figsize=size, **shared)
    for isa, row in zip(results["isas"], rows):
        for function, axes in zip(functions, row):
            panel(axes, f"{function.replace('_', ' ')}, {isa}", many_rows(results, isa, function))
        row[0].set_ylabel("ns an element (less is better)")
    for axes in rows[-1]:
        axes.set_xlabel("length of a row")
    figure.suptitle("f32, many rows that the cache holds, one thread", fontsize="medium")
    figure.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=8, fontsize="small")
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return True
