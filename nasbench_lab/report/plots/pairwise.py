"""Every pair of algorithms: how often a run of one beats a run of the other, and if that is shown."""

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.plots.style import STYLE, count, looks, panels, wrapped
from nasbench_lab.report.tables import Tables

# Diverging and safe for colour-blind readers: blue if the row is better, red if it is worse.
COLOUR_MAP = "RdBu"


@matplotlib.rc_context(STYLE)
def draw(results: Results, tables: Tables) -> Figure:
    """A12, the probability that a run of the row beats a run of the column, one matrix per task.

    Bold numbers with a star mark pairs that are shown to differ after Holm's correction (p < 0.05).
    """
    shown = looks(results)
    names = [f"{wrapped(look.name, 36)}  {place}" for place, look in enumerate(shown.values(), 1)]
    side = 0.33 * len(shown)
    figure, axes = panels(results.tasks, max(1.5, side + 0.2), max(1.9, side + 0.6), names=names)
    figure.set_figwidth(figure.get_figwidth() + 0.9)
    colours = ScalarMappable(Normalize(0, 1), matplotlib.colormaps[COLOUR_MAP])
    for panel, task in zip(axes, results.tasks, strict=True):
        _draw_task(panel, tables.pairwise[tables.pairwise["task"] == task.name], list(shown))
    axes[0].set_yticks(np.arange(len(shown)) + 0.5, names, rotation=0)
    bar = figure.colorbar(
        colours, ax=axes, shrink=min(1.0, 2.2 / figure.get_figheight()), aspect=14, pad=0.02
    )
    for panel in axes:
        # The colour bar would pull square panels towards it, away from the room made for the names.
        panel.set_anchor("W")
    bar.set_label("Probability that row\nbeats column (A12)")
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1])
    bar.outline.set_visible(False)
    return figure


def _draw_task(axes: Axes, pairs: pd.DataFrame, labels: list[str]) -> None:
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
        annot_kws={"fontsize": 6.5},
        cbar=False,
        square=True,
        ax=axes,
    )
    for row, column in np.argwhere(np.isnan(chance) & ~np.eye(len(labels), dtype=bool)):
        axes.text(column + 0.5, row + 0.5, "–", fontsize=6.5, ha="center", va="center")
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
