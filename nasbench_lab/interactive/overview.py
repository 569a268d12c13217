"""A comparison at a glance: a few lines of text, or the summary as a table for a notebook."""

from pathlib import Path

import numpy as np

from nasbench_lab.comparison.results import Results
from nasbench_lab.interactive.markup import note, table
from nasbench_lab.report.plots.style import count
from nasbench_lab.report.tables import Tables, rows_of
from nasbench_lab.report.verdicts import against_the_best
from nasbench_lab.report.wording import names_of
from nasbench_lab.search.card import TaskCard

LINES = 10
"""The most tasks that are shown as text."""
ROWS = 40
"""The most rows of all tables in a notebook together; the first task is always shown."""


def as_lines(results: Results, folder: Path) -> str:
    """The name, the algorithms, the runs, and the best mean of each task."""
    names = names_of(results)
    lengths = [len(runs) for runs in results.runs.values()]
    lines = [
        f"Comparison {results.name} in {folder}: {_amount(len(results.algorithms), 'algorithm')},"
        f" {count(lengths)} runs each"
    ]
    for card in results.tasks[:LINES]:
        means = {
            label: float(np.mean(final[~np.isnan(final)]))
            for label in results.algorithms
            if not np.isnan(final := results.runs[card.name, label].final()).all()
        }
        if means:
            leader = max(means, key=means.__getitem__)
            lines.append(f"  {card.title}: best mean {card.shown(means[leader])}, {names[leader]}")
        else:
            lines.append(f"  {card.title}: no run gave a result")
    if len(results.tasks) > LINES:
        lines.append(f"  and {_amount(len(results.tasks) - LINES, 'more task')}")
    return "\n".join(lines)


def as_html(results: Results, tables: Tables, folder: Path) -> str:
    """One table per task: mean and standard deviation, runs, and the verdict against the best mean."""
    shown = max(1, ROWS // len(results.algorithms))
    parts = [_task_table(results, tables, card) for card in results.tasks[:shown]]
    left = len(results.tasks) - shown
    if left > 0:
        parts.append(note(f"{_amount(left, 'more task')}: see the attribute summary, or the report."))
    report = folder / "report.html"
    if report.exists():
        parts.append(note(f"Report: {report}"))
    return "\n".join(parts)


def _task_table(results: Results, tables: Tables, card: TaskCard) -> str:
    names = names_of(results)
    verdicts = against_the_best(tables, card)
    optimum = "" if card.optimum is None else f", optimum {card.number(card.optimum)}"
    rows = [
        [
            names[row["algorithm"]],
            f"{card.number(row['mean'])} ± {card.number(row['std'])}",
            f"{row['runs'] - row['failed_runs']}",
            verdicts[row["algorithm"]],
        ]
        for row in rows_of(tables.summary[tables.summary["task"] == card.name])
    ]
    unit = " (%)" if card.in_percent else ""
    mean = f"Mean ± std{unit}"
    return table(
        ["Algorithm", mean, "n", "Against the best"],
        rows,
        caption=f"{card.title}{optimum}; {card.reported}",
        numbers=(mean, "n"),
        bold=[position for position, row in enumerate(rows) if row[3] == "best mean"],
    )


def _amount(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
