"""A report as a picture."""

from typing import Any

import numpy as np


def draw(report: Any, file: str) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    errors, changes = figure.subplots(1, 2)
    names = list(report.errors)
    colours = [mpl.colormaps["tab10"](i) for i in range(len(names))]
    for axes, of, unit in ((errors, report.errors, 1), (changes, report.changed, 100)):
        rows = list(of[names[0]])
        height = 0.8 / len(names)
        for i, name in enumerate(names):
            values = [getattr(of[name][row], "ulp", of[name][row]) for row in rows]
            values = [np.nan if value is None else unit * min(value, 1e9) for value in values]
            axes.barh(np.arange(len(rows)) + i * height, values, height, label=name, color=colours[i])
        axes.set_yticks(np.arange(len(rows)) + 0.4 - height / 2, rows)
        axes.invert_yaxis()
    errors.set_xscale("log")
    errors.set_xlabel("largest error (ULP)")
    changes.set_xlim(0, 100)
    changes.set_xlabel("results whose bits change (%)")
    changes.legend()
    figure.suptitle(f"{report.like}, {report.dtype}, n = {report.n}")
    figure.savefig(file)
