"""Output of a comparison at the terminal: a summary at its end, or how to continue after a stop."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nasbench_lab.commands.console import console
from nasbench_lab.comparison.results import Results
from nasbench_lab.report.names import display_names
from nasbench_lab.report.tables import Tables, rows_of
from nasbench_lab.report.wording import amount, four_decimals, four_digits
from nasbench_lab.search.card import TaskCard
from nasbench_lab.statistics.pairwise import p_text


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
            name,
            *(card.number(row[column]) for column in ("mean", "std", "median", "regret_mean")),
            "best mean" if label == best else _against(label, best, pairs),
            style="bold" if label == best else None,
        )
    return table


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
