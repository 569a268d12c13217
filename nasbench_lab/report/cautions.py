"""Cautions: what a reader should know before believing the findings of a comparison."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.report.tables import Tables, rows_of
from nasbench_lab.report.wording import amount, listed, names_of, within
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import OUTSIDE_OF_FIT, SOURCES

# With fewer runs than the first, intervals can hide differences that matter. With fewer than the second, the
# report mentions the number of runs.
FEW_RUNS, SOME_RUNS = 20, 30
UNEQUAL = 1.5
"""Medians of cost that differ by more than this factor are mentioned."""


def cautions(results: Results, tables: Tables) -> list[str]:
    """Cautions that a reader should know before believing the other findings."""
    sentences = _few_runs(tables)
    if "no difference shown" in set(tables.pairwise["verdict"]):
        sentences.append(
            "“No difference shown” does not mean equal: more runs might show one. The intervals of A12 say"
            " how large a difference is still compatible with these runs."
        )
    names = names_of(results)
    for row in rows_of(tables.summary[tables.summary["failed_runs"] > 0]):
        title = next(task.title for task in results.tasks if task.name == row["task"])
        sentences.append(
            f"On {title}, {row['failed_runs']:,} of {row['runs']:,} runs of"
            f" {within(names[row['algorithm']])} failed: none of their evaluations gave an accuracy."
            " They are left out of means and tests, and count as not reaching the target."
        )
    for task in results.tasks:
        sentences += _mixed_sources(results, task) + _outside_of_fit(results, task)
        sentences += _failures(results, task)
        sentences += _own_epochs(results, task) + _unequal_costs(results, tables, task)
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
    all_runs = list(_runs_on(results, task).values())
    shares = _shares([runs.source for runs in all_runs])
    if len(shares) < 2:
        return []
    ends = _shares([runs.source[runs.incumbents()] for runs in all_runs])
    sentences = [
        f"On {task.title}, evaluations come from different sources: {listed(shares)}; the incumbents that"
        f" the runs ended with: {listed(ends)}."
    ]
    if any("live" in share for share in shares):
        sentences.append(
            f"Accuracies of different protocols meet in the figures of {task.title}: what was trained live"
            " follows its recipe, and what is listed follows the table's. A difference between two"
            " incumbents may be one between protocols, and the seconds are those of two machines."
        )
    return sentences + _unequal_lengths(results, task, all_runs)


def _outside_of_fit(results: Results, task: TaskCard) -> list[str]:
    """Say which share of a surrogate's answers are for architectures unlike those that it was fitted on."""
    nothing = np.zeros(0, dtype=np.uint8)
    source = np.concatenate([nothing, *(runs.source for runs in _runs_on(results, task).values())])
    inside, outside = ((source == SOURCES.index(name)).sum() for name in ("surrogate", OUTSIDE_OF_FIT))
    if not outside:
        return []
    return [
        f"On {task.title}, {100 * outside / (outside + inside):.1f} % of the surrogate's answers lie outside"
        " of its fit: these architectures have a feature with a value that none of the fitted ones has. The"
        " held-out quality of the surrogate says nothing about them."
    ]


def _unequal_lengths(results: Results, task: TaskCard, all_runs: Sequence[Runs]) -> list[str]:
    """Say how incumbents are chosen if the sources train for different numbers of epochs."""
    source = np.concatenate([runs.source for runs in all_runs])
    epochs = np.concatenate([runs.epochs for runs in all_runs])
    longest = {int(epochs[source == each].max()) for each in np.unique(source)}
    if len(longest) == 1:
        return []
    if results.specification.get("incumbent", "best") != "most-epochs":
        return [
            f"On {task.title}, {100 * (epochs < max(longest)).mean():.1f} % of the evaluations are after"
            f" fewer epochs than {max(longest):,}. An incumbent is the best after however many, so accuracies"
            " of trainings of different lengths were compared."
        ]
    return [
        f"On {task.title}, incumbents are taken from the evaluations after the most epochs, {max(longest):,};"
        f" {100 * (epochs < max(longest)).mean():.1f} % of the evaluations are after fewer, and were none"
        " beside those, whatever their accuracy."
    ]


def _failures(results: Results, task: TaskCard) -> list[str]:
    """Say how many trainings failed, if any did."""
    all_runs = _runs_on(results, task).values()
    failed = sum(int(np.isnan(runs.valid_accuracy[runs.epochs > 0]).sum()) for runs in all_runs)
    if not failed:
        return []
    trained = sum(int(runs.evaluations.sum()) for runs in all_runs)
    return [
        f"On {task.title}, {failed:,} of {trained:,} trainings failed; a search was told the worst possible"
        " value, and none of them is an incumbent."
    ]


def _shares(sources: Sequence[NDArray[np.uint8]]) -> list[str]:
    """The share of each source that occurs, in percent, with its name."""
    names = (*SOURCES, "recommended at the end")
    counts = sum((np.bincount(each, minlength=len(names)) for each in sources), np.zeros(len(names)))
    return [
        f"{100 * count / counts.sum():.1f} % {source}"
        for source, count in zip(names, counts, strict=True)
        if count
    ]


def _own_epochs(results: Results, task: TaskCard) -> list[str]:
    """Say which epochs an algorithm asked for, if it chose them itself."""
    sentences = []
    for label, runs in _runs_on(results, task).items():
        table_like = runs.epochs[(runs.epochs > 0) & (runs.source == 0)]
        epochs, counts = np.unique(table_like, return_counts=True)
        if len(epochs) < 2:
            continue
        shares = [
            f"{100 * n / counts.sum():.0f} % after {each}" for each, n in zip(epochs, counts, strict=True)
        ]
        sentences.append(
            f"On {task.title}, {within(names_of(results)[label])} chose the epochs of its evaluations:"
            f" {listed(shares)}."
        )
    return sentences


def _unequal_costs(results: Results, tables: Tables, task: TaskCard) -> list[str]:
    """Say what runs cost, if the algorithms spent different amounts of simulated time."""
    if task.cost == "evaluations":
        return []
    names = names_of(results)
    rows = rows_of(tables.summary[tables.summary["task"] == task.name])
    costs = {names[row["algorithm"]]: row["cost"] for row in rows if row["cost"] > 0}
    if len(costs) < 2 or max(costs.values()) < UNEQUAL * min(costs.values()):
        return []
    said = [
        f"{within(name)} {amount(cost)}" for name, cost in sorted(costs.items(), key=lambda each: each[1])
    ]
    return [
        f"On {task.title}, a run did not cost the same for every algorithm. Median {task.cost}:"
        f" {', '.join(said)}. The verdicts compare the ends of runs, whatever they cost."
    ]


def _runs_on(results: Results, task: TaskCard) -> dict[str, Runs]:
    """The runs on a task, by algorithm."""
    found = {label: results.runs.get((task.name, label)) for label in results.algorithms}
    return {label: runs for label, runs in found.items() if runs is not None}
