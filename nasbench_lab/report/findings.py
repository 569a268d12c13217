"""The findings of a comparison, in sentences that a paper could use.

Each sentence states its n, its test and its direction. It claims no more than the test showed: "no
difference shown" never becomes "equal".
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.report.names import display_names
from nasbench_lab.report.tables import Tables, rows_of
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import SOURCES
from nasbench_lab.statistics.pairwise import p_text

# With fewer runs than the first, intervals can hide differences that matter. With fewer than the second, the
# report mentions the number of runs.
FEW_RUNS, SOME_RUNS = 20, 30


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
    names = {label: _within(name) for label, name in _names(results).items()}
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
    listed = _listed([said[label] for label in best])
    if not usable:
        return "no run gave a result"
    if len(results.algorithms) == 1:
        return f"{listed} was the only algorithm"
    if len(usable) == 1:
        return f"only {listed} gave results"
    if not best:
        return "no algorithm led: each was shown worse than another"
    if len(best) == 1 and _beats_all(results, tables, task, best[0]):
        return f"{listed} was shown to be better than every other algorithm"
    if len(best) == 1:
        return (
            f"{listed} led: no other algorithm was shown to be better, and it was not shown to be better than"
            " every other"
        )
    if len(best) == len(usable):
        return f"no difference was shown between {'any two of ' * (len(best) > 2)}{listed}"
    return (
        f"{listed} led: none was shown worse than any other algorithm, and no difference was shown between"
        " them"
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
                f"On {task.title}, {_within(_names(results)[top])} has the highest mean and is yet shown"
                " worse than another algorithm by ranks: a few runs far from the rest decide the means."
            )
    return sentences


def _outcome(results: Results, tables: Tables, task: TaskCard, best: Sequence[str]) -> str:
    names = _names(results)
    scores = {
        label: f"{_within(names[label])} ({_score(task, row)})"
        for label, row in _usable(tables, task).items()
    }
    unit = ", in percent" if task.in_percent else ""
    measure = (
        f" (mean ± standard deviation over runs{unit}; reported is {_within(task.reported)})" if best else ""
    )
    return f"On {task.title}, {_who_led(results, tables, task, best, scores)}{measure}."


def _score(task: TaskCard, row: Mapping[str, Any]) -> str:
    """Mean, spread and n: `94.30 ± 0.21, n = 500`."""
    spread = "" if math.isnan(row["std"]) else f" ± {task.number(row['std'])}"
    return f"{task.number(row['mean'])}{spread}, n = {row['runs'] - row['failed_runs']:,.0f}"


def across_tasks(results: Results, tables: Tables) -> list[str]:
    """Mean ranks with Friedman's and Nemenyi's tests, and the probability of improvement of each pair."""
    names = _names(results)
    sentences = []
    ranks = tables.ranks.sort_values("mean_rank", kind="stable")
    if len(results.tasks) < 2 or len(results.algorithms) < 2 or ranks.empty:
        return []
    order = [f"{_within(names[row['algorithm']])} {row['mean_rank']:.2f}" for row in rows_of(ranks)]
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
            f"Across {first['tasks']:.0f} tasks, {_within(names[better])} ranks better than"
            f" {_within(names[worse])} (mean ranks {rank[better]:.2f} and {rank[worse]:.2f}; Nemenyi test,"
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
        f"Over {pair['tasks']:.0f} tasks, a run of {_within(names[one])} beats a run of"
        f" {_within(names[other])} on the same task with probability {chance:.2f} (95 % interval"
        f" {low:.2f} to {high:.2f}, ties counting half{unclear})."
    )


def pairs(results: Results, tables: Tables) -> list[str]:
    """The verdict on each pair of algorithms on each task, the better one named first."""
    return [sentence for task in results.tasks for sentence in pairs_on(results, tables, task)]


def pairs_on(results: Results, tables: Tables, task: TaskCard) -> list[str]:
    """The verdict on each pair of algorithms on one task."""
    names = _names(results)
    means = _summary(tables, task).set_index("algorithm")["mean"]
    compared = _pairs(tables, task)
    return [_verdict(task, pair, names, means, len(compared)) for pair in compared]


def _verdict(
    task: TaskCard, pair: dict[str, Any], names: dict[str, str], means: "pd.Series[Any]", count: int
) -> str:
    pair = _better_first(pair)
    one, other = _within(names[pair["first"]]), _within(names[pair["second"]])
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
        f"On {task.title}, {said} in {_within(task.reported)} (means {task.number(means[pair['first']])}"
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
    names = _names(results)
    sentences = []
    for task in results.tasks:
        rows = rows_of(tables.targets[tables.targets["task"] == task.name])
        if not rows or math.isnan(rows[0]["target"]):
            continue
        rows.sort(key=lambda row: row["expected_cost"])
        reached = [
            f"{_within(names[row['algorithm']])} in {row['reached']:,} of {row['runs']:,} runs"
            f" ({100 * row['success_rate']:.0f} %, 95 % interval {100 * row['success_low']:.0f} to"
            f" {100 * row['success_high']:.0f} %; expected cost {amount(row['expected_cost'])} {task.cost})"
            for row in rows
        ]
        sentences.append(
            f"On {task.title}, {task.shown(rows[0]['target'])} (the {task.quantity} that half of all runs end"
            f" at or above) was reached by {_listed(reached)}."
        )
    return sentences


def cautions(results: Results, tables: Tables) -> list[str]:
    """Cautions that a reader should know before believing the other findings."""
    sentences = _few_runs(tables)
    if "no difference shown" in set(tables.pairwise["verdict"]):
        sentences.append(
            "“No difference shown” does not mean equal: more runs might show one. The intervals of A12 say"
            " how large a difference is still compatible with these runs."
        )
    names = _names(results)
    for row in rows_of(tables.summary[tables.summary["failed_runs"] > 0]):
        title = next(task.title for task in results.tasks if task.name == row["task"])
        sentences.append(
            f"On {title}, {row['failed_runs']:,} of {row['runs']:,} runs of"
            f" {_within(names[row['algorithm']])} failed: none of their evaluations gave an accuracy."
            " They are left out of means and tests, and count as not reaching the target."
        )
    for task in results.tasks:
        sentences += _mixed_sources(results, task) + _failures(results, task)
    if len(results.tasks) > 1 and len(results.algorithms) > 1:
        sentences.append(
            f"Statements across tasks speak of these {len(results.tasks)} tasks, which nobody drew at random."
        )
    return sentences


def _few_runs(tables: Tables) -> list[str]:
    """Say how little few runs can show. `cautions` reports algorithms whose runs all failed separately."""
    finished = tables.summary["runs"] - tables.summary["failed_runs"]
    counts = sorted(set(finished[finished > 0].tolist()))
    if not counts or counts[0] >= SOME_RUNS:
        return []
    runs = " to ".join(f"{count:,.0f}" for count in dict.fromkeys((counts[0], counts[-1])))
    strength = (
        "too few to see any but large differences"
        if counts[0] < FEW_RUNS
        else f"enough for large differences; {SOME_RUNS} or more show smaller ones"
    )
    return [f"Only {runs} {'run' if runs == '1' else 'runs'} per algorithm: {strength}."]


def _mixed_sources(results: Results, task: TaskCard) -> list[str]:
    """Name the sources of a task's evaluations if there is more than one."""
    all_runs = [
        results.runs[task.name, label] for label in results.algorithms if (task.name, label) in results.runs
    ]
    shares = _shares([runs.source for runs in all_runs])
    if len(shares) < 2:
        return []
    ends = _shares([runs.source[runs.incumbents()] for runs in all_runs])
    sentences = [
        f"On {task.title}, evaluations come from different sources: {_listed(shares)}; the incumbents that"
        f" the runs ended with: {_listed(ends)}."
    ]
    if any("live" in share for share in shares):
        sentences.append(
            f"Accuracies of different protocols meet in the figures of {task.title}: what was trained live"
            " follows its recipe, and what is listed follows the table's. A difference between two"
            " incumbents may be one between protocols, and the seconds are those of two machines."
        )
    return sentences + _unequal_lengths(task, all_runs)


