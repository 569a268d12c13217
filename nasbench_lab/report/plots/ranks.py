"""Critical-difference diagram: mean ranks across tasks, with bars over ranks not shown to differ."""

import math
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.plots.style import STYLE, Look, ShownFigure, looks, wrapped
from nasbench_lab.report.tables import Tables

# Heights in units of a line of text, downwards from the axis of ranks.
BAR_HEIGHT, LABEL_HEIGHT = 0.55, 1.0


def computable(tables: Tables) -> bool:
    """Whether there are ranks with a critical difference to draw."""
    return len(tables.rank_pairs) > 0 and bool(np.isfinite(tables.ranks["critical_difference"]).all())


@matplotlib.rc_context(STYLE)
def draw(results: Results, tables: Tables) -> Figure:
    """Mean rank of each algorithm over the tasks (Demšar 2006); bars join ranks not shown to differ."""
    figure = ShownFigure(figsize=(6.6, 0.19 * (_depth(tables) + 5.6)), layout="constrained")
    draw_on(figure.subplots(), results, tables)
    return figure


def draw_on(axes: Axes, results: Results, tables: Tables) -> None:
    """Draw the diagram on axes, with about one line of text for each 0.2 inches of their height."""
    shown = looks(results)
    ranks = _ranks(tables)
    bars = cliques(list(ranks.index), tables)
    left = math.ceil(len(ranks) / 2)
    depth = _depth(tables)
    axes.set_xlim(1 - 0.1, len(ranks) + 0.1)
    axes.set_ylim(depth + 0.4, -2.1)
    _draw_scale(axes, len(ranks), float(tables.ranks["critical_difference"].iloc[0]))
    for level, (first, last) in enumerate(bars):
        axes.plot(
            [ranks[first] - 0.04, ranks[last] + 0.04],
            [BAR_HEIGHT * (level + 1)] * 2,
            color="black",
            linewidth=3,
            solid_capstyle="butt",
            zorder=2.5,
            gid=f"not-shown-to-differ-{level}",
        )
    for position, (label, rank) in enumerate(ranks.items()):
        on_left = position < left
        line = position if on_left else len(ranks) - 1 - position
        height = BAR_HEIGHT * len(bars) + 0.9 + LABEL_HEIGHT * line
        _draw_algorithm(axes, shown[str(label)], float(rank), height, len(ranks), on_left=on_left)


def _ranks(tables: Tables) -> "pd.Series[float]":
    return tables.ranks.set_index("algorithm")["mean_rank"].sort_values()


def _depth(tables: Tables) -> float:
    """The lines of text from the axis of ranks down to the lowest algorithm."""
    ranks = _ranks(tables)
    bars = cliques(list(ranks.index), tables)
    return BAR_HEIGHT * len(bars) + 0.9 + LABEL_HEIGHT * (math.ceil(len(ranks) / 2) - 1)


def cliques(ordered: list[str], tables: Tables) -> list[tuple[str, str]]:
    """First and last algorithm of each longest group of neighbours in rank without a shown difference.

    The Nemenyi p-value falls as the difference in rank grows, so the two ends decide for the whole group.
    """
    p_values = {
        frozenset((pair["first"], pair["second"])): pair["p_nemenyi"]
        for pair in tables.rank_pairs.to_dict("records")
    }
    found: list[tuple[str, str]] = []
    reached = 0
    for start, label in enumerate(ordered):
        end = start
        while end + 1 < len(ordered) and p_values[frozenset((label, ordered[end + 1]))] >= 0.05:
            end += 1
        if end > max(start, reached):
            found.append((label, ordered[end]))
        reached = max(reached, end)
    return found


def _draw_scale(axes: Axes, algorithms: int, critical_difference: float) -> None:
    axes.spines[["left", "bottom", "right"]].set_visible(False)
    axes.spines["top"].set(visible=True, position=("data", 0), bounds=(1, algorithms))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(range(1, algorithms + 1))
    axes.set_yticks([])
    axes.annotate("Mean rank (1 is best)", (1 - 0.1, 0), **_beside(on_left=True))
    axes.plot(
        [1, 1 + critical_difference],
        [-1.9] * 2,
        color="black",
        linewidth=1,
        marker="|",
        markersize=5,
        clip_on=False,
    )
    axes.annotate(
        f"Critical difference {critical_difference:.2f}",
        (1 + critical_difference, -1.9),
        **_beside(on_left=False),
    )


def _beside(*, on_left: bool) -> dict[str, Any]:
    """Settings of a text just left or right of its point, drawn even outside the axes."""
    return {
        "xytext": (-4 if on_left else 4, 0),
        "textcoords": "offset points",
        "ha": "right" if on_left else "left",
        "va": "center",
        "annotation_clip": False,
    }


def _draw_algorithm(
    axes: Axes, look: Look, rank: float, height: float, algorithms: int, *, on_left: bool
) -> None:
    edge = 1 - 0.1 if on_left else algorithms + 0.1
    axes.plot([edge, rank, rank], [height, height, 0], color=look.colour, linewidth=1.1)
    axes.plot([rank], [0], marker=look.marker, markersize=5, color=look.colour, zorder=3, clip_on=False)
    name = wrapped(look.name, 36)
    axes.annotate(
        f"{name}  {rank:.2f}" if on_left else f"{rank:.2f}  {name}",
        (edge, height),
        **_beside(on_left=on_left),
    )


def caption(results: Results, tables: Tables) -> str:
    """Describe the figure and how to read it."""
    ranks = tables.ranks.iloc[0]
    return (
        f"Mean rank of each algorithm over n = {ranks['tasks']:.0f} tasks, 1 being best. Black bars join"
        " algorithms whose ranks are not shown to differ (Nemenyi test at 0.05); the line at the top"
        f" is the critical difference, {ranks['critical_difference']:.2f}. Ranks see the order of the"
        " algorithms on each task, not by how much they differ."
    )
