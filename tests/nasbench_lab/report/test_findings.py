"""The sentences of the report, checked on frames written by hand."""

import dataclasses
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.report import findings, wording
from nasbench_lab.report.cautions import cautions
from nasbench_lab.report.tables import COLUMNS, Tables
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run

ALGORITHMS = ("random_search", "local_search", "reinforce")
CARD = TaskCard(
    name="bench/one",
    title="Bench, One",
    metric="accuracy (%)",
    searched="validation accuracy",
    reported="mean test accuracy",
    cost="evaluations",
    optimum=95.0,
    digest="d",
    citation="c",
    licence="l",
)


def make(
    verdicts: tuple[tuple[float, float, str], ...], means: tuple[float, ...], runs: int = 50
) -> tuple[Results, Tables]:
    """One task and three algorithms; `verdicts` has A12, Holm's p and the verdict of the pairs 12, 13, 23."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in COLUMNS}
    for label, mean in zip(ALGORITHMS, means, strict=True):
        rows["summary"].append(
            {
                "task": "bench/one",
                "algorithm": label,
                "runs": runs,
                "failed_runs": 0,
                "mean": mean,
                "std": 0.5,
            }
        )
        rows["targets"].append(
            {"task": "bench/one", "algorithm": label, "target": 93.0, "runs": runs, "reached": 0}
            | {"success_rate": 0.0, "success_low": 0.0, "success_high": 0.07, "expected_cost": np.inf}
        )
    for (first, second), (a12, p_holm, verdict) in zip([(0, 1), (0, 2), (1, 2)], verdicts, strict=True):
        rows["pairwise"].append(
            {"task": "bench/one", "first": ALGORITHMS[first], "second": ALGORITHMS[second]}
            | {"runs_first": runs, "runs_second": runs - 1, "mean_difference": means[first] - means[second]}
            | {"a12": a12, "a12_low": a12 - 0.1, "a12_high": a12 + 0.05, "p_holm": p_holm}
            | {"verdict": verdict}
        )
    tables = Tables(**{name: pd.DataFrame(rows[name], columns=COLUMNS[name].split()) for name in COLUMNS})
    results = Results(
        name="r",
        protocol="",
        tasks=(CARD,),
        algorithms=ALGORITHMS,
        settings={},
        runs={},
        specification={},
        environment={},
    )
    return results, tables


NONE = "no difference shown"
ONE_LEADS = ((0.2, 0.0001, "second better"), (0.5, 1.0, NONE), (0.8, 0.034, "first better"))
TWO_LEAD = ((0.2, 0.0001, "second better"), (0.3, 0.002, "second better"), (0.55, 0.4, NONE))


def test_the_leader_is_better_than_every_other() -> None:
    results, tables = make(ONE_LEADS, (93.0, 94.0, 93.1))
    assert findings.leaders(results, tables, CARD) == ["local_search"]
    (sentence,) = findings.outcomes(results, tables)
    assert sentence.startswith(
        "On Bench, One, local search (94.00 ± 0.50, n = 50) was shown to be better than every other algorithm"
    )
    assert "mean test accuracy" in sentence
    assert findings.headline(results, tables) == (
        "On Bench (One), local search was shown to be better than every other algorithm."
    )


def test_leaders_not_shown_to_differ_are_named_together_best_mean_first() -> None:
    results, tables = make(TWO_LEAD, (93.0, 94.0, 94.1))
    assert findings.leaders(results, tables, CARD) == ["reinforce", "local_search"]
    (sentence,) = findings.outcomes(results, tables)
    assert "REINFORCE (94.10 ± 0.50, n = 50); and local search (94.00 ± 0.50, n = 50) led" in sentence
    assert "no difference was shown between them" in sentence
    assert "equal" not in sentence
    assert findings.headline(results, tables) == (
        "On Bench (One), local search and REINFORCE led: none was shown worse than any other algorithm, and"
        " no difference was shown between them."
    )


def test_tasks_of_one_benchmark_are_named_together() -> None:
    assert wording.titled(["A, x", "A, y", "B, x", "C"]) == "A (x and y), B (x) and C"


def test_nothing_shown() -> None:
    results, tables = make(((0.5, 1.0, NONE),) * 3, (93.0, 94.0, 94.1))
    assert "no difference was shown between any two" in findings.outcomes(results, tables)[0]
    assert findings.headline(results, tables) == (
        "On Bench (One), no difference was shown between any two of random search, local search and"
        " REINFORCE."
    )


def test_to_lead_is_not_yet_to_be_better_than_every_other() -> None:
    # The first beats the second, and the second beats the third. First and third show no difference.
    chain = ((0.7, 0.01, "first better"), (0.6, 0.2, NONE), (0.7, 0.02, "first better"))
    results, tables = make(chain, (94.0, 93.5, 93.0))
    assert findings.leaders(results, tables, CARD) == ["random_search"]
    led = "led: no other algorithm was shown to be better, and it was not shown to be better than every other"
    assert f"random search (94.00 ± 0.50, n = 50) {led} (mean" in findings.outcomes(results, tables)[0]
    assert findings.headline(results, tables) == f"On Bench (One), random search {led}."


@pytest.mark.parametrize(
    ("means", "words"),
    [
        ((94.0, np.nan, np.nan), "only random search gave results"),
        ((94.0, 93.0, np.nan), "no difference was shown between random search and local search"),
        ((np.nan, np.nan, np.nan), "no run gave a result"),
    ],
)
def test_failed_algorithms_are_not_said_to_be_beaten(means: tuple[float, ...], words: str) -> None:
    results, tables = make(((np.nan, np.nan, NONE),) * 3, means)
    assert findings.headline(results, tables) == f"On Bench (One), {words}."
    (sentence,) = findings.outcomes(results, tables)
    assert re.sub(r" \([^()]+\)|;", "", sentence) == f"On Bench, One, {words}."


def test_an_algorithm_better_than_all_that_finished_is_not_said_to_be_better_than_the_failed() -> None:
    verdicts = ((0.9, 0.001, "first better"), (np.nan, np.nan, NONE), (np.nan, np.nan, NONE))
    results, tables = make(verdicts, (94.0, 93.0, np.nan))
    assert "random search led: no other algorithm was shown" in findings.headline(results, tables)


def test_a_circle_has_no_leader() -> None:
    circle = ((0.8, 0.01, "first better"), (0.2, 0.01, "second better"), (0.8, 0.01, "first better"))
    results, tables = make(circle, (93.0, 94.0, 94.1))
    assert findings.leaders(results, tables, CARD) == []
    assert "no algorithm led" in findings.outcomes(results, tables)[0]


def test_says_where_means_and_ranks_disagree() -> None:
    results, tables = make(TWO_LEAD, (95.0, 94.0, 94.1))
    assert (
        "random search has the highest mean and is yet shown worse" in findings.outcomes(results, tables)[1]
    )


def test_a_pair_is_told_from_the_side_of_the_better() -> None:
    results, tables = make(ONE_LEADS, (93.0, 94.0, 93.1))
    first, second, third = findings.pairs(results, tables)
    assert first == (
        "On Bench, One, local search was better than random search in mean test accuracy (means 94.00 and"
        " 93.00 %, difference 1.00 percentage points, n = 49 and 50; A12 = 0.80, 95 % interval 0.75 to 0.90;"
        " Mann-Whitney U test, two-sided, p < 0.001 after Holm's correction over 3 pairs)."
    )
    assert second.startswith("On Bench, One, no difference was shown between random search and REINFORCE in")
    assert "difference −0.10 percentage points" in second
    assert "local search was better than REINFORCE" in third
    assert "p = 0.034 after" in third


def test_targets_never_reached_have_no_bound_on_their_cost() -> None:
    (sentence,) = findings.targets(*make(ONE_LEADS, (93.0, 94.0, 93.1)))
    assert "93.00 %" in sentence
    assert "random search in 0 of 50 runs (0 %, 95 % interval 0 to 7 %; expected cost unbounded" in sentence


@pytest.mark.parametrize(
    ("runs", "words"), [(1, "Only 1 run per"), (19, "too few to see any but"), (29, "enough for large")]
)
def test_few_runs_are_warned_of(runs: int, words: str) -> None:
    results, tables = make(ONE_LEADS, (93.0, 94.0, 93.1), runs=runs)
    assert any(words in sentence for sentence in cautions(results, tables))
    assert "Only" in findings.headline(results, tables)


def test_one_algorithm_alone_is_not_said_to_be_the_only_one_that_gave_results() -> None:
    results, tables = make(ONE_LEADS, (93.0, 94.0, 93.1))
    alone = dataclasses.replace(
        tables,
        summary=tables.summary.iloc[1:2],
        pairwise=tables.pairwise.iloc[:0],
        ranks=tables.ranks.iloc[:0],
    )
    assert findings.headline(dataclasses.replace(results, algorithms=("local_search",)), alone) == (
        "On Bench, One, local search (94.00 ± 0.50, n = 50) was the only algorithm (mean ± standard deviation"
        " over runs, in percent; reported is mean test accuracy)."
    )


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        ([0, 50, 0], []),
        ([50, 50, 50], []),
        ([25, 50, 25], ["Only 25 runs per algorithm: enough"]),
        ([0, 40, 0], ["Only 10 to 50 runs per algorithm: too few"]),
    ],
)
def test_an_algorithm_that_failed_altogether_does_not_make_the_runs_of_others_few(
    failed: list[int], said: list[str]
) -> None:
    results, tables = make(ONE_LEADS, (93.0, 94.0, 93.1))
    tables = dataclasses.replace(tables, summary=tables.summary.assign(failed_runs=failed))
    few = [sentence for sentence in cautions(results, tables) if sentence.startswith("Only ")]
    assert [sentence[: len(start)] for sentence, start in zip(few, said, strict=True)] == said


def test_no_difference_shown_is_said_not_to_mean_equal() -> None:
    results, tables = make(ONE_LEADS, (93.0, 94.0, 93.1))
    (sentence,) = cautions(results, tables)
    assert "does not mean equal" in sentence
    shown = dataclasses.replace(tables, pairwise=tables.pairwise.assign(verdict="first better"))
    assert cautions(results, shown) == []


def test_failed_runs_and_mixed_sources_are_told() -> None:
    results, tables = make(ONE_LEADS, (93.0, 94.0, 93.1))
    failed = dataclasses.replace(tables, summary=tables.summary.assign(failed_runs=[0, 2, 0]))
    assert any("2 of 50 runs of local search failed" in text for text in cautions(results, failed))
    run = Run(
        architectures=np.zeros((4, 1), dtype=np.uint16),
        valid_accuracy=np.ones(4),
        seconds=np.ones(4),
        epochs=np.ones(4, dtype=np.int32),
        source=np.array([0, 0, 0, 2], dtype=np.uint8),
        test_accuracy=np.ones(4),
    )
    mixed = dataclasses.replace(results, runs={("bench/one", "reinforce"): Runs.of([run])})
    assert any("75.0 % table and 25.0 % live" in sentence for sentence in cautions(mixed, tables))


def test_across_tasks() -> None:
    results, tables = make(ONE_LEADS, (93.0, 94.0, 93.1))
    results = dataclasses.replace(results, tasks=(CARD, dataclasses.replace(CARD, name="bench/two")))
    tables = dataclasses.replace(
        tables,
        ranks=pd.DataFrame(
            {"algorithm": ALGORITHMS, "tasks": 9, "mean_rank": [3.0, 1.0, 2.0], "friedman_statistic": 18.0}
            | {"friedman_p": 0.0001, "critical_difference": 1.1, "note": ""}
        ),
        rank_pairs=pd.DataFrame(
            [(*ALGORITHMS[:2], 0.0002), (*ALGORITHMS[1:], 0.2)], columns=["first", "second", "p_nemenyi"]
        ),
        improvement=pd.DataFrame(
            [(*ALGORITHMS[:2], 9, 0.2, 0.1, 0.3), (*ALGORITHMS[1:], 9, 0.55, 0.45, 0.6)],
            columns=["first", "second", "tasks", "probability", "low", "high"],
        ),
    )
    ranks, friedman, nemenyi, first, second = findings.across_tasks(results, tables)
    assert ranks.endswith("local search 1.00, REINFORCE 2.00, random search 3.00.")
    assert friedman == (
        "Across 9 tasks the ranks of the 3 algorithms differ (Friedman test, χ²(2) = 18.00, p < 0.001)."
    )
    assert "local search ranks better than random search (mean ranks 1.00 and 3.00; Nemenyi" in nemenyi
    assert "a run of local search beats a run of random search" in first
    assert "0.80 (95 % interval 0.70 to 0.90, ties counting half)" in first
    assert "the interval includes 0.5" in second


def test_all_findings_are_sentences_in_order() -> None:
    sentences = findings.findings(*make(ONE_LEADS, (93.0, 94.0, 93.1)))
    assert len(sentences) == 1 + 3 + 1 + 1
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize(
    ("difference", "text"), [(0.0, "0.00"), (-0.2, "−0.20"), (0.0004, "0.0004"), (-1e-15, "0.00")]
)
def test_signed(difference: float, text: str) -> None:
    assert wording.signed(difference) == text


def test_metrics_without_a_unit() -> None:
    results, tables = make(ONE_LEADS, (-0.61, -0.5938, -0.6))
    task = dataclasses.replace(CARD, metric="negative loss", optimum=-0.59)
    results = dataclasses.replace(results, tasks=(task,))
    (outcome,) = findings.outcomes(results, tables)
    assert "local search (−0.5938 ± 0.5000, n = 50) was shown to be better" in outcome
    assert "(mean ± standard deviation over runs; reported is" in outcome
    first, *_ = findings.pairs(results, tables)
    assert "(means −0.5938 and −0.6100, difference 0.0162, n = 49 and 50;" in first
    tables = dataclasses.replace(tables, targets=tables.targets.assign(target=-0.6))
    (sentence,) = findings.targets(results, tables)
    assert "−0.6000 (the negative loss that half of all runs end at or above)" in sentence
    for text in (outcome, first):
        assert "percent" not in text


def test_differences_are_never_shown_as_zero_unless_they_are() -> None:
    assert [wording.signed(value) for value in (0.0, -0.004, 0.125, -1.0)] == [
        "0.00",
        "−0.004",
        "0.12",
        "−1.00",
    ]
    assert [wording.signed(value, 4) for value in (0.0, 0.00001, -0.00625)] == ["0.0000", "1e−05", "−0.0063"]
