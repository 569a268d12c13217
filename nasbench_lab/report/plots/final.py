"""The distribution of final results: every run counts, not only the mean."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.plots.style import (
    STYLE,
    Look,
    count,
    label_axes,
    label_own_axes,
    log_axis,
    looks,
    message,
    panels,
    wrapped,
)
from nasbench_lab.report.tables import Tables
from nasbench_lab.search.card import TaskCard

# Up to this many runs, each run is a dot; more runs are drawn as a histogram.
DOTS = 30
BINS = 36


@matplotlib.rc_context(STYLE)
def draw(results: Results, tables: Tables, shown: Mapping[str, Look] | None = None) -> Figure:
    """Final regret (accuracy if the optimum is unknown) of every run, one panel per task.

    Few runs are stacked dots, many runs are a histogram. Neither smooths: a table gives many equal
    results, and they must stay visible as a spike.
    """
    shown = looks(results) if shown is None else shown
    height = 0.3 * len(shown) + 0.9
    size = (3.6, height + 0.4) if len(results.tasks) == 1 else (2.2, height)
    figure, axes = panels(results.tasks, *size, names=_names(shown))
    for panel, task in zip(axes, results.tasks, strict=True):
        _draw_task(panel, task, tables, shown)
    _set_rows(axes[0], _names(shown))
    label_axes(figure, axes, [_quality(task) for task in results.tasks], [""] * len(axes))
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
    """Draw one task on axes that stand alone, with labels; the legend is the names beside the rows."""
    _draw_task(axes, task, tables, shown)
    _set_rows(axes, _names(shown) if legend else [""] * len(shown))
    label_own_axes(axes, _quality(task), "", task.title if title else "")


def _quality(task: TaskCard) -> str:
    return f"Final regret ({task.regret_unit})" if task.optimum is not None else f"Final {task.metric}"


def _names(shown: Mapping[str, Look]) -> list[str]:
    return [wrapped(look.name, 36) for look in shown.values()]


def _set_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)


def _draw_task(axes: Axes, task: TaskCard, tables: Tables, shown: Mapping[str, Look]) -> None:
    final = tables.final[(tables.final["task"] == task.name) & tables.final["algorithm"].isin(list(shown))]
    values = final["accuracy" if task.optimum is None else "regret"].to_numpy(float)
    if not np.isfinite(values).any():
        message(axes, "No run gave a result")
        return
    if task.optimum is not None:
        values = log_axis(axes.xaxis, values)(values)
        edges = np.geomspace(*axes.get_xlim(), BINS + 1)
    else:
        low, high = np.nanmin(values), np.nanmax(values)
        margin = max(0.05 * (high - low), 5 * 10.0**-task.decimals)
        edges = np.linspace(low - margin, high + margin, BINS + 1)
        axes.set_xlim(edges[0], edges[-1])
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)
    for row, (label, look) in enumerate(shown.items()):
        own = values[(final["algorithm"] == label).to_numpy()]
        own = np.sort(own[np.isfinite(own)])
        if len(own):
            _draw_row(axes, row, own, edges, look)


def _draw_row(
    axes: Axes, row: int, values: NDArray[np.float64], edges: NDArray[np.float64], look: Look
) -> None:
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    ground, height = row + 0.14, 0.55
    if len(values) > DOTS:
        tops = ground - height * np.append(counts, 0) / counts.max()
        axes.fill_between(edges, ground, tops, step="post", color=look.colour, alpha=0.6, linewidth=0)
    else:
        # Dots in the same bin are stacked.
        floor = np.arange(len(values)) - np.searchsorted(bins, bins)
        axes.plot(
            values,
            ground - 0.06 - floor * min(0.14, height / counts.max()),
            linestyle="none",
            marker=look.marker,
            markersize=3.2,
            color=look.colour,
            alpha=0.75,
            markeredgewidth=0,
        )
    quarter, median, three_quarters = np.quantile(values, [0.25, 0.5, 0.75])
    below = ground + 0.14
    axes.plot([quarter, three_quarters], [below, below], color="black", linewidth=1.4)
    axes.plot([median], [below], marker="o", markersize=4, color="white", markeredgecolor="black", zorder=3)


def caption(results: Results, tables: Tables) -> str:
    """Describe the figure and how to read it."""
    runs = tables.summary["runs"]
    marks = (
        "a dot is one run"
        if runs.max() <= DOTS
        else "heights show how many runs ended there, to scale within a row"
    )
    regret = (
        "regret (best listed minus reported accuracy, lower is better) of every run on a logarithmic axis"
    )
    accuracy = "accuracy (higher is better) of every run"
    known = [task.optimum is not None for task in results.tasks]
    if all(known):
        what = regret
    elif any(known):
        what = f"{regret}, or {accuracy} on a linear one where the optimum is unknown"
    else:
        what = accuracy
    best_found = " A regret of 0 means that the best listed architecture was found." if any(known) else ""
    return (
        f"Where the runs ended: final {what}. n = {count(runs)} runs per algorithm and task; {marks}; nothing"
        " is smoothed. Below each row the white circle is the median and the line spans the middle half of"
        f" the runs.{best_found}"
    )
