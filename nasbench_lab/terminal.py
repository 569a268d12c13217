"""What a comparison shows at the terminal: a progress bar while it runs, a summary at its end."""

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from nasbench_lab.experiment import Progress as Finished
from nasbench_lab.plots import display_names
from nasbench_lab.results import Results, TaskCard
from nasbench_lab.statistics.pairwise import p_text
from nasbench_lab.tables import Tables


class ProgressBar:
    """Runs finished, evaluations a second and the time that is left."""

    def __init__(self, bar: Progress, folder: Path) -> None:
        self._bar = bar
        self._task = bar.add_task(f"searching, into {folder}", total=None, rate="")
        self._start = time.monotonic()

    def advance(self, progress: Finished) -> None:
        """Show how far the searching is."""
        rate = progress.evaluations / max(time.monotonic() - self._start, 1e-9)
        self._bar.update(
            self._task, completed=progress.finished, total=progress.total, rate=f"{rate:,.0f} evaluations/s"
        )

    def drawing(self) -> None:
        """The searching is done; tables and figures come next."""
        self._bar.update(self._task, description="drawing tables and figures", rate="")


@contextmanager
def progress_bar(folder: Path) -> Iterator[ProgressBar]:
    """A live bar on standard error, gone when it ends; silent where that is not a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs  {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield ProgressBar(bar, folder)


def print_interrupted(folder: Path, arguments: Sequence[str]) -> None:
    """Say that what was finished is kept, and how to go on: with the same arguments."""
    again = shlex.join(["python", "-m", "nasbench_lab.compare", *arguments])
    print(f"\nstopped; the finished runs are kept in {folder}. To go on: {again}", file=sys.stderr)


def print_outcome(results: Results, tables: Tables, folder: Path) -> None:
    """The summary of a comparison, and where its report lies."""
    console = Console()
    for card in results.tasks:
        known = "" if card.optimum is None else f", optimum {card.number(card.optimum)}"
        runs = max(len(results.runs[card.name, label]) for label in results.algorithms)
        console.print(f"[bold]{escape(card.title)}[/]: {runs} runs each{known}", highlight=False)
        unit = ", in percent" if card.in_percent else ""
        console.print(f"{escape(card.reported)}{unit}", highlight=False)
        console.print(_task_table(card, results, tables))
    legend = []
    if len(results.algorithms) > 1:
        legend.append(
            "Better, worse: than the algorithm with the best mean, by a Mann-Whitney test, Holm-corrected"
            " over all pairs of the task, p < 0.05."
        )
    if any(card.optimum is not None for card in results.tasks):
        legend.append("Regret: mean distance to the optimum, the best that is listed.")
    if legend:
        console.print(" ".join(legend))
    for what, name in (("Report", "report.html"), ("Figures", "figures"), ("Tables", "tables")):
        console.print(f"{what + ':':<9}{folder / name}", soft_wrap=True, highlight=False)


def _task_table(card: TaskCard, results: Results, tables: Tables) -> Table:
    summary = tables.summary[tables.summary["task"] == card.name].set_index("algorithm")
    pairs = tables.pairwise[tables.pairwise["task"] == card.name]
    best = str(summary["mean"].idxmax()) if summary["mean"].notna().any() else None
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("algorithm")
    for name in ("mean", "std", "median", "regret"):
        table.add_column(name, justify="right")
    table.add_column("against the best")
    rows = summary.to_dict("index")
    for label, name in zip(results.algorithms, display_names(results.algorithms), strict=True):
        row = rows[label]
        table.add_row(
            escape(name),
            *(card.number(row[column]) for column in ("mean", "std", "median", "regret_mean")),
            "best mean" if label == best else _against(label, best, pairs),
            style="bold" if label == best else None,
        )
    return table


def _against(label: str, best: str | None, pairs: pd.DataFrame) -> str:
    rows = pairs[
        ((pairs["first"] == label) & (pairs["second"] == best))
        | ((pairs["first"] == best) & (pairs["second"] == label))
    ]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    if row["verdict"] == "no difference shown":
        return "no difference shown"
    word = "better" if (row["verdict"] == "first better") == (row["first"] == label) else "worse"
    return f"{word}, {p_text(row['p_holm'])}"
