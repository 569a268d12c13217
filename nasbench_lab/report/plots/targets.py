"""The cost to reach a target: the share of runs that reached it, against cost."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.plots.style import (
    STYLE,
    Look,
    axes_legend,
    count,
    figure_legend,
    label_axes,
    label_own_axes,
    log_axis,
    looks,
    message,
    panels,
    plain,
)
from nasbench_lab.report.tables import Tables
from nasbench_lab.search.card import TaskCard

SHARE = "Runs that reached the target (%)"


@matplotlib.rc_context(STYLE)
def draw(results: Results, tables: Tables, shown: Mapping[str, Look] | None = None) -> Figure:
    """Empirical distribution of the cost to reach the target, one panel per task.

    Runs that never reach the target count too: each line ends at the share of runs that did.
    """
    shown = looks(results) if shown is None else shown
    size = (4.8, 3.4) if len(results.tasks) == 1 else (2.4, 2.7)
    figure, axes = panels(results.tasks, *size, names=["100"])
    for panel, task in zip(axes, results.tasks, strict=True):
        panel.set_title(panel.get_title() + _target(task, tables))
        _draw_task(panel, task, tables, shown)
    label_axes(figure, axes, [_cost(task) for task in results.tasks], [SHARE] * len(axes))
    figure_legend(figure, shown.values())
    return figure


def draw_on(
    axes: Axes,
    task: TaskCard,
    tables: Tables,
    shown: Mapping[str, Look],
    *,
    title: bool = True,
    legend: bool = True,
) -> None:
    """Draw one task on axes that stand alone, with labels; the title names the target."""
    _draw_task(axes, task, tables, shown)
    label_own_axes(axes, _cost(task), SHARE, task.title + _target(task, tables) if title else "")
    if legend:
        axes_legend(axes, shown)


def _cost(task: TaskCard) -> str:
    return f"Cost ({task.cost})"


def _target(task: TaskCard, tables: Tables) -> str:
    """The second line of a title: the target of a task; empty if it has none."""
    aims = tables.targets.loc[tables.targets["task"] == task.name, "target"]
    return f"\ntarget {task.shown(aims.iloc[0])}" if len(aims) else ""


def _draw_task(axes: Axes, task: TaskCard, tables: Tables, shown: Mapping[str, Look]) -> None:
    final = tables.final[(tables.final["task"] == task.name) & tables.final["algorithm"].isin(list(shown))]
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
            label=plain(look.name),
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
