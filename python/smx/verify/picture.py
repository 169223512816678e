"""A report as a picture."""

from typing import Any

import numpy as np


def draw(report: Any, file: str) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    names = list(report.errors)
    figure = Figure(figsize=(11, 2.5 + 0.7 * len(names)), layout="constrained")
    errors, changes = figure.subplots(1, 2)
    colours = [mpl.colormaps["tab10"](i) for i in range(len(names))]
    for axes, of, unit in ((errors, report.errors, 1), (changes, report.changed, 100)):
        rows = list(of[names[0]])
        height = 0.8 / len(names)
        for i, name in enumerate(names):
            values = [getattr(of[name][row], "ulp", of[name][row]) for row in rows]
            lengths = [0 if value is None else unit * min(value, 1e9) for value in values]
            bars = axes.barh(np.arange(len(rows)) + i * height, lengths, height, label=name, color=colours[i])
            texts = ["not known" if value is None else f"{unit * value:.2g}" for value in values]
            axes.bar_label(bars, texts, padding=2, fontsize=8)
        axes.set_yticks(np.arange(len(rows)) + 0.4 - height / 2, rows)
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
    errors.set_xscale("log")
    errors.set_xlim(left=0.4)
    errors.margins(x=0.12)
    errors.xaxis.set_major_locator(LogLocator(numticks=6))
    errors.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    errors.xaxis.set_minor_formatter(NullFormatter())
    errors.set_xlabel("largest error (ULP)")
    changes.set_xlim(0, 105)
    changes.set_xlabel("results whose bits change (%)")
    figure.legend(*changes.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(f"{report.like}, {report.dtype}, n = {report.n}")
    figure.savefig(file)
