"""The tables of a comparison as CSV and LaTeX files."""

import string
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbench_lab.report.tables import Row, Tables, rows_of
from nasbench_lab.search.card import decimals, in_percent
from nasbench_lab.statistics import pairwise


def write_tables(tables: Tables, folder: Path) -> None:
    """Write each table as `NAME.csv`, and those short enough for a paper as `NAME.tex`.

    CSV files hold every digit: reading them back gives the same numbers. LaTeX files are for `\\input`. They
    hold a `tabular` that needs the `booktabs` package, with rounded numbers and `--` for missing values.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for field in fields(tables):
        frame: pd.DataFrame = getattr(tables, field.name)
        if frame.empty and field.name in OPTIONAL:
            continue
        (folder / f"{field.name}.csv").write_text(
            frame.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="\n"
        )
    for name, columns in _LATEX.items():
        if getattr(tables, name).empty and name in OPTIONAL:
            continue
        text = _tabular(name, getattr(tables, name), columns, tables.tasks)
        (folder / f"{name}.tex").write_text(text, encoding="utf-8", newline="\n")


OPTIONAL = ("recommended", "fronts", "front_summary")
"""The tables that only some comparisons have; empty ones are not written."""
_MEAN = "Mean{percent}"
# Header and cell of each LaTeX column. A cell is a format string over the frame's columns. Its format `p` is
# for p-values, `n` for large numbers and `a` for values of the task's metric. In a header, `{unit}` is the
# unit of cost; `{percent}` and `{points}` are empty unless all metrics are in percent.
_LATEX: dict[str, dict[str, str]] = {
    "summary": {
        "Task": "{task}",
        "Algorithm": "{algorithm}",
        "Runs": "{runs}",
        "Failed": "{failed_runs}",
        "Evaluations": "{evaluations:n}",
        "Cost ({unit})": "{cost:n}",
        _MEAN: "{mean:a}",
        "Std{points}": "{std:a}",
        "Median{percent}": "{median:a}",
        "IQM{percent}": "{iqm:a} [{iqm_low:a}, {iqm_high:a}]",
        "Best{percent}": "{best:a}",
        "Mean regret{points}": "{regret_mean:a}",
    },
    "pairwise": {
        "Task": "{task}",
        "First": "{first}",
        "Second": "{second}",
        "Runs": "{runs_first}, {runs_second}",
        "Mean difference{points}": "{mean_difference:a}",
        "$A_{12}$": "{a12:.2f} [{a12_low:.2f}, {a12_high:.2f}]",
        "$U$": "{u:n}",
        "$p$": "{p_value:p}",
        "$p$ (Holm)": "{p_holm:p}",
        "Verdict": "{verdict}",
    },
    "ranks": {
        "Algorithm": "{algorithm}",
        "Tasks": "{tasks}",
        "Mean rank": "{mean_rank:.2f}",
        r"Friedman $\chi^2$": "{friedman_statistic:.2f}",
        "$p$": "{friedman_p:p}",
        "Critical difference": "{critical_difference:.2f}",
    },
    "rank_pairs": {"First": "{first}", "Second": "{second}", "$p$ (Nemenyi)": "{p_nemenyi:p}"},
    "improvement": {
        "First": "{first}",
        "Second": "{second}",
        "Tasks": "{tasks}",
        "Probability that first is better": "{probability:.2f} [{low:.2f}, {high:.2f}]",
    },
    "targets": {
        "Task": "{task}",
        "Algorithm": "{algorithm}",
        "Target{percent}": "{target:a}",
        "Runs": "{runs}",
        "Reached": "{reached}",
        "Success rate": "{success_rate:.2f} [{success_low:.2f}, {success_high:.2f}]",
        "Expected cost ({unit})": "{expected_cost:n} [{expected_cost_low:n}, {expected_cost_high:n}]",
    },
    "recommended": {
        "Task": "{task}",
        "Algorithm": "{algorithm}",
        "Recommending": "{recommending} of {runs}",
        "Recommended{percent}": "{recommended_mean:a}",
        "Std{points}": "{recommended_std:a}",
        "Incumbent{percent}": "{incumbent_mean:a}",
    },
    "front_summary": {
        "Task": "{task}",
        "Algorithm": "{algorithm}",
        "Runs": "{runs}",
        "Points": "{points:.1f}",
        "Hypervolume": "{hypervolume:n}",
        "Share of the true front's": "{hypervolume_share:.4f}",
        "IGD+": "{igd_plus:.4f}",
    },
}
_ESCAPED = str.maketrans(
    {character: f"\\{character}" for character in "_%&#${}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)


class _LatexFormatter(string.Formatter):
    """Format a cell: text is escaped, missing numbers are `--`, minus and infinity are set in math mode.

    Values of the task's metric have `decimals` decimals.
    """

    def __init__(self, decimals: int = 2) -> None:
        self._decimals = decimals

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, str):
            return value.translate(_ESCAPED)
        if np.isnan(value):
            return "--"
        if np.isinf(value):
            return r"$\infty$" if value > 0 else r"$-\infty$"
        if format_spec == "p":
            return pairwise.p_number(value).replace("< ", "$<$").replace("> ", "$>$")
        if format_spec == "n":
            # Three significant digits, but always all digits before the decimal point.
            digits = max(0, 2 - int(np.floor(np.log10(abs(value))))) if value else 0
            format_spec = f".{0 if float(value).is_integer() else digits}f"
        if format_spec == "a":
            format_spec = f".{self._decimals}f"
        if format_spec.endswith("f"):
            # A number that rounds to zero has no sign.
            format_spec = f"z{format_spec}"
        return format(value, format_spec).replace("-", "$-$")


def _tabular(name: str, frame: pd.DataFrame, columns: Mapping[str, str], tasks: pd.DataFrame) -> str:
    """A table as a LaTeX `tabular`; only the first row of a task names it."""
    metrics = dict(zip(tasks["task"], tasks["metric"], strict=True))
    percent = all(map(in_percent, metrics.values()))
    said = {
        "{unit}": " or ".join(tasks["cost_unit"].unique()).translate(_ESCAPED),
        "{percent}": r" (\%)" if percent else "",
        "{points}": r" (\% points)" if percent else "",
    }
    headers = list(columns)
    for mark, words in said.items():
        headers = [header.replace(mark, words) for header in headers]
    keys = ("{task}", "{algorithm}", "{first}", "{second}", "{verdict}")
    align = "".join("l" if cell in keys else "r" for cell in columns.values())
    lines = [
        f"% Table {name}, to be \\input; needs \\usepackage{{booktabs}}. Intervals in brackets are 95 %.",
        f"\\begin{{tabular}}{{{align}}}",
        "\\toprule",
        " & ".join(headers) + r" \\",
        "\\midrule",
        *_body(frame, columns, metrics),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _body(frame: pd.DataFrame, columns: Mapping[str, str], metrics: Mapping[str, str]) -> Iterator[str]:
    rows = rows_of(frame)
    task: object = None
    best = _best_means(rows) if _MEAN in columns else {}
    for row in rows:
        formatter = _LatexFormatter(decimals(metrics[row["task"]]) if "task" in row else 2)
        cells = {header: formatter.vformat(cell, (), row) for header, cell in columns.items()}
        # Means are compared as printed, so equal numbers are all bold.
        if row.get("task") in best and cells[_MEAN] == formatter.format_field(best[row["task"]], "a"):
            cells[_MEAN] = f"\\textbf{{{cells[_MEAN]}}}"
        if "Task" in cells:
            if row["task"] == task:
                cells["Task"] = ""
            elif task is not None:
                yield "\\addlinespace"
            task = row["task"]
        yield " & ".join(cells.values()) + r" \\"


def _best_means(rows: list[Row]) -> dict[str, float]:
    """The best mean of each task that has one."""
    best: dict[str, float] = {}
    for row in rows:
        best[row["task"]] = np.fmax(best.get(row["task"], np.nan), row["mean"])
    return {task: mean for task, mean in best.items() if not np.isnan(mean)}
