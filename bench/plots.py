"""Two pictures of each function, type and number of threads: bars, and a roofline."""

import matplotlib

matplotlib.use("Agg")
import figures
import machine
import matplotlib.pyplot as plt
import peers
import report
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

COLOURS = dict(zip((peers.OURS, *peers.COPIES, *peers.RIVALS), ["#d62728", "#bbbbbb", "#666666", *plt.get_cmap("Dark2").colors]))
PLAIN = FuncFormatter(lambda value, _: f"{value:g}")
ROOF = {"color": "black", "linewidth": 1.5}
SHAPES_IN_A_PANEL = 6
POINTS_FOR_LINES = 4
OURS_IS = {"linewidth": 2.5, "markersize": 7, "zorder": 3}
OTHERS_ARE = {"linewidth": 1, "markersize": 4}


def plain_log(axis):
    """1, 3, 10, 30 ... on a logarithmic axis."""
    axis.set_major_locator(LogLocator(subs=(1, 3), numticks=20))
    axis.set_major_formatter(PLAIN)
    axis.set_minor_formatter(NullFormatter())


def present(cases):
    return [n for n in (peers.OURS, *peers.RIVALS) if any(n in c["contenders"] for c in cases)]


def bar_panel(axes, names, cases, shapes_across):
    """The copy is a line across each shape's bars. Above ours stands how many times faster it is than the fastest."""
    width = 0.85 / len(names)
    for i, name in enumerate(names):
        at = [k + (i - (len(names) - 1) / 2) * width for k in range(len(cases))]
        heights = [figures.ns_per_element(c, name) or 0 for c in cases]
        drawn = axes.bar(at, heights, width, label=name, color=COLOURS[name])
        if name == peers.OURS:
            ratios = [figures.speedup(c, figures.fastest(c)) for c in cases]
            axes.bar_label(drawn, [f"{r:.2f}x" if r else "" for r in ratios], fontsize="small", padding=2)
    for k, case in enumerate(cases):
        copy = 2 * case["array_bytes"] / figures.copy_gbs(case) / case["elements"]
        axes.hlines(copy, k - 0.45, k + 0.45, label="a copy" if k == 0 else None, **ROOF)
    axes.set_yscale("log")
    plain_log(axes.yaxis)
    axes.margins(y=0.12)
    axes.set_xlim(-0.6, max(0.6, shapes_across - 0.4))
    axes.set_xticks(range(len(cases)), [figures.shape(c) for c in cases])
    axes.set_ylabel("ns an element")
    axes.grid(axis="y", alpha=0.3)


def bars(key, cases, path, _cache):
    names = present(cases)
    panels = [cases[k : k + SHAPES_IN_A_PANEL] for k in range(0, len(cases), SHAPES_IN_A_PANEL)]
    across = min(len(cases), SHAPES_IN_A_PANEL)
    size = (max(7.5, 1 + 1.7 * across), 1 + 2.4 * len(panels))
    figure, rows = plt.subplots(len(panels), figsize=size, layout="constrained", squeeze=False)
    for axes, shown in zip(rows[:, 0], panels):
        bar_panel(axes, names, shown, across)
    title = f"{report.title(key)} (less is better; the number: speed against the fastest peer)"
    figure.suptitle(title, fontsize="medium")
    figure.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=8, fontsize="small")
    figure.savefig(path, dpi=90)
    plt.close(figure)


def panels_of_roofline(cases, cache):
    found = {"many rows, in cache": [], "beyond the cache": [], "one row": []}
    for case in sorted(cases, key=lambda c: c["shape"][1]):
        fits = "many rows, in cache" if case["bytes_moved"] <= cache else "beyond the cache"
        found["one row" if case["shape"][0] == 1 else fits].append(case)
    return {name: chosen for name, chosen in found.items() if chosen}


def roofline(key, cases, path, cache):
    """Bytes that the function must move by the time it takes. Nothing that comes from memory passes the copy; in a
    cache, what only reads may."""
    panels = panels_of_roofline(cases, cache)
    shares = {"width_ratios": [4 + len(chosen) for chosen in panels.values()]}
    figure, row = plt.subplots(
        1, len(panels), figsize=(11, 5), layout="constrained", squeeze=False, gridspec_kw=shares
    )
    for axes, (name, shown) in zip(row[0], panels.items()):
        axes.plot([c["shape"][1] for c in shown], [figures.copy_gbs(c) for c in shown], "k_-", label="a copy")
        for contender in present(cases):
            points = [(c["shape"][1], figures.gbs(c, contender)) for c in shown if contender in c["contenders"]]
            style = OURS_IS if contender == peers.OURS else OTHERS_ARE
            axes.plot(*zip(*points), "o-", label=contender, color=COLOURS[contender], **style)
        axes.set(xscale="log", yscale="log", xlabel="length of a row", title=name)
        plain_log(axes.yaxis)
        axes.margins(x=0.12)
        axes.grid(alpha=0.3)
    row[0, 0].set_ylabel("GB/s that must be moved (more is better)")
    figure.suptitle(report.title(key), fontsize="medium")
    figure.legend(*row[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=8, fontsize="small")
    figure.savefig(path, dpi=90)
    plt.close(figure)


def draw(results, folder):
    """Writes the pictures; gives their titles and file names."""
    cache = machine.last_cache_bytes(results["machine"])
    made = []
    for key, cases in report.groups(results).items():
        for kind in (bars, roofline) if len(cases) >= POINTS_FOR_LINES else (bars,):
            name = f"{kind.__name__}-{key[1]}-{key[2]}-{key[0]}.png"
            kind(key, cases, folder / name, cache)
            made.append((f"{report.title(key)}: {kind.__name__}", name))
    return made