def _unequal_lengths(task: TaskCard, all_runs: Sequence[Runs]) -> list[str]:
    """Say how incumbents are chosen if the sources train for different numbers of epochs."""
    source = np.concatenate([runs.source for runs in all_runs])
    epochs = np.concatenate([runs.epochs for runs in all_runs])
    longest = {int(epochs[source == each].max()) for each in np.unique(source)}
    if len(longest) == 1:
        return []
    return [
        f"On {task.title}, incumbents are taken from the evaluations after the most epochs, {max(longest):,};"
        f" {100 * (epochs < max(longest)).mean():.1f} % of the evaluations are after fewer, and were none"
        " beside those, whatever their accuracy."
    ]


def _failures(results: Results, task: TaskCard) -> list[str]:
    """Say how many trainings failed, if any did."""
    accuracies = [
        results.runs[task.name, label].valid_accuracy
        for label in results.algorithms
        if (task.name, label) in results.runs
    ]
    failed = sum(int(np.isnan(each).sum()) for each in accuracies)
    if not failed:
        return []
    return [
        f"On {task.title}, {failed:,} of {sum(map(len, accuracies)):,} trainings failed; a search was told"
        " an accuracy of 0, and none of them is an incumbent."
    ]


def _shares(sources: Sequence[NDArray[np.uint8]]) -> list[str]:
    """The share of each source that occurs, in percent, with its name."""
    counts = sum((np.bincount(each, minlength=len(SOURCES)) for each in sources), np.zeros(len(SOURCES)))
    return [
        f"{100 * count / counts.sum():.1f} % {source}"
        for source, count in zip(SOURCES, counts, strict=True)
        if count
    ]


