"""The report: one HTML file with everything about a comparison, to read, print and send on."""

import base64
import json
import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from nasbench_lab.comparison.results import Results
from nasbench_lab.files import readable, replacing
from nasbench_lab.report import findings, wording
from nasbench_lab.report.cautions import cautions
from nasbench_lab.report.names import display_names
from nasbench_lab.report.plots.gallery import captions
from nasbench_lab.report.tables import Tables, rows_of
from nasbench_lab.search.card import TaskCard
from nasbench_lab.statistics.pairwise import p_number

# If an SVG has more bytes than this, its PNG is embedded instead.
LARGEST_SVG = 700_000
INCUMBENTS = {
    "best": "the evaluation with the best validation accuracy, after however many epochs",
    "most-epochs": "the best of the evaluations after the most epochs",
    "recommended": "the architecture that the algorithm recommended at its end, or else the best evaluation",
}
BUDGETS = {
    "budget_evaluations": "evaluations",
    "budget_trainings": "full trainings",
    "budget_seconds": "simulated seconds",
    "budget_real_seconds": "seconds by the clock",
    "target_accuracy": "reached in validation",
}


def write_report(results: Results, tables: Tables, figures_folder: Path, path: Path) -> None:
    """Write the report of a comparison to `path`, complete or not at all.

    The figures are the files that `nasbench_lab.report.plots.gallery.save` wrote to `figures_folder`;
    missing figures are left out. The same results give the same bytes.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        two_decimals=_two_decimals,
        four_digits=wording.four_digits,
        four_decimals=wording.four_decimals,
        amount=wording.amount,
        signed=wording.signed,
        p=p_number,
    )
    text = environment.get_template("report.html.jinja").render(
        results=results,
        names=dict(zip(results.algorithms, display_names(results.algorithms), strict=True)),
        headline=findings.headline(results, tables),
        cautions=cautions(results, tables),
        outcomes=findings.outcomes(results, tables),
        across=findings.across_tasks(results, tables),
        targets=findings.targets(results, tables),
        setup=_setup(results, tables),
        figures=[
            {"name": name, "source": source, "caption": caption}
            for name, caption in captions(results, tables).items()
            if (source := _embedded(figures_folder, name))
        ],
        tasks=[_task(results, tables, task) for task in results.tasks],
        ranks=rows_of(tables.ranks.sort_values("mean_rank", kind="stable")),
        environment={key: _plain(value) for key, value in results.environment.items()},
        specification=json.dumps(results.specification, indent=2),
        configuration=shlex.quote(f"{path.parent.as_posix()}/comparison.json"),
    )
    with replacing(path) as temporary:
        temporary.write_text(readable(text), encoding="utf-8", newline="\n")


def _setup(results: Results, tables: Tables) -> dict[str, str]:
    """The setup of the comparison, as rows of a table."""
    asked = results.specification
    units = dict(BUDGETS)
    if all(task.in_percent for task in results.tasks):
        units["target_accuracy"] = "% validation accuracy reached"
    runs = sorted(set(tables.summary["runs"]))
    setup = {
        "Comparison": results.name,
        "Protocol": results.protocol or "none of the published ones",
        "Algorithms": "; ".join(
            f"{name}: {results.settings[label]}"
            for label, name in zip(results.algorithms, display_names(results.algorithms), strict=True)
        ),
        "Runs": " to ".join(f"{count:,}" for count in dict.fromkeys(runs[:1] + runs[-1:]))
        + " per algorithm and task, each from its own seed",
        "Budget of a run": "; ".join(
            f"{_plain(asked[name])} {unit}" for name, unit in units.items() if asked.get(name)
        )
        or "as in the specification below",
    }
    if asked.get("budget_seconds"):
        included = asked.get("over_budget", "include") == "include"
        setup["Evaluation that exceeds it"] = "counts" if included else "does not count"
    if asked.get("workers", 1) != 1:
        setup["Workers"] = f"{_plain(asked['workers'])}, simulated; the cost is the time on their clock"
    if asked.get("learn_from"):
        setup["Learned from"] = (
            f"{_plain(asked['learn_from'])}, {_plain(asked['learn_from_evaluations'])} evaluations of each,"
            " free of charge"
        )
    if "incumbent" in asked:
        setup["A run reports"] = INCUMBENTS[str(asked["incumbent"])]
    if "root_seed" in asked:
        setup["Seeds"] = f"all derived from root seed {_plain(asked['root_seed'])}"
    by_title = {
        "The search saw": {task.title: task.searched for task in results.tasks},
        "Reported is": {task.title: f"{task.reported}, {task.metric}" for task in results.tasks},
        "Cost is counted in": {task.title: task.cost for task in results.tasks},
    }
    return setup | {what: _once(values) for what, values in by_title.items()}


def _once(values: Mapping[str, str]) -> str:
    """State a value once if all tasks share it; otherwise list each value with its tasks."""
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    titles: dict[str, list[str]] = {}
    for title, value in values.items():
        titles.setdefault(value, []).append(title)
    return "; ".join(f"{value}: {wording.titled(shared)}" for value, shared in titles.items())


def _task(results: Results, tables: Tables, task: TaskCard) -> dict[str, Any]:
    """The data of one task for the template."""
    summary = rows_of(_of(tables.summary, task))
    # Means are compared as printed, so equal numbers are all bold.
    means = [row["mean"] for row in summary if row["mean"] == row["mean"]]
    return {
        "card": task,
        "summary": summary,
        "best_mean": task.number(max(means)) if means else "",
        "leaders": findings.leaders(results, tables, task),
        "pairwise": rows_of(_of(tables.pairwise, task)),
        "targets": rows_of(_of(tables.targets, task)),
        "recommended": rows_of(_of(tables.recommended, task)),
        "fronts": rows_of(_of(tables.front_summary, task)),
        "architectures": rows_of(_of(tables.architectures, task)),
        "pairs": findings.pairs_on(results, tables, task),
    }


def _of(frame: pd.DataFrame, task: TaskCard) -> pd.DataFrame:
    return frame[frame["task"] == task.name]


def _embedded(folder: Path, name: str) -> str:
    """A figure as a data URI: the SVG, or the PNG if the SVG is too large; empty if there is no figure."""
    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    if svg.exists() and (svg.stat().st_size <= LARGEST_SVG or not png.exists()):
        return "data:image/svg+xml;base64," + base64.b64encode(svg.read_bytes()).decode()
    if png.exists():
        return "data:image/png;base64," + base64.b64encode(png.read_bytes()).decode()
    return ""


def _two_decimals(value: float) -> str:
    """Format a probability, share, rank or statistic; `TaskCard.number` formats values of a metric."""
    return "–" if math.isnan(value) else f"{value:.2f}"


def _plain(value: object) -> str:
    """A JSON value as text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.12g}"
    return str(value)
