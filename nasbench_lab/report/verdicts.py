"""The verdict on each algorithm of a task, in a few words: how it compares with the best mean."""

import pandas as pd

from nasbench_lab.report.tables import Tables
from nasbench_lab.search.card import TaskCard
from nasbench_lab.statistics.pairwise import p_text


def against_the_best(tables: Tables, task: TaskCard) -> dict[str, str]:
    """The verdict on each algorithm, by its label: `best mean`, `worse, p = 0.009`, `no difference shown`.

    It is empty for an algorithm that cannot be compared, because every run of it failed.
    """
    summary = tables.summary[tables.summary["task"] == task.name].set_index("algorithm")
    pairs = tables.pairwise[tables.pairwise["task"] == task.name]
    best = str(summary["mean"].idxmax()) if summary["mean"].notna().any() else None
    return {
        str(label): "best mean" if label == best else _against(str(label), best, pairs)
        for label in summary.index
    }


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
