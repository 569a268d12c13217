"""Probability of improvement: how often a run of one algorithm beats a run of another, over all tasks."""

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.plots.style import STYLE, ShownFigure, count, looks, plain, width_of
from nasbench_lab.report.tables import Tables

UNDECIDED = "#777777"


def computable(tables: Tables) -> bool:
    """Whether any pair of algorithms has results on two tasks or more."""
    return len(tables.improvement) > 0 and bool((tables.improvement["tasks"] > 1).any())


@matplotlib.rc_context(STYLE)
def draw(results: Results, tables: Tables) -> Figure:
    """One line per pair of algorithms: the likelier winner is named first, the clearest pair is on top."""
    names = _names(results, tables)
    figure = ShownFigure(figsize=(3.4 + width_of(names), 0.8 + 0.19 * len(names)), layout="constrained")
    draw_on(figure.subplots(), results, tables)
    return figure


def _pairs(tables: Tables) -> list[tuple[float, float, float, str, str]]:
    """The probability, its interval, the likelier winner and the loser of each pair, the clearest first."""
    pairs = []
    for pair in tables.improvement.to_dict("records"):
        probability, low, high = pair["probability"], pair["low"], pair["high"]
        if probability >= 0.5:
            pairs.append((probability, low, high, pair["first"], pair["second"]))
        elif probability < 0.5:
            pairs.append((1 - probability, 1 - high, 1 - low, pair["second"], pair["first"]))
    return sorted(pairs, key=lambda pair: -pair[0])


def _names(results: Results, tables: Tables) -> list[str]:
    shown = looks(results)
    return [plain(f"{shown[winner].name} over {shown[loser].name}") for *_, winner, loser in _pairs(tables)]


def draw_on(axes: Axes, results: Results, tables: Tables) -> None:
    """Draw all pairs on axes, with labels; a pair needs about 0.2 inches of their height."""
    shown, pairs = looks(results), _pairs(tables)
    for row, (probability, low, high, winner, _) in enumerate(pairs):
        look, decided = shown[winner], low > 0.5
        colour = look.colour if decided else UNDECIDED
        axes.plot([low, high], [row, row], color=colour, linewidth=2 if decided else 1, solid_capstyle="butt")
        face = colour if decided else "white"
        axes.plot([probability], [row], marker=look.marker, markersize=5, color=colour, markerfacecolor=face)
    axes.axvline(0.5, color="black", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(pairs)), _names(results, tables))
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    axes.set_xlim(min(0.45, *(low - 0.02 for _, low, *_ in pairs)), 1.005)
    axes.grid(True, axis="x")
    axes.set_xlabel("Probability of improvement (0.5: as often better as worse)")


def caption(results: Results, tables: Tables) -> str:
    """Describe the figure and how to read it."""
    return (
        "Probability that a run of the first algorithm ends better than a run of the second on the same"
        f" task, averaged over n = {count(tables.improvement['tasks'])} tasks with"
        f" {count(tables.summary['runs'])} runs per algorithm and task. Lines are 95 % intervals"
        " over runs: they speak of these tasks, not of others. Grey and hollow: the interval includes 0.5."
    )
