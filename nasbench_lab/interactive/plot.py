"""The figures of a comparison, whole or on axes of one's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nasbench_lab.comparison.results import Results
from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.interactive.selection import chosen_algorithms, chosen_tasks, the_task
from nasbench_lab.report.plots import anytime, final, improvement, pairwise, ranks, targets
from nasbench_lab.report.plots.style import Look, looks
from nasbench_lab.report.tables import Tables


class TaskFigure:
    """A figure with one panel per task.

    Call it without `ax` for the whole figure, as it is written to files, or draw one task on axes of your
    own. These keep the style that you gave them, and no global setting changes.

        figure, ax = plt.subplots()
        results.plot.anytime(ax=ax, algorithms=["random_search", "reinforce"])
        results.plot.anytime().savefig("anytime.pdf")
    """

    def __init__(self, name: str, module: ModuleType, results: Results, tables: Callable[[], Tables]) -> None:
        self._name = name
        self._module = module
        self._results = results
        self._tables = tables

    def __repr__(self) -> str:
        return f"<results.plot.{self._name}(ax=None, task=None, algorithms=None, *, title=True, legend=True)>"

    @overload
    def __call__(
        self,
        ax: None = None,
        task: str | None = None,
        algorithms: str | Sequence[str] | None = None,
        *,
        title: bool = True,
        legend: bool = True,
    ) -> Figure: ...

    @overload
    def __call__(
        self,
        ax: Axes,
        task: str | None = None,
        algorithms: str | Sequence[str] | None = None,
        *,
        title: bool = True,
        legend: bool = True,
    ) -> Axes: ...

    def __call__(
        self,
        ax: Axes | None = None,
        task: str | None = None,
        algorithms: str | Sequence[str] | None = None,
        *,
        title: bool = True,
        legend: bool = True,
    ) -> Figure | Axes:
        """Draw the figure, or one task of it on axes.

        Args:
            ax: the axes; by default a new figure is made.
            task: its name. Axes show one task; a figure shows all of them by default.
            algorithms: one label or several; by default all. They keep their colours.
            title: whether the axes get the task's title.
            legend: whether the axes name the algorithms: in a legend, in `final` beside the rows, and in
                `pairwise` by a bar of the colours.

        Returns:
            The axes, or the figure if none were given.

        Raises:
            UsageError: a name is unknown; axes are given and the comparison has several tasks, but none is
                named; a figure is asked for without its title or legend.
        """
        _check_axes(ax)
        shown = _looks(self._results, algorithms)
        if self._module is pairwise and len(shown) < 2:
            raise UsageError(f"pairwise compares 2 algorithms or more; received {', '.join(shown)}")
        if ax is None:
            if not (title and legend):
                raise UsageError("title and legend are settings of axes; give ax, or leave them out")
            results = replace(self._results, tasks=chosen_tasks(self._results, task))
            figure: Figure = self._module.draw(results, self._tables(), shown)
            return figure
        card = the_task(self._results, task)
        self._module.draw_on(ax, card, self._tables(), shown, title=title, legend=legend)
        return ax


class WholeFigure:
    """A figure across tasks.

    Call it without `ax` for the figure as it is written to files, or draw it on axes of your own.

        figure, ax = plt.subplots(figsize=(6, 2))
        results.plot.ranks(ax=ax)
    """

    def __init__(
        self, name: str, needs: str, module: ModuleType, results: Results, tables: Callable[[], Tables]
    ) -> None:
        self._name = name
        self._needs = needs
        self._module = module
        self._results = results
        self._tables = tables

    def __repr__(self) -> str:
        return f"<results.plot.{self._name}(ax=None)>"

    @overload
    def __call__(self, ax: None = None) -> Figure: ...

    @overload
    def __call__(self, ax: Axes) -> Axes: ...

    def __call__(self, ax: Axes | None = None) -> Figure | Axes:
        """Draw the figure, or the same on axes.

        Returns:
            The axes, or the figure if none were given.

        Raises:
            UsageError: the comparison has too few tasks or algorithms for it.
        """
        _check_axes(ax)
        tables = self._tables()
        if not self._module.computable(tables):
            raise UsageError(
                f"{self._name} needs {self._needs}; this comparison has {len(self._results.tasks)} and"
                f" {len(self._results.algorithms)}"
            )
        if ax is None:
            figure: Figure = self._module.draw(self._results, tables)
            return figure
        self._module.draw_on(ax, self._results, tables)
        return ax


class Plot:
    """The figures of a comparison: `results.plot.anytime()`, `results.plot.final(ax=ax)`, ...

    Attributes:
        anytime: regret of the incumbents against cost.
        final: the results of all runs.
        pairwise: how often a run of one algorithm beats a run of another.
        targets: the share of runs that reached the target, against cost.
        ranks: mean ranks over tasks, with the critical difference.
        improvement: the probability that one algorithm beats another, over tasks.
    """

    anytime: TaskFigure
    final: TaskFigure
    pairwise: TaskFigure
    targets: TaskFigure
    ranks: WholeFigure
    improvement: WholeFigure

    def __init__(self, results: Results, tables: Callable[[], Tables]) -> None:
        self.anytime = TaskFigure("anytime", anytime, results, tables)
        self.final = TaskFigure("final", final, results, tables)
        self.pairwise = TaskFigure("pairwise", pairwise, results, tables)
        self.targets = TaskFigure("targets", targets, results, tables)
        self.ranks = WholeFigure("ranks", "2 tasks and 3 algorithms or more", ranks, results, tables)
        self.improvement = WholeFigure(
            "improvement", "2 tasks and 2 algorithms or more", improvement, results, tables
        )

    def __dir__(self) -> list[str]:
        return list(type(self).__annotations__)

    def __repr__(self) -> str:
        return f"<Figures of a comparison: {', '.join(dir(self))}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise UnknownFigure(str(unknown_name("figure", name, dir(self))))


class UnknownFigure(UsageError, AttributeError):  # noqa: N818 -- the name says it
    """A figure that does not exist; an `AttributeError` too, as Python asks for one."""


def _looks(results: Results, algorithms: str | Sequence[str] | None) -> Mapping[str, Look]:
    every = looks(results)
    return {label: every[label] for label in chosen_algorithms(results, algorithms)}


def _check_axes(ax: object) -> None:
    if ax is not None and not isinstance(ax, Axes):
        kind = type(ax).__name__
        raise UsageError(
            f"ax is one Axes of Matplotlib, such as plt.subplots()[1]; received a value of {kind}"
        )
