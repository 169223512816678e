"""Two pictures of each function, type and number of threads: bars, and time against bytes moved."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter

import figures
import peers
import report

COLOURS = dict(zip(peers.NAMES, ["#d62728", "#bbbbbb", "#666666", *plt.get_cmap("Dark2").colors]))
PLAIN = FuncFormatter(lambda value, _: f"{value:g}")


def present(cases):
    return [name for name in peers.NAMES if any(name in c["contenders"] for c in cases)]


def bars(key, cases, path):
    names = present(cases)
    figure, axes = plt.subplots(figsize=(max(7, 1.1 * len(cases)), 5), layout="constrained")
    width = 0.85 / len(names)
    for i, name in enumerate(names):
        at = [k + (i - (len(names) - 1) / 2) * width for k in range(len(cases))]
        heights = [figures.ns_per_element(c, name) or 0 for c in cases]
        axes.bar(at, heights, width, label=name, color=COLOURS[name])
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(PLAIN)
    axes.set_xticks(range(len(cases)), [figures.shape(c) for c in cases], rotation=40, ha="right")
    axes.set_ylabel("ns an element (less is better)")
    axes.set_title(report.title(key))
    figure.legend(loc="outside lower center", ncols=len(names), fontsize="small")
    axes.grid(axis="y", alpha=0.3)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def roofline(key, cases, path):
    """The line below which nothing can come is the copies', at the bytes that the function must move."""
    names = [name for name in present(cases) if name not in peers.COPIES]
    figure, axes = plt.subplots(figsize=(8, 5.5), layout="constrained")
    ordered = sorted(cases, key=lambda c: c["bytes_moved"])
    moved = [c["bytes_moved"] for c in ordered]
    axes.plot(moved, [b / figures.copy_gbs(c) for b, c in zip(moved, ordered)], color="black", label="copy")
    for name in names:
        points = [(c["bytes_moved"], c["contenders"][name]["min"]) for c in ordered if name in c["contenders"]]
        axes.scatter(*zip(*points), s=36 if name == peers.OURS else 14, label=name, color=COLOURS[name])
    axes.set(xscale="log", yscale="log", xlabel="bytes moved by a call", ylabel="ns a call", title=report.title(key))
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def draw(results, folder):
    """Writes the pictures; gives their titles and file names."""
    made = []
    for key, cases in report.groups(results).items():
        for kind in (bars, roofline):
            name = f"{kind.__name__}-{key[1]}-{key[2]}-{key[0]}.png"
            kind(key, cases, folder / name)
            made.append((f"{report.title(key)}: {kind.__name__}", name))
    return made
