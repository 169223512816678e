"""The picture of a run: nanoseconds an element by the length of a row, a panel for each of some functions."""

import matplotlib

matplotlib.use("Agg")
import figures
import machine
import matplotlib.pyplot as plt
import peers
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

FUNCTIONS = ("softmax", "softmax_backward", "log_softmax", "cross_entropy_gradient")
COLOURS = dict(zip((peers.OURS, *peers.RIVALS), ["#d62728", *plt.get_cmap("Dark2").colors]))
OURS_IS = {"linewidth": 2.5, "markersize": 6, "zorder": 3}
OTHERS_ARE = {"linewidth": 1, "markersize": 3.5}
COPY_IS = {"color": "black", "linewidth": 1.5, "linestyle": "--", "label": "a copy"}


def plain_log(axis, subs):
    """On a logarithmic axis: 8, 64, 1000 or 0.3, 1, 3, never a power of ten in small print."""
    axis.set_major_locator(LogLocator(subs=subs, numticks=20))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def many_rows(results, function):
    """Cases in f32 on one thread with many rows that the last cache holds, by the length of a row."""
    cache = machine.last_cache_bytes(results["machine"])
    cases = [
        case
        for case in results["runs"][0]["cases"]
        if (case["function"], case["dtype"], len(case["shape"])) == (function, "f32", 2)
        and case["shape"][0] > 1
        and case["bytes_moved"] <= cache
    ]
    return sorted(cases, key=lambda case: case["shape"][1])


def panel(axes, function, cases):
    axes.plot(
        [case["shape"][1] for case in cases],
        [figures.copy_ns(case) / case["elements"] for case in cases],
        **COPY_IS,
    )
    for name in (peers.OURS, *peers.RIVALS):
        here = [case for case in cases if name in case["contenders"]]
        if here:
            points = [(case["shape"][1], figures.ns_per_element(case, name)) for case in here]
            style = OURS_IS if name == peers.OURS else OTHERS_ARE
            axes.plot(*zip(*points), "o-", label=name, color=COLOURS[name], **style)
    axes.set(xscale="log", yscale="log", title=function.replace("_", " "))
    plain_log(axes.xaxis, (1,))
    plain_log(axes.yaxis, (1, 3))
    axes.grid(alpha=0.3)


def draw(results, path):
    """Says whether there was anything to draw."""
    panels = {function: many_rows(results, function) for function in FUNCTIONS}
    panels = {function: cases for function, cases in panels.items() if cases}
    if not panels:
        return False
    figure, rows = plt.subplots(
        2, 2, figsize=(10, 7.5), layout="constrained", sharex=True, sharey=True, squeeze=False
    )
    for axes, (function, cases) in zip(rows.flat, panels.items()):
        panel(axes, function, cases)
    for axes in rows.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in rows[:, 0]:
        axes.set_ylabel("ns an element (less is better)")
    for axes in rows[1]:
        axes.set_xlabel("length of a row")
    figure.suptitle("f32, many rows that the cache holds, one thread", fontsize="medium")
    figure.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=8, fontsize="small")
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return True
