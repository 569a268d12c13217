"""The best architectures found, drawn."""

import math
from collections.abc import Iterable, Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.best import Found, best_of
from nasbench_lab.report.plots.architecture import draw_architecture
from nasbench_lab.report.plots.style import STYLE, ShownFigure, columns_for, count, message, plain
from nasbench_lab.report.tables import Tables

MOST = 3
"""The number of architectures of the only task; of several tasks the best of each is drawn."""


def computable(results: Results) -> bool:
    """Whether there is an architecture whose search space is known."""
    return bool(_to_draw(results))


def draw(results: Results, tables: Tables) -> Figure:
    """The best architectures of the only task, or the best one of each task, a panel for each."""
    return draw_found(_to_draw(results))


def draw_found(found: Sequence[Found]) -> Figure:
    """Draw each architecture in a panel of its own, with its rank, accuracy and runs above it."""
    with rc_context(STYLE):
        columns = columns_for(len(found))
        rows = math.ceil(len(found) / columns)
        figure = ShownFigure(figsize=(3.2 * columns, 2.7 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        draw_found_on(grid[: len(found)], found)
        for axes in grid[len(found) :]:
            axes.remove()
    return figure


def draw_found_on(grid: Iterable[Axes], found: Sequence[Found]) -> None:
    """Draw each architecture on axes of its own."""
    several = len({each.card.name for each in found}) > 1
    for axes, each in zip(grid, found, strict=True):
        _draw(axes, each)
        axes.set_title(plain(title_of(each, of_several_tasks=several)))


def title_of(found: Found, *, of_several_tasks: bool) -> str:
    """The rank, the accuracy and the number of runs of an architecture; among several tasks its task, too."""
    runs = found.runs.total()
    task = f"{found.card.title}\n" if of_several_tasks else ""
    return f"{task}{found.rank}. {found.card.shown(found.accuracy)}, {runs} run{'s' * (runs != 1)}"


def caption(results: Results, tables: Tables) -> str:
    """Describe the figure and how to read it."""
    which = f"{MOST} best architectures" if len(results.tasks) == 1 else "best architecture of each task"
    return (
        f"The {which} that runs ended with, with the reported accuracy and the number of runs that ended"
        f" there, of n = {count(tables.summary['runs'])} runs per algorithm and task. They are the best by"
        " that accuracy itself, so it flatters them. The table of architectures names the algorithms that"
        " found them."
    )


def _to_draw(results: Results) -> list[Found]:
    most = MOST if len(results.tasks) == 1 else 1
    found = [each for card in results.tasks for each in best_of(results, card)[:most]]
    return [each for each in found if each.space is not None]


def _draw(axes: Axes, found: Found) -> None:
    if found.space is None:
        axes.set_axis_off()
        message(axes, f"{found.text}: its search space cannot be found")
    else:
        draw_architecture(axes, found.space, found.architecture)
