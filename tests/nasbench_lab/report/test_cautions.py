"""Cautions about unequal costs, chosen epochs and failures, on runs written by hand."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.report.cautions import cautions
from nasbench_lab.report.tables import compute_tables
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run

CARD = TaskCard(
    name="bench/one",
    title="Bench, One",
    metric="accuracy (%)",
    searched="validation accuracy after 4 epochs",
    reported="mean test accuracy",
    cost="simulated seconds",
    optimum=95.0,
    digest="d",
    citation="c",
    licence="l",
)


def run_of(seconds: float, epochs: list[int], **changes: Any) -> Run:
    count = len(epochs)
    run = Run(
        architectures=np.zeros((count, 1), dtype=np.uint16),
        valid_accuracy=np.linspace(50, 60, count),
        seconds=np.full(count, seconds),
        epochs=np.array(epochs, dtype=np.int32),
        source=np.zeros(count, dtype=np.uint8),
        test_accuracy=np.linspace(50, 60, count),
    )
    return dataclasses.replace(run, **changes)


def said_of(*runs: Run, card: TaskCard = CARD, **specification: str) -> list[str]:
    """The cautions on 40 equal runs of each algorithm."""
    labels = ("random_search", "hyperband", "asha")[: len(runs)]
    results = Results(
        name="r",
        protocol="",
        tasks=(card,),
        algorithms=labels,
        settings={},
        runs={("bench/one", label): Runs.of([run] * 40) for label, run in zip(labels, runs, strict=True)},
        specification=specification,
        environment={},
    )
    return cautions(results, compute_tables(results))


def test_runs_that_cost_different_amounts_are_told() -> None:
    said = said_of(run_of(28.0, [4] * 10), run_of(7.4, [4] * 10), run_of(11.7, [4] * 10))
    (sentence,) = [each for each in said if "cost the same" in each]
    assert sentence == (
        "On Bench, One, a run did not cost the same for every algorithm. Median simulated seconds:"
        " hyperband 74, ASHA 117, random search 280. The verdicts compare the ends of runs, whatever they"
        " cost."
    )


@pytest.mark.parametrize(("seconds", "cost"), [(9.0, "simulated seconds"), (28.0, "evaluations")])
def test_similar_costs_and_costs_in_evaluations_are_not_mentioned(seconds: float, cost: str) -> None:
    card = dataclasses.replace(CARD, cost=cost)
    said = said_of(run_of(seconds, [4] * 10), run_of(7.4, [4] * 10), card=card)
    assert not any("cost the same" in sentence for sentence in said)


def test_the_epochs_that_an_algorithm_chose_are_told() -> None:
    said = said_of(run_of(1.0, [4] * 4), run_of(1.0, [1, 1, 1, 4]))
    chosen = [sentence for sentence in said if "epochs" in sentence]
    assert chosen == [
        "On Bench, One, hyperband chose the epochs of its evaluations: 75 % after 1 and 25 % after 4."
    ]


def test_looks_at_scores_are_neither_trainings_nor_failures() -> None:
    scored = run_of(1.0, [0, 4, 4], valid_accuracy=np.array([np.nan, 50.0, np.nan]))
    (failed,) = [sentence for sentence in said_of(run_of(1.0, [4] * 3), scored) if "failed" in sentence]
    assert failed.startswith("On Bench, One, 40 of 200 trainings failed; a search was told the worst")


@pytest.mark.parametrize(
    ("rule", "words"),
    [("best", "is the best after however many"), ("most-epochs", "taken from the evaluations")],
)
def test_sources_of_different_lengths_are_told_with_the_rule(rule: str, words: str) -> None:
    mixed = run_of(1.0, [4, 4, 12], source=np.array([0, 0, 2], dtype=np.uint8))
    said = said_of(mixed, mixed, incumbent=rule)
    assert any("66.7 % of the evaluations are after" in sentence for sentence in said)
    assert any(words in sentence for sentence in said)
