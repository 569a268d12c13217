"""Every number of a comparison in tables: results in, data frames out, written as CSV and LaTeX.

The same results give the same bytes: each bootstrap starts from the same constant seed.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.report.best import best_of, row_of
from nasbench_lab.report.wording import names_of
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import VALID_ACCURACY
from nasbench_lab.statistics import aggregate, anytime, fronts, pairwise, ranking, summary

SEED = 20190225
BAND_RESAMPLES = 1000
GRID_POINTS = 100
MOST_ARCHITECTURES = 10


@dataclass(frozen=True)
class Tables:
    """The tables of a comparison. Accuracy and regret are in the task's unit; intervals are 95 % intervals.

    Rows follow the order of tasks and algorithms in the results. A failed run is a run in which every
    evaluation failed; it has no accuracy.

    Attributes:
        tasks: one row per task: the searched and the reported quantity, the unit of cost, the optimum.
        final: one row per run: reported accuracy, regret (optimum - accuracy, NaN if the optimum is
            unknown), evaluations, cost, and the cost at which it reached the task's target (NaN: never).
        summary: one row per task and algorithm, over all runs except failed ones: accuracy (std with n - 1,
            interquartile mean with its bootstrap interval), regret, median evaluations and cost, and
            `area_under_curve`. That is the mean accuracy of incumbents over a range of cost, in the metric's
            unit. The range begins when every run of the task (except failed ones) has an incumbent, and
            ends when the last run ends.
        pairwise: one row per task and pair of algorithms: A12 (probability that the first is better, ties
            count half), Mann-Whitney U, its p-value, and Holm's p-value over all pairs of that task.
        ranks: mean rank of each algorithm by median accuracy, 1 is best, over the tasks on which all
            algorithms have runs; Friedman's test and Nemenyi's critical difference, the same in each row.
        rank_pairs: Nemenyi's p-value of each pair; empty with fewer than 2 tasks or 3 algorithms.
        improvement: one row per pair: the probability that the first is better, the mean over `tasks` tasks.
        anytime: regret and accuracy of incumbents against cost, as means with bootstrap intervals. A curve
            begins when all its runs (except failed ones) have an incumbent; all curves of a task end at
            the same cost.
        targets: the share of runs that reach the target, and the expected cost. A task's target is the
            accuracy that half of all runs reach or exceed, all algorithms together. Failed runs count as
            not reaching it.
        recommended: if an algorithm recommends architectures at its end, one row per task and algorithm:
            the accuracy reported for them, beside that of the incumbents of the same runs.
        fronts: if there are several objectives, one row per run: the hypervolume of its archive and its share
            of the true front's, IGD+ to the true front, and the number of points. The values of a point are
            the reported accuracy and the other metrics. See `nasbench_lab.statistics.fronts`.
        front_summary: their means and standard deviations (n - 1), per task and algorithm.
        architectures: the 10 best architectures of each task that runs ended with: `rank`, from 1, equal for
            equal accuracies; `architecture`, as text; `accuracy`, the reported one; `regret`, NaN if the
            optimum is unknown; `runs`, the number of runs that ended with it; `found_by`, these runs by
            algorithm, as text; `valid_accuracy`, the mean over these runs of the accuracy that the search
            saw. Architectures that compute the same and have the same reported accuracy are one.
    """

    tasks: pd.DataFrame
    final: pd.DataFrame
    summary: pd.DataFrame
    pairwise: pd.DataFrame
    ranks: pd.DataFrame
    rank_pairs: pd.DataFrame
    improvement: pd.DataFrame
    anytime: pd.DataFrame
    targets: pd.DataFrame
    recommended: pd.DataFrame
    fronts: pd.DataFrame
    front_summary: pd.DataFrame
    architectures: pd.DataFrame


COLUMNS = {
    "tasks": "task title metric searched reported cost_unit optimum",
    "final": "task algorithm run accuracy regret evaluations cost cost_to_target",
    "summary": "task algorithm runs failed_runs evaluations cost mean std median iqm iqm_low iqm_high best"
    " regret_mean regret_median area_under_curve",
    "pairwise": "task first second runs_first runs_second mean_difference a12 a12_low a12_high u p_value"
    " p_holm verdict",
    "ranks": "algorithm tasks mean_rank friedman_statistic friedman_p critical_difference note",
    "rank_pairs": "first second p_nemenyi",
    "improvement": "first second tasks probability low high",
    "anytime": "task algorithm cost runs regret_mean regret_low regret_high regret_median accuracy_mean"
    " accuracy_low accuracy_high",
    "targets": "task algorithm target runs reached success_rate success_low success_high expected_cost"
    " expected_cost_low expected_cost_high",
    "recommended": "task algorithm runs recommending recommended_mean recommended_std incumbent_mean"
    " regret_mean",
    "fronts": "task algorithm run points hypervolume hypervolume_share igd_plus",
    "front_summary": "task algorithm runs points hypervolume hypervolume_std hypervolume_share"
    " hypervolume_share_std igd_plus igd_plus_std",
    "architectures": "task rank architecture accuracy regret runs found_by valid_accuracy",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class _Cell:
    """All runs of one algorithm on one task, with the values that several tables need.

    `cost` is the cost up to and including each step. `spent` (total cost), `begun` (cost at the first
    incumbent) and `final` (reported accuracy) have one value per run.
    """

    task: TaskCard
    algorithm: str
    runs: Runs
    cost: NDArray[np.float64]
    spent: NDArray[np.float64]
    begun: NDArray[np.float64]
    final: NDArray[np.float64]

    @property
    def usable(self) -> NDArray[np.float64]:
        """Final accuracy of the runs that have one."""
        return self.final[~np.isnan(self.final)]

    @property
    def optimum(self) -> float:
        return np.nan if self.task.optimum is None else self.task.optimum

    @property
    def steps(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], int]:
        """The runs as `nasbench_lab.statistics.anytime` takes them."""
        return self.runs.run_of_step, self.cost, self.runs.test_accuracy, len(self.runs)


def compute_tables(results: Results) -> Tables:
    """Compute all tables of a comparison, finished or not; algorithms without runs on a task have no rows."""
    cells = [
        [
            _cell(task, algorithm, results.runs[task.name, algorithm])
            for algorithm in results.algorithms
            if len(results.runs.get((task.name, algorithm), ()))
        ]
        for task in results.tasks
    ]
    by_task = [row for row in cells if row]
    rows: dict[str, list[Row]] = {name: [] for name in COLUMNS}
    rows["tasks"] = [_task_row(task) for task in results.tasks]
    for row in by_task:
        target = _target(row)
        start = float(np.fmax.reduce(np.concatenate([cell.begun for cell in row])))
        end = max(float(cell.spent.max()) for cell in row)
        for cell in row:
            rows["final"] += _final_rows(cell, target)
            rows["summary"].append(_summary_row(cell, start, end))
            rows["anytime"] += _anytime_rows(cell, end)
            rows["targets"].append(_target_row(cell, target))
            rows["fronts"] += _front_rows(cell)
        if any(~np.isnan(cell.runs.recommended_accuracy).all() for cell in row):
            rows["recommended"] += [_recommended_row(cell) for cell in row]
        rows["pairwise"] += _pairwise_rows(row)
    whole = [row for row in by_task if len(row) == len(results.algorithms)]
    rows["ranks"], rows["rank_pairs"] = _rank_rows(results.algorithms, whole)
    rows["improvement"] = _improvement_rows(results.algorithms, by_task)
    rows["front_summary"] = _front_summary_rows(rows["fronts"])
    names = names_of(results)
    rows["architectures"] = [
        row_of(found, names)
        for task in results.tasks
        for found in best_of(results, task)[:MOST_ARCHITECTURES]
    ]
    return Tables(**{name: pd.DataFrame(rows[name], columns=COLUMNS[name].split()) for name in COLUMNS})


def _cell(task: TaskCard, algorithm: str, runs: Runs) -> _Cell:
    cost = runs.cost(task.cost)
    spent = np.zeros(len(runs))
    # Costs only rise, so the maximum is the cost of a run's last step. A run without steps spent nothing.
    np.maximum.at(spent, runs.run_of_step, cost)
    begun = anytime.first_incumbent(runs.run_of_step, cost, runs.test_accuracy, len(runs))
    return _Cell(task, algorithm, runs, cost, spent, begun, runs.final())


def _task_row(task: TaskCard) -> Row:
    return {
        "task": task.name,
        "title": task.title,
        "metric": task.metric,
        "searched": task.searched,
        "reported": task.reported,
        "cost_unit": task.cost,
        "optimum": np.nan if task.optimum is None else task.optimum,
    }


def _target(cells: list[_Cell]) -> float:
    """The accuracy that half of all runs reach or exceed, all algorithms together; NaN without runs."""
    pooled = np.sort(np.concatenate([cell.usable for cell in cells]))
    return float(pooled[len(pooled) // 2]) if len(pooled) else np.nan


def _final_rows(cell: _Cell, target: float) -> list[Row]:
    evaluations = cell.runs.evaluations
    reached = anytime.cost_to_target(target, *cell.steps)
    return [
        {
            "task": cell.task.name,
            "algorithm": cell.algorithm,
            "run": run,
            "accuracy": accuracy,
            "regret": cell.optimum - accuracy,
            "evaluations": count,
            "cost": spent,
            "cost_to_target": at,
        }
        for run, (accuracy, count, spent, at) in enumerate(
            zip(
                cell.final.tolist(),
                evaluations.tolist(),
                cell.spent.tolist(),
                reached.tolist(),
                strict=True,
            )
        )
    ]


def _summary_row(cell: _Cell, start: float, end: float) -> Row:
    values = cell.usable
    row: Row = dict.fromkeys(COLUMNS["summary"].split(), np.nan) | {
        "task": cell.task.name,
        "algorithm": cell.algorithm,
        "runs": len(cell.runs),
        "failed_runs": len(cell.runs) - len(values),
    }
    if not len(values):
        return row
    done = ~np.isnan(cell.final)
    low, high = summary.interquartile_mean_interval(values, np.random.default_rng(SEED))
    return row | {
        "evaluations": np.median(cell.runs.evaluations[done]),
        "cost": np.median(cell.spent[done]),
        "mean": values.mean(),
        "std": values.std(ddof=1) if len(values) > 1 else np.nan,
        "median": np.median(values),
        "iqm": summary.interquartile_mean(values),
        "iqm_low": low,
        "iqm_high": high,
        "best": values.max(),
        "regret_mean": cell.optimum - values.mean(),
        "regret_median": cell.optimum - np.median(values),
        "area_under_curve": anytime.area_under_curve(start, end, *cell.steps)[done].mean(),
    }


def _anytime_rows(cell: _Cell, end: float) -> list[Row]:
    usable = ~np.isnan(cell.begun)
    if not usable.any():
        return []
    grid = _grid(float(cell.begun[usable].max()), end, whole=cell.task.cost == "evaluations")
    accuracy = anytime.incumbents_at(grid, *cell.steps)[usable]
    band = anytime.mean_band(accuracy, np.random.default_rng(SEED), resamples=BAND_RESAMPLES)
    curves = {
        "cost": grid,
        "regret_mean": cell.optimum - band.mean,
        "regret_low": cell.optimum - band.high,
        "regret_high": cell.optimum - band.low,
        "regret_median": cell.optimum - np.median(accuracy, axis=0),
        "accuracy_mean": band.mean,
        "accuracy_low": band.low,
        "accuracy_high": band.high,
    }
    same = {"task": cell.task.name, "algorithm": cell.algorithm, "runs": len(accuracy)}
    columns = zip(*(curve.tolist() for curve in curves.values()), strict=True)
    return [same | dict(zip(curves, point, strict=True)) for point in columns]


def _grid(start: float, end: float, *, whole: bool) -> NDArray[np.float64]:
    """About `GRID_POINTS` costs, evenly spaced on a logarithmic axis; whole numbers of evaluations."""
    if end <= start:
        return np.array([start])
    if start <= 0:
        return np.append(start, np.geomspace(end / 1000, end, GRID_POINTS - 1))
    grid = np.geomspace(start, end, GRID_POINTS)
    return np.unique(np.rint(grid)) if whole else grid


def _target_row(cell: _Cell, target: float) -> Row:
    at = anytime.cost_to_target(target, *cell.steps)
    rate = anytime.success_rate(~np.isnan(at))
    cost = anytime.expected_running_time(at, cell.spent, np.random.default_rng(SEED))
    return {
        "task": cell.task.name,
        "algorithm": cell.algorithm,
        "target": target,
        "runs": len(at),
        "reached": int(np.sum(~np.isnan(at))),
        "success_rate": rate.value,
        "success_low": rate.low,
        "success_high": rate.high,
        "expected_cost": cost.value,
        "expected_cost_low": cost.low,
        "expected_cost_high": cost.high,
    }


def _recommended_row(cell: _Cell) -> Row:
    recommended = cell.runs.recommended_accuracy
    given = ~np.isnan(recommended)
    mean = _mean(recommended)
    return {
        "task": cell.task.name,
        "algorithm": cell.algorithm,
        "runs": len(cell.runs),
        "recommending": int(given.sum()),
        "recommended_mean": mean,
        "recommended_std": recommended[given].std(ddof=1) if given.sum() > 1 else np.nan,
        "incumbent_mean": _mean(cell.final[given]),
        "regret_mean": cell.optimum - mean,
    }


def _front_rows(cell: _Cell) -> list[Row]:
    """The quality of each run's archive; no rows if there is one objective."""
    card, runs = cell.task, cell.runs
    if not card.objectives or runs.archive is None:
        return []
    higher = [objective.higher for objective in card.objectives]
    seen, reported = (
        np.stack(
            [first if o.name == VALID_ACCURACY else runs.metrics[o.name] for o in card.objectives], axis=1
        )
        for first in (runs.valid_accuracy, runs.archive)
    )
    entered = ~np.isnan(reported).any(axis=1)
    front = np.array(card.front).reshape(-1, len(higher))
    worst = np.array(card.worst)
    whole = fronts.hypervolume(front, worst, higher) if len(front) else np.nan
    rows: list[Row] = []
    for run in range(len(runs)):
        # What entered the archive may have been dominated by what the search saw later.
        steps = np.flatnonzero(entered & (runs.run_of_step == run))
        found = fronts.nondominated(reported[steps[fronts.is_nondominated(seen[steps], higher)]], higher)
        volume = fronts.hypervolume(found, worst, higher) if len(worst) else np.nan
        rows.append(
            {
                "task": card.name,
                "algorithm": cell.algorithm,
                "run": run,
                "points": len(found),
                "hypervolume": volume,
                "hypervolume_share": volume / whole if whole else np.nan,
                "igd_plus": fronts.igd_plus(found, front, worst, higher) if len(front) else np.nan,
            }
        )
    return rows


