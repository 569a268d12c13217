"""Every pair of algorithms: how often a run of one beats a run of the other, and if that is shown."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.plots.style import STYLE, Look, count, label_own_axes, looks, panels, wrapped
from nasbench_lab.report.tables import Tables
from nasbench_lab.search.card import TaskCard

# Diverging and safe for colour-blind readers: blue if the row is better, red if it is worse.
COLOUR_MAP = "RdBu"


@matplotlib.rc_context(STYLE)
def draw(results: Results, tables: Tables, shown: Mapping[str, Look] | None = None) -> Figure:
    """A12, the probability that a run of the row beats a run of the column, one matrix per task.

    Bold numbers with a star mark pairs that are shown to differ after Holm's correction (p < 0.05).
    """
    shown = looks(results) if shown is None else shown
    side = 0.33 * len(shown)
    figure, axes = panels(results.tasks, max(1.5, side + 0.2), max(1.9, side + 0.6), names=_names(shown))
    figure.set_figwidth(figure.get_figwidth() + 0.9)
    for panel, task in zip(axes, results.tasks, strict=True):
        _draw_task(panel, _pairs(tables, task, shown), list(shown))
    _name_rows(axes[0], shown)
    _colour_bar(figure, axes, shrink=min(1.0, 2.2 / figure.get_figheight()))
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
    """Draw one task on axes that stand alone, with labels; the legend is a bar of the colours beside them."""
    _draw_task(axes, _pairs(tables, task, shown), list(shown))
    _name_rows(axes, shown)
    label_own_axes(axes, "", "", task.title if title else "")
    figure = axes.figure
    if legend and figure is not None:
        _colour_bar(figure, [axes])


def _pairs(tables: Tables, task: TaskCard, shown: Mapping[str, Look]) -> pd.DataFrame:
    pairs = tables.pairwise[tables.pairwise["task"] == task.name]
    return pairs[pairs["first"].isin(list(shown)) & pairs["second"].isin(list(shown))]


def _names(shown: Mapping[str, Look]) -> list[str]:
    return [f"{wrapped(look.name, 36)}  {place}" for place, look in enumerate(shown.values(), 1)]


def _name_rows(axes: Axes, shown: Mapping[str, Look]) -> None:
    axes.set_yticks(np.arange(len(shown)) + 0.5, _names(shown), rotation=0)


def _colour_bar(figure: Figure | SubFigure, axes: Sequence[Axes], shrink: float = 1.0) -> None:
    colours = ScalarMappable(Normalize(0, 1), matplotlib.colormaps[COLOUR_MAP])
    bar = figure.colorbar(colours, ax=axes, shrink=shrink, aspect=14, pad=0.02)
    for panel in axes:
        # The colour bar would pull square panels towards it, away from the room made for the names.
        panel.set_anchor("W")
    bar.set_label("Probability that row\nbeats column (A12)")
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1])
    bar.outline.set_visible(False)


def _draw_task(axes: Axes, pairs: pd.DataFrame, labels: list[str]) -> None:
    # Smaller than other text: the numbers of ten algorithms must fit their cells.
    fontsize = 0.8125 * matplotlib.rcParams["font.size"]
    place = {label: position for position, label in enumerate(labels)}
    chance = np.full((len(labels), len(labels)), np.nan)
    shown = np.zeros_like(chance, dtype=bool)
    for pair in pairs.to_dict("records"):
        one, two = place[pair["first"]], place[pair["second"]]
        chance[one, two], chance[two, one] = pair["a12"], 1 - pair["a12"]
        shown[[one, two], [two, one]] = pair["p_holm"] < 0.05
    texts = np.char.add(np.vectorize("{:.2f}".format)(chance), np.where(shown, "*", ""))
    seaborn.heatmap(
        chance,
        vmin=0,
        vmax=1,
        cmap=COLOUR_MAP,
        xticklabels=False,
        yticklabels=False,
        annot=texts,
        fmt="",
        annot_kws={"fontsize": fontsize},
        cbar=False,
        square=True,
        ax=axes,
    )
    for row, column in np.argwhere(np.isnan(chance) & ~np.eye(len(labels), dtype=bool)):
        axes.text(column + 0.5, row + 0.5, "–", fontsize=fontsize, ha="center", va="center")
    for text in axes.texts:
        text.set_fontweight("bold" if text.get_text().endswith("*") else "normal")
        # The text fits inside its cell, and measuring hundreds of texts for the layout is slow.
        text.set_in_layout(False)
    axes.set_xticks(np.arange(len(labels)) + 0.5, [str(position + 1) for position in range(len(labels))])
    axes.tick_params(length=0)


def caption(results: Results, tables: Tables) -> str:
    """Describe the figure and how to read it."""
    return (
        "Each cell is A12 (Vargha & Delaney), the probability that one run of the row's algorithm ends"
        " better than one run of the column's, ties counting half: 0.50 is no difference, blue is better"
        f" for the row. n = {count(tables.summary['runs'])} runs per algorithm and task. Bold with a star:"
        " shown to differ (Mann-Whitney U test, two-sided, p < 0.05 after Holm's correction). No star"
        " means that no difference was shown, not that there is none."
    )