def amount(value: float) -> str:
    """A readable large number: `12,400`, `3.5`, `unbounded` for infinity."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "unbounded"
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.1f}"


def signed(difference: float, decimals: int = 2) -> str:
    """A difference with `decimals` decimals, or with more if these would show it as 0."""
    if math.isnan(difference):
        return "–"
    if abs(difference) < 1e-9:
        return f"{0:.{decimals}f}"
    if abs(difference) >= 0.5 * 10.0**-decimals:
        return f"{difference:.{decimals}f}".replace("-", "−")
    return f"{difference:.1g}".replace("-", "−")


def titled(titles: Sequence[str]) -> str:
    """Titles of tasks, naming each benchmark once: `NAS-Bench-201 (CIFAR-10 and CIFAR-100)`."""
    by_benchmark: dict[str, list[str]] = {}
    for title in titles:
        benchmark, _, data_set = title.partition(", ")
        by_benchmark.setdefault(benchmark, []).append(data_set)
    return _listed(
        [
            f"{benchmark} ({_listed(data_sets)})" if all(data_sets) else benchmark
            for benchmark, data_sets in by_benchmark.items()
        ]
    )


def _names(results: Results) -> dict[str, str]:
    return dict(zip(results.algorithms, display_names(results.algorithms), strict=True))


def _within(name: str) -> str:
    """A name inside a sentence: lower case at the start, unless the name is all capitals."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def _listed(items: Sequence[str]) -> str:
    """Join items by commas and `and`, or by semicolons if an item contains a comma."""
    if len(items) < 2:
        return "".join(items)
    mark = ";" if any("," in item for item in items) else ","
    start = f"{mark} ".join(items[:-1])
    return f"{start}{mark if mark == ';' else ''} and {items[-1]}"


def _summary(tables: Tables, task: TaskCard) -> pd.DataFrame:
    return tables.summary[tables.summary["task"] == task.name]


def _usable(tables: Tables, task: TaskCard) -> dict[str, dict[str, Any]]:
    """The rows of the algorithms that have results on a task."""
    return {row["algorithm"]: row for row in rows_of(_summary(tables, task)) if row["mean"] == row["mean"]}


def _pairs(tables: Tables, task: TaskCard) -> list[dict[str, Any]]:
    return rows_of(tables.pairwise[tables.pairwise["task"] == task.name])
