"""The results of a comparison, to work with in Python and notebooks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, overload

import pandas as pd

from nasbench_lab.comparison.results import Results
from nasbench_lab.interactive import frames
from nasbench_lab.interactive.best import BestArchitectures, best
from nasbench_lab.interactive.overview import as_html, as_lines
from nasbench_lab.interactive.plot import Plot
from nasbench_lab.report.tables import Tables, compute_tables
from nasbench_lab.report.writing import draw


class _Table(property):
    """A table of `ComparisonResults`, by the name of its attribute.

    A property, so that tab completion does not compute it to look at it.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, results: None, owner: type | None = None) -> "_Table": ...

    @overload
    def __get__(self, results: "ComparisonResults", owner: type | None = None) -> pd.DataFrame: ...

    def __get__(self, results: Any, owner: type | None = None) -> Any:
        return self if results is None else getattr(results.tables, self._name).copy()


class ComparisonResults:
    """The results of a comparison: its tables as data frames, its runs, and its figures.

        results = nasbench_lab.load("results/default")
        results.summary[["algorithm", "mean", "std"]]
        results.best(3)
        results.plot.anytime(ax=ax)

    The tables `tasks`, `final`, `summary`, `pairwise`, `ranks`, `rank_pairs`, `improvement`, `anytime`,
    `targets`, `recommended`, `fronts`, `front_summary` and `architectures` equal the CSV files in the folder
    `tables`. Their columns are described at `nasbench_lab.report.tables.Tables`. They are computed together,
    when the first is asked for. Each time, a copy is given, which you may change.

    Attributes:
        folder: the folder of the stored comparison.
        stored: the runs as arrays, and the cards of the tasks.
        plot: the figures, whole or on axes of your own; see `Plot`.
    """

    tasks = _Table()
    final = _Table()
    summary = _Table()
    pairwise = _Table()
    ranks = _Table()
    rank_pairs = _Table()
    improvement = _Table()
    anytime = _Table()
    targets = _Table()
    recommended = _Table()
    fronts = _Table()
    front_summary = _Table()
    architectures = _Table()

    def __init__(self, stored: Results, folder: Path, tables: Tables | None = None) -> None:
        self.stored = stored
        self.folder = folder
        self.plot = Plot(stored, lambda: self.tables)
        self._tables = tables

    @property
    def tables(self) -> Tables:
        """All tables; computed once."""
        if self._tables is None:
            self._tables = compute_tables(self.stored)
        return self._tables

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The labels of the algorithms, as they stand in the tables."""
        return self.stored.algorithms

    @property
    def settings(self) -> Mapping[str, str]:
        """The function and all hyperparameters of each algorithm, as text, by its label."""
        return self.stored.settings

    @property
    def protocol(self) -> str:
        """The published protocol's name and its changed settings; empty if there is none."""
        return self.stored.protocol

    def evaluations(self, task: str | None = None, algorithm: str | None = None) -> pd.DataFrame:
        """One row per evaluation, in the order of tasks, algorithms, runs and steps.

            results.evaluations(algorithm="reinforce").groupby("step")["valid_accuracy"].mean()

        The columns are `task`, `algorithm`, `run` and `step` (both from 0), `architecture` as text,
        `valid_accuracy` (NaN if the training failed), `epochs` (0 if nothing was trained), `seconds` of this
        evaluation, `clock` (seconds from the start of the search to its end), `source`, and one column for
        each other metric that the search saw. None of them is a reported accuracy: only the incumbents have
        one. Texts are categories, since a million rows share a few thousand architectures.

        Args:
            task, algorithm: a name; by default all of them.

        Raises:
            UsageError: a name is unknown.
        """
        return frames.evaluations(self.stored, task, algorithm)

    def incumbents(self, task: str | None = None, algorithm: str | None = None) -> pd.DataFrame:
        """One row per new incumbent: each time that a run found a better architecture.

            results.incumbents().groupby(["task", "algorithm", "run"]).last()

        The columns are `task`, `algorithm`, `run` (from 0), `evaluations` and `cost` of the run so far,
        `architecture` as text, `valid_accuracy`, `accuracy` (the reported one), and `regret` (NaN if the
        optimum is unknown). An architecture that was recommended at the end of a run follows as its last
        incumbent if the comparison reports recommendations; its `valid_accuracy` is NaN.

        Args:
            task, algorithm: a name; by default all of them.

        Raises:
            UsageError: a name is unknown.
        """
        return frames.incumbents(self.stored, task, algorithm)

    def best(self, n: int = 10, task: str | None = None) -> BestArchitectures:
        """The best architectures that the runs ended with, by reported accuracy.

            results.best(3).frame
            results.best(3).draw()

        Each run counts once, with its last incumbent. Architectures that compute the same and have the same
        reported accuracy are one.

        Args:
            n: the number of architectures of each task.
            task: its name; by default all tasks.

        Raises:
            UsageError: the task is unknown, or `n` is below 1.
        """
        return best(self.stored, n, task)

    def write(self, folder: Path | str | None = None) -> Path:
        """Write tables, figures and the report again, and return their folder.

            results.write("for-the-paper")

        Args:
            folder: by default the folder of the comparison.
        """
        place = self.folder if folder is None else Path(folder).expanduser()
        draw(self.stored, place, self.tables)
        return place

    def __repr__(self) -> str:
        return as_lines(self.stored, self.folder)

    def _repr_html_(self) -> str:
        return as_html(self.stored, self.tables, self.folder)
