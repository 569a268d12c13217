"""Output of a comparison at the terminal: a summary at its end, or how to continue after a stop."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nasbench_lab.commands.console import console
from nasbench_lab.comparison.results import Results
from nasbench_lab.report.names import display_names
from nasbench_lab.report.tables import Tables, rows_of
from nasbench_lab.report.verdicts import against_the_best
from nasbench_lab.report.wording import amount, four_decimals, four_digits
from nasbench_lab.search.card import TaskCard


def print_interrupted(folder: Path, arguments: Sequence[str]) -> None:
    """Print that finished runs are kept, and the command that continues: the same arguments again."""
    again = shlex.join(["python", "-m", "nasbench_lab.compare", *arguments])
    print(f"\nstopped; the finished runs are kept in {folder}. To go on: {again}", file=sys.stderr)


def print_outcome(results: Results, tables: Tables, folder: Path) -> None:
    """Print the summary of a comparison and the location of its report."""
    out = console()
    for card in results.tasks:
        known = "" if card.optimum is None else f", optimum {card.number(card.optimum)}"
        runs = max(len(results.runs[card.name, label]) for label in results.algorithms)
        out.print(Text(card.title, style="bold").append(f": {runs} runs each{known}", style="not bold"))
        unit = ", in percent" if card.in_percent else ""
        out.print(f"{card.reported}{unit}")
        out.print(_task_table(card, results, tables))
        if found := _best_found(card, tables):
            out.print(found, soft_wrap=True)
        for further in (_recommended_table(card, tables), _fronts_table(card, tables)):
            if further is not None:
                out.print(further)
    legend = []
    if len(results.algorithms) > 1:
        legend.append(
            "Better, worse: than the algorithm with the best mean, by a Mann-Whitney test, Holm-corrected"
            " over all pairs of the task, p < 0.05."
        )
    if any(card.optimum is not None for card in results.tasks):
        legend.append("Regret: mean distance to the optimum, the best that is listed.")
    if legend:
        out.print(" ".join(legend))
    for what, name in (("Report", "report.html"), ("Figures", "figures"), ("Tables", "tables")):
        out.print(f"{what + ':':<9}{folder / name}", soft_wrap=True)


def _task_table(card: TaskCard, results: Results, tables: Tables) -> Table:
    summary = tables.summary[tables.summary["task"] == card.name].set_index("algorithm")
    verdicts = against_the_best(tables, card)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("algorithm")
    for name in ("mean", "std", "median", "regret"):
        table.add_column(name, justify="right")
    table.add_column("against the best")
    rows = summary.to_dict("index")
    for label, name in zip(results.algorithms, display_names(results.algorithms), strict=True):
        row = rows[label]
        table.add_row(
            name,
            *(card.number(row[column]) for column in ("mean", "std", "median", "regret_mean")),
            verdicts[label],
            style="bold" if verdicts[label] == "best mean" else None,
        )
    return table


def _best_found(card: TaskCard, tables: Tables) -> str:
    """The best architecture that a run ended with, in a few lines; empty if every run failed."""
    for row in rows_of(tables.architectures[tables.architectures["task"] == card.name])[:1]:
        runs = f"{row['runs']} run{'s' * (row['runs'] != 1)} ({row['found_by']})"
        return f"Best found: {card.number(row['accuracy'])} in {runs}:\n{row['architecture']}\n"
    return ""


def _recommended_table(card: TaskCard, tables: Tables) -> Table | None:
    """The accuracy of recommended architectures; None if no algorithm recommended one."""
    rows = rows_of(tables.recommended[tables.recommended["task"] == card.name])
    if not rows:
        return None
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("recommended at the end")
    for name in ("runs", "mean", "std", "mean of incumbents"):
        table.add_column(name, justify="right")
    for row, name in zip(rows, display_names([row["algorithm"] for row in rows]), strict=True):
        values = (
            card.number(row[each]) for each in ("recommended_mean", "recommended_std", "incumbent_mean")
        )
        table.add_row(name, f"{row['recommending']} of {row['runs']}", *values)
    return table


def _fronts_table(card: TaskCard, tables: Tables) -> Table | None:
    """The quality of the archives; None if there is one objective."""
    rows = rows_of(tables.front_summary[tables.front_summary["task"] == card.name])
    if not rows:
        return None
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(" and ".join(objective.title for objective in card.objectives))
    for name in ("points", "hypervolume", "share of the true front's", "IGD+"):
        table.add_column(name, justify="right")
    for row, name in zip(rows, display_names([row["algorithm"] for row in rows]), strict=True):
        shares = (four_decimals(row[each]) for each in ("hypervolume_share", "igd_plus"))
        table.add_row(name, amount(row["points"]), four_digits(row["hypervolume"]), *shares)
    return table
