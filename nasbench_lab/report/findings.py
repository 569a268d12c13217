"""The findings of a comparison, in sentences that a paper could use.

Each sentence states its n, its test and its direction. It claims no more than the test showed: "no
difference shown" never becomes "equal".
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.cautions import cautions
from nasbench_lab.report.tables import Tables, rows_of
from nasbench_lab.report.wording import amount, listed, names_of, signed, titled, within
from nasbench_lab.search.card import TaskCard
from nasbench_lab.statistics.pairwise import p_text


def findings(results: Results, tables: Tables) -> list[str]:
    """All findings: the outcome of each task, results across tasks, every pair, targets, and cautions."""
    return [
        *outcomes(results, tables),
        *across_tasks(results, tables),
        *pairs(results, tables),
        *targets(results, tables),
        *cautions(results, tables),
    ]


def headline(results: Results, tables: Tables) -> str:
    """The main finding, in one paragraph: the leaders on each task."""
    if len(results.algorithms) == 1:
        return " ".join(outcomes(results, tables))
    names = {label: within(name) for label, name in names_of(results).items()}
    led: dict[str, list[str]] = {}
    for task in results.tasks:
        if len(_summary(tables, task)):
            # In the order of the algorithms, so that tasks with the same leaders share a sentence.
            best = sorted(leaders(results, tables, task), key=results.algorithms.index)
            led.setdefault(_who_led(results, tables, task, best, names), []).append(task.title)
    sentences = [f"On {titled(titles)}, {who}." for who, titles in led.items()]
    sentences += [sentence for sentence in across_tasks(results, tables) if "Friedman test" in sentence]
    sentences += [sentence for sentence in cautions(results, tables) if sentence.startswith("Only ")]
    return " ".join(sentences)


def _who_led(
    results: Results, tables: Tables, task: TaskCard, best: Sequence[str], said: Mapping[str, str]
) -> str:
    """Say who led on a task. The leaders come in the order of `best`, with their names from `said`."""
    usable = list(_usable(tables, task))
    best_named = listed([said[label] for label in best])
    if not usable:
        return "no run gave a result"
    if len(results.algorithms) == 1:
        return f"{best_named} was the only algorithm"
    if len(usable) == 1:
        return f"only {best_named} gave results"
    if not best:
        return "no algorithm led: each was shown worse than another"
    if len(best) == 1 and _beats_all(results, tables, task, best[0]):
        return f"{best_named} was shown to be better than every other algorithm"
    if len(best) == 1:
        return (
            f"{best_named} led: no other algorithm was shown to be better, and it was not shown to be better"
            " than every other"
        )
    if len(best) == len(usable):
        return f"no difference was shown between {'any two of ' * (len(best) > 2)}{best_named}"
    return (
        f"{best_named} led: none was shown worse than any other algorithm, and no difference was shown"
        " between them"
    )


def _beats_all(results: Results, tables: Tables, task: TaskCard, leader: str) -> bool:
    """Whether a leader was shown to be better than every other algorithm; leading only means not worse."""
    shown = [
        pair
        for pair in _pairs(tables, task)
        if leader in (pair["first"], pair["second"]) and pair["verdict"] != "no difference shown"
    ]
    return len(shown) == len(results.algorithms) - 1


def leaders(results: Results, tables: Tables, task: TaskCard) -> list[str]:
    """The algorithms that were not shown to be worse than any other, best mean first.

    No difference was shown between any two of them.
    """
    summary = _summary(tables, task)
    worse = {
        pair["second" if pair["verdict"] == "first better" else "first"]
        for pair in _pairs(tables, task)
        if pair["verdict"] != "no difference shown"
    }
    usable = summary[summary["mean"].notna() & ~summary["algorithm"].isin(worse)]
    return [str(label) for label in usable.sort_values("mean", ascending=False, kind="stable")["algorithm"]]


def outcomes(results: Results, tables: Tables) -> list[str]:
    """The leaders of each task and their means."""
    sentences = []
    for task in results.tasks:
        usable = _usable(tables, task)
        best = leaders(results, tables, task)
        sentences.append(_outcome(results, tables, task, best))
        if not usable:
            continue
        top = max(usable, key=lambda label: float(usable[label]["mean"]))
        if top not in best:
            sentences.append(
                f"On {task.title}, {within(names_of(results)[top])} has the highest mean and is yet shown"
                " worse than another algorithm by ranks: a few runs far from the rest decide the means."
            )
    return sentences


def _outcome(results: Results, tables: Tables, task: TaskCard, best: Sequence[str]) -> str:
    names = names_of(results)
    scores = {
        label: f"{within(names[label])} ({_score(task, row)})" for label, row in _usable(tables, task).items()
    }
    unit = ", in percent" if task.in_percent else ""
    measure = (
        f" (mean ± standard deviation over runs{unit}; reported is {within(task.reported)})" if best else ""
    )
    return f"On {task.title}, {_who_led(results, tables, task, best, scores)}{measure}."


def _score(task: TaskCard, row: Mapping[str, Any]) -> str:
    """Mean, spread and n: `94.30 ± 0.21, n = 500`."""
    spread = "" if math.isnan(row["std"]) else f" ± {task.number(row['std'])}"
    return f"{task.number(row['mean'])}{spread}, n = {row['runs'] - row['failed_runs']:,.0f}"


def across_tasks(results: Results, tables: Tables) -> list[str]:
    """Mean ranks with Friedman's and Nemenyi's tests, and the probability of improvement of each pair."""
    names = names_of(results)
    sentences = []
    ranks = tables.ranks.sort_values("mean_rank", kind="stable")
    if len(results.tasks) < 2 or len(results.algorithms) < 2 or ranks.empty:
        return []
    order = [f"{within(names[row['algorithm']])} {row['mean_rank']:.2f}" for row in rows_of(ranks)]
    first = rows_of(ranks)[0]
    sentences.append(
        f"Mean ranks over {first['tasks']:.0f} tasks (1 is best, by median): {', '.join(order)}."
    )
    if not math.isnan(first["friedman_p"]):
        shown = "differ" if first["friedman_p"] < 0.05 else "were not shown to differ"
        statistic = first["friedman_statistic"]
        chi = "" if math.isnan(statistic) else f"χ²({len(ranks) - 1}) = {statistic:.2f}, "
        sentences.append(
            f"Across {first['tasks']:.0f} tasks the ranks of the {len(ranks)} algorithms {shown} (Friedman"
            f" test, {chi}{p_text(first['friedman_p'])})."
        )
    note = str(first.get("note") or "")
    if note and len(results.algorithms) > 2:
        sentences.append(f"On ranks: {note}.")
    apart = [pair for pair in rows_of(tables.rank_pairs) if pair["p_nemenyi"] < 0.05]
    rank = dict(zip(ranks["algorithm"], ranks["mean_rank"], strict=True))
    for pair in apart:
        better, worse = sorted((pair["first"], pair["second"]), key=lambda label: float(rank[label]))
        sentences.append(
            f"Across {first['tasks']:.0f} tasks, {within(names[better])} ranks better than"
            f" {within(names[worse])} (mean ranks {rank[better]:.2f} and {rank[worse]:.2f}; Nemenyi test,"
            f" {p_text(pair['p_nemenyi'])})."
        )
    sentences += [_improvement(pair, names) for pair in rows_of(tables.improvement) if pair["tasks"] > 1]
    return sentences


def _improvement(pair: dict[str, Any], names: dict[str, str]) -> str:
    one, other, chance, low, high = (pair[key] for key in ("first", "second", "probability", "low", "high"))
    if chance < 0.5:
        one, other, chance, low, high = other, one, 1 - chance, 1 - high, 1 - low
    unclear = "; the interval includes 0.5" if low <= 0.5 else ""
    return (
        f"Over {pair['tasks']:.0f} tasks, a run of {within(names[one])} beats a run of"
        f" {within(names[other])} on the same task with probability {chance:.2f} (95 % interval"
        f" {low:.2f} to {high:.2f}, ties counting half{unclear})."
    )


def pairs(results: Results, tables: Tables) -> list[str]:
    """The verdict on each pair of algorithms on each task, the better one named first."""
    return [sentence for task in results.tasks for sentence in pairs_on(results, tables, task)]


def pairs_on(results: Results, tables: Tables, task: TaskCard) -> list[str]:
    """The verdict on each pair of algorithms on one task."""
    names = names_of(results)
    means = _summary(tables, task).set_index("algorithm")["mean"]
    compared = _pairs(tables, task)
    return [_verdict(task, pair, names, means, len(compared)) for pair in compared]


def _verdict(
    task: TaskCard, pair: dict[str, Any], names: dict[str, str], means: "pd.Series[Any]", count: int
) -> str:
    pair = _better_first(pair)
    one, other = within(names[pair["first"]]), within(names[pair["second"]])
    if math.isnan(pair["p_holm"]):
        return f"On {task.title}, {one} and {other} could not be compared: one of them has no finished run."
    said = (
        f"no difference was shown between {one} and {other}"
        if pair["verdict"] == "no difference shown"
        else f"{one} was better than {other}"
    )
    correction = f" after Holm's correction over {count} pairs" if count > 1 else ""
    difference = signed(pair["mean_difference"], task.decimals) + " percentage points" * task.in_percent
    return (
        f"On {task.title}, {said} in {within(task.reported)} (means {task.number(means[pair['first']])}"
        f" and {task.shown(means[pair['second']])}, difference {difference},"
        f" n = {pair['runs_first']:,} and {pair['runs_second']:,}; A12 = {pair['a12']:.2f}, 95 % interval"
        f" {pair['a12_low']:.2f} to {pair['a12_high']:.2f}; Mann-Whitney U test, two-sided,"
        f" {p_text(pair['p_holm'])}{correction})."
    )


def _better_first(pair: dict[str, Any]) -> dict[str, Any]:
    """The same pair, with the algorithm first that A12 favours."""
    if not pair["a12"] < 0.5:
        return pair
    return pair | {
        "first": pair["second"],
        "second": pair["first"],
        "runs_first": pair["runs_second"],
        "runs_second": pair["runs_first"],
        "mean_difference": -pair["mean_difference"],
        "a12": 1 - pair["a12"],
        "a12_low": 1 - pair["a12_high"],
        "a12_high": 1 - pair["a12_low"],
    }


def targets(results: Results, tables: Tables) -> list[str]:
    """The share of each algorithm's runs that reached the target, and the expected cost, for each task."""
    names = names_of(results)
    sentences = []
    for task in results.tasks:
        rows = rows_of(tables.targets[tables.targets["task"] == task.name])
        if not rows or math.isnan(rows[0]["target"]):
            continue
        rows.sort(key=lambda row: row["expected_cost"])
        reached = [
            f"{within(names[row['algorithm']])} in {row['reached']:,} of {row['runs']:,} runs"
            f" ({100 * row['success_rate']:.0f} %, 95 % interval {100 * row['success_low']:.0f} to"
            f" {100 * row['success_high']:.0f} %; expected cost {amount(row['expected_cost'])} {task.cost})"
            for row in rows
        ]
        sentences.append(
            f"On {task.title}, {task.shown(rows[0]['target'])} (the {task.quantity} that half of all runs end"
            f" at or above) was reached by {listed(reached)}."
        )
    return sentences


def _summary(tables: Tables, task: TaskCard) -> pd.DataFrame:
    return tables.summary[tables.summary["task"] == task.name]


def _usable(tables: Tables, task: TaskCard) -> dict[str, dict[str, Any]]:
    """The rows of the algorithms that have results on a task."""
    return {row["algorithm"]: row for row in rows_of(_summary(tables, task)) if row["mean"] == row["mean"]}


def _pairs(tables: Tables, task: TaskCard) -> list[dict[str, Any]]:
    return rows_of(tables.pairwise[tables.pairwise["task"] == task.name])