def _front_summary_rows(rows: list[Row]) -> list[Row]:
    by_cell: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_cell.setdefault((row["task"], row["algorithm"]), []).append(row)
    summaries = []
    for (task, algorithm), runs in by_cell.items():
        summary: Row = {"task": task, "algorithm": algorithm, "runs": len(runs)}
        summary["points"] = float(np.mean([run["points"] for run in runs]))
        for name in ("hypervolume", "hypervolume_share", "igd_plus"):
            values = np.array([run[name] for run in runs])
            summary[name] = values.mean()
            summary[f"{name}_std"] = values.std(ddof=1) if len(values) > 1 else np.nan
        summaries.append(summary)
    return summaries


def _mean(values: NDArray[np.float64]) -> float:
    """The mean of the values present; NaN if there are none."""
    present = values[~np.isnan(values)]
    return float(present.mean()) if len(present) else np.nan


def _pairwise_rows(cells: list[_Cell]) -> list[Row]:
    rows: list[Row] = []
    for one, other in combinations(cells, 2):
        first, second = one.usable, other.usable
        both = len(first) > 0 and len(second) > 0
        low, high = pairwise.vargha_delaney_interval(first, second)
        u, p_value = pairwise.mann_whitney(first, second)
        rows.append(
            {
                "task": one.task.name,
                "first": one.algorithm,
                "second": other.algorithm,
                "runs_first": len(first),
                "runs_second": len(second),
                "mean_difference": first.mean() - second.mean() if both else np.nan,
                "a12": pairwise.vargha_delaney(first, second),
                "a12_low": low,
                "a12_high": high,
                "u": u,
                "p_value": p_value,
            }
        )
    corrected = pairwise.holm(np.array([row["p_value"] for row in rows], dtype=np.float64))
    for row, p_holm in zip(rows, corrected.tolist(), strict=True):
        row["p_holm"] = p_holm
        row["verdict"] = pairwise.verdict(row["a12"], p_holm)
    return rows


