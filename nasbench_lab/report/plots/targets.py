"""The cost to reach a target: the share of runs that reached it, against cost."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.plots.style import (
    STYLE,
    Look,
    count,
    figure_legend,
    label_axes,
    log_axis,
    looks,
    message,
    panels,
)
from nasbench_lab.report.tables import Tables


@matplotlib.rc_context(STYLE)
def draw(results: Results, tables: Tables) -> Figure:
    """Empirical distribution of the cost to reach the target, one panel per task.

    Runs that never reach the target count too: each line ends at the share of runs that did.
    """
    shown = looks(results)
    size = (4.8, 3.4) if len(results.tasks) == 1 else (2.4, 2.7)
    figure, axes = panels(results.tasks, *size, names=["100"])
    for panel, task in zip(axes, results.tasks, strict=True):
        aims = tables.targets.loc[tables.targets["task"] == task.name, "target"]
        if len(aims):
            panel.set_title(f"{panel.get_title()}\ntarget {task.shown(aims.iloc[0])}")
        _draw_task(panel, tables.final[tables.final["task"] == task.name], shown)
    label_axes(
        figure,
        axes,
        [f"Cost ({task.cost})" for task in results.tasks],
        ["Runs that reached the target (%)"] * len(axes),
    )
    figure_legend(figure, shown.values())
    return figure


def _draw_task(axes: Axes, final: pd.DataFrame, shown: dict[str, Look]) -> None:
    axes.set_ylim(-3, 103)
    axes.set_yticks(range(0, 101, 25))
    axes.grid(True)
    costs = final["cost_to_target"].to_numpy(float)
    end = float(final["cost"].max())
    if not np.isfinite(costs).any():
        log_axis(axes.xaxis, [end / 100, end])
        message(axes, "No run reached the target")
        return
    start = float(np.nanmin(costs))
    place = log_axis(axes.xaxis, [start, end])
    left, right = axes.get_xlim()
    for position, (label, look) in enumerate(shown.items()):
        own = costs[(final["algorithm"] == label).to_numpy()]
        reached, so_far = np.unique(own[np.isfinite(own)], return_counts=True)
        if len(own) == 0:
            continue
        share = 100 * np.cumsum(so_far) / len(own)
        axes.plot(
            [left, *place(reached), right],
            [0, *share, share[-1] if len(share) else 0],
            drawstyle="steps-post",
            color=look.colour,
            linestyle=look.line_style,
            marker=look.marker,
            markersize=3.5,
            markevery=(0.04 + 0.03 * (position % 7), 0.24),
            label=look.name,
        )


def caption(results: Results, tables: Tables) -> str:
    """Describe the figure and how to read it."""
    return (
        "Share of runs whose incumbent had reached the target by the cost on the axis. The target, named"
        " above each panel, is the reported accuracy that half of all runs, pooled over algorithms, end at"
        " or above. Higher and further left is better; a line that ends below"
        " 100 % belongs to an algorithm with runs that never reached it."
        f" n = {count(tables.summary['runs'])} runs per algorithm and task; intervals of the final shares"
        " are in the table of targets."
    )
