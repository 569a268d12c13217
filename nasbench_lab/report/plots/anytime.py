"""Regret against cost: the quality of an algorithm's answer at every point of its search."""

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


@matplotlib.rc_context(STYLE)
def draw(results: Results, tables: Tables, shown: Mapping[str, Look] | None = None) -> Figure:
    """Mean regret of the incumbent (accuracy if the optimum is unknown), one panel per task.

    Lines are steps: an incumbent keeps its accuracy until the next one is found.
    """
    shown = looks(results) if shown is None else shown
    figure, axes = panels(results.tasks, *((4.8, 3.4) if len(results.tasks) == 1 else (2.5, 2.6)))
    for panel, task in zip(axes, results.tasks, strict=True):
        _draw_task(panel, task, tables, shown)
    label_axes(
        figure,
        axes,
        [_cost(task) for task in results.tasks],
        [_quality(task) for task in results.tasks],
    )
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
    """Draw one task on axes that stand alone, with labels."""
    _draw_task(axes, task, tables, shown)
    label_own_axes(axes, _cost(task), _quality(task), task.title if title else "")
    if legend:
        axes_legend(axes, shown)


def _cost(task: TaskCard) -> str:
    return f"Cost ({task.cost})"


def _quality(task: TaskCard) -> str:
    return f"Mean regret ({task.regret_unit})" if task.optimum is not None else f"Mean {task.metric}"


def _draw_task(axes: Axes, task: TaskCard, tables: Tables, shown: Mapping[str, Look]) -> None:
    curves = tables.anytime[
        (tables.anytime["task"] == task.name) & tables.anytime["algorithm"].isin(list(shown))
    ]
    if curves.empty:
        message(axes, "No run gave a result")
        return
    measure = "accuracy" if task.optimum is None else "regret"
    mean, low, high = curves[[f"{measure}_{line}" for line in ("mean", "low", "high")]].to_numpy(float).T
    if task.optimum is not None:
        # An interval that ends far below every mean would squeeze the means together.
        place = log_axis(axes.yaxis, np.concatenate([mean, high, low[low > np.nanmin(mean) / 2]]))
        mean, low, high = place(mean), place(low), place(high)
    cost = log_axis(axes.xaxis, curves["cost"])(curves["cost"])
    axes.grid(True)
    for position, (label, look) in enumerate(shown.items()):
        rows = (curves["algorithm"] == label).to_numpy()
        axes.fill_between(
            cost[rows], low[rows], high[rows], step="post", color=look.colour, alpha=0.18, linewidth=0
        )
        axes.plot(
            cost[rows],
            mean[rows],
            drawstyle="steps-post",
            color=look.colour,
            linestyle=look.line_style,
            marker=look.marker,
            markersize=3.5,
            # Staggered: the markers of neighbouring lines must not hide each other.
            markevery=(0.04 + 0.03 * (position % 7), 0.24),
            label=plain(look.name),
        )


def caption(results: Results, tables: Tables) -> str:
    """Describe the figure and how to read it."""
    known = [task.optimum is not None for task in results.tasks]
    if all(known):
        what = "regret of the incumbent (best listed minus reported accuracy, lower is better)"
        axes = "both axes logarithmic"
    elif any(known):
        what = (
            "regret of the incumbent (best listed minus reported accuracy, lower is better), or its accuracy"
            " (higher is better) where the optimum is unknown,"
        )
        axes = "axes of cost and regret logarithmic"
    else:
        what = "accuracy of the incumbent (higher is better)"
        axes = "the axis of cost logarithmic"
    return (
        f"Mean {what} against what the search has spent, {axes}. The incumbent is chosen by what the search"
        f" saw and scored by what is reported. n = {count(tables.summary['runs'])} runs per algorithm and"
        " task; bands are 95 % bootstrap intervals of the mean."
    )