def _rank_rows(algorithms: tuple[str, ...], cells: list[list[_Cell]]) -> tuple[list[Row], list[Row]]:
    """The rows of `ranks` and `rank_pairs`, over tasks on which every algorithm has runs."""
    if not cells:
        return [], []
    scores = np.array(
        [[np.median(cell.usable) if len(cell.usable) else np.nan for cell in row] for row in cells]
    )
    comparison = ranking.compare_ranks(scores)
    same = {
        "tasks": len(cells),
        "friedman_statistic": comparison.friedman_statistic if comparison else np.nan,
        "friedman_p": comparison.friedman_p if comparison else np.nan,
        "critical_difference": comparison.critical_difference if comparison else np.nan,
        "note": comparison.note if comparison else "needs 2 tasks and 3 algorithms or more",
    }
    ranks = [
        {"algorithm": algorithm, "mean_rank": rank} | same
        for algorithm, rank in zip(algorithms, ranking.mean_ranks(scores).tolist(), strict=True)
    ]
    if comparison is None:
        return ranks, []
    pairs = [
        {"first": algorithms[i], "second": algorithms[j], "p_nemenyi": comparison.nemenyi_p[i, j]}
        for i, j in combinations(range(len(algorithms)), 2)
    ]
    return ranks, pairs


def _improvement_rows(algorithms: tuple[str, ...], cells: list[list[_Cell]]) -> list[Row]:
    values = [{cell.algorithm: cell.usable for cell in row if len(cell.usable)} for row in cells]
    rows = []
    for one, other in combinations(algorithms, 2):
        shared = [task for task in values if one in task and other in task]
        first, second = [task[one] for task in shared], [task[other] for task in shared]
        low, high = aggregate.improvement_interval(first, second)
        rows.append(
            {
                "first": one,
                "second": other,
                "tasks": len(shared),
                "probability": aggregate.probability_of_improvement(first, second),
                "low": low,
                "high": high,
            }
        )
    return rows


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """The rows of a table, each a dictionary by column name."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
