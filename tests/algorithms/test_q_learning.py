import itertools
from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.q_learning import QValues, epsilon_after, q_learning
from nasbench_lab.algorithms.random_search import random_search
from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, Evaluation, search
from nasbench_lab.spaces import SearchSpace, find_space
from nasbench_lab.spaces.listed import ListedSpace

ALL = list(itertools.product(range(2), range(3)))


class Small(SearchSpace):
    name = "small"
    cardinalities = (2, 3)


def test_one_episode_updates_the_last_decision_first():
    """By hand, with alpha 1/2 and gamma 0.9: Q starts at 10, and (1, 2) is worth 50, then 30."""
    values = QValues((2, 3))
    values.start(10.0)
    values.learn((1, 2), 50.0, 0.5, 0.9)
    # Last decision: 10 / 2 + 50 / 2. First one: 10 / 2 + 0.9 * 30 / 2, the largest value after choice 1.
    assert values.table == [[[10.0, 18.5]], [[10.0, 10.0, 10.0], [10.0, 10.0, 30.0]]]
    values.learn((1, 0), 50.0, 0.5, 0.9)
    assert values.table[1][1] == [30.0, 10.0, 30.0]
    assert values.table[0][0] == pytest.approx([10.0, 18.5 / 2 + 0.9 * 30 / 2])
    values.learn((1, 2), 0.0, 0.5, 0.9)
    assert values.table[1][1] == [30.0, 10.0, 15.0]
    # The first decision is worth its best continuation, not the one that was taken.
    assert values.table[0][0][1] == pytest.approx((18.5 / 2 + 13.5) / 2 + 13.5)


def test_the_schedule_is_that_of_the_paper():
    epsilons = [epsilon_after(trained, 2700) for trained in range(2800)]
    runs = [(epsilon, len(list(group))) for epsilon, group in itertools.groupby(epsilons)]
    assert runs == [
        (1.0, 1500),
        *[(epsilon, 100) for epsilon in (0.9, 0.8, 0.7)],
        *[(epsilon, 150) for epsilon in (0.6, 0.5, 0.4, 0.3, 0.2)],
        (0.1, 250),  # 150 in the paper, and on for as long as the budget lasts
    ]


def test_a_shrunk_schedule_has_the_same_shares():
    epsilons = [epsilon_after(trained, 270) for trained in range(270)]
    assert [epsilons.count(epsilon) for epsilon in (1.0, 0.9, 0.7, 0.6, 0.1)] == [150, 10, 10, 15, 15]
    assert epsilon_after(0, 1) == 1.0
    assert epsilon_after(1, 1) == 0.1


def test_converges_to_the_brute_force_values():
    """With two decisions a state is all of the past, so Q is exact: the best that can still follow."""
    rewards = {each: 10.0 + 7 * each[0] - 3 * each[1] + 11 * (each == (0, 2)) for each in ALL}
    process: Any = q_learning(Small(), np.random.default_rng(0), architectures=6, alpha=0.1)
    asked: Any = next(process)
    for _ in range(40):
        asked = process.send(Evaluation(rewards[asked]))
    table = process.gi_frame.f_locals["values"].table
    for first in range(2):
        assert table[1][first] == pytest.approx([rewards[first, second] for second in range(3)], abs=0.1)
        best = max(rewards[first, second] for second in range(3))
        assert table[0][0][first] == pytest.approx(best, abs=0.1)


def test_without_epsilon_the_draw_is_greedy_and_with_one_uniform():
    rng = np.random.default_rng(0)
    values = QValues((2, 3))
    values.learn((1, 2), 5.0, 1.0, 1.0)
    assert {values.draw(0.0, Small(), rng) for _ in range(50)} == {(1, 2)}
    counts = np.unique([values.draw(1.0, Small(), rng) for _ in range(6000)], axis=0, return_counts=True)[1]
    assert counts == pytest.approx([1000] * 6, rel=0.15)


def test_a_known_architecture_is_learned_again_and_not_asked_for_again():
    process: Any = q_learning(Small(), np.random.default_rng(0), architectures=1000)
    asked = [next(process), *(process.send(Evaluation(50.0)) for _ in range(5))]
    assert len(set(asked)) == 6
    # Now all are known: a hundred are learned, and one is trained again.
    process.send(Evaluation(50.0))
    state = process.gi_frame.f_locals
    assert state["repeated"] == 100
    assert len(state["memory"]) == 6
    process.send(Evaluation(51.0))
    assert len(state["memory"]) == 7
    assert state["memory"][-1][1] == 51.0


@pytest.mark.parametrize(
    "failed", [Evaluation(float("-inf")), Evaluation(0.0, failed=True)], ids=["infinite", "failed"]
)
def test_a_failed_training_is_learned_as_the_worst_so_far_if_there_is_one(failed):
    process: Any = q_learning(find_space("nasbench201"), np.random.default_rng(0))
    next(process)
    for told in (failed, Evaluation(60.0), Evaluation(40.0), failed):
        process.send(told)
    assert [accuracy for _, accuracy in process.gi_frame.f_locals["memory"]] == [60.0, 40.0, 40.0]


def test_the_space_draws_where_it_rejects_nearly_everything():
    whole = find_space("nats_sss")
    rows = np.array([7, 30_000])
    space = ListedSpace(whole, rows, lambda architecture: whole.index(architecture) in rows)
    process: Any = q_learning(space, np.random.default_rng(0))
    asked = [next(process), process.send(Evaluation(50.0))]
    assert {whole.index(architecture) for architecture in asked} == {7, 30_000}


def test_better_than_random_search_on_a_landscape():
    def mean_of_best(algorithm):
        runs = [
            search(
                algorithm,
                Landscape(find_space("nasbench201")),
                Budget(evaluations=150),
                np.random.SeedSequence(seed),
            )
            for seed in range(10)
        ]
        return np.mean([run.valid_accuracy.max() for run in runs])

    assert mean_of_best(q_learning) > mean_of_best(random_search) + 3


@pytest.mark.parametrize(
    ("hyperparameters", "received"),
    [
        ({"architectures": 0}, "0, 128, 0.01 and 1"),
        ({"replay": 0}, "150, 0, 0.01 and 1"),
        ({"alpha": 0.0}, "150, 128, 0 and 1"),
        ({"gamma": 1.5}, "150, 128, 0.01 and 1.5"),
    ],
)
def test_refuses_impossible_settings(hyperparameters, received):
    with pytest.raises(ValueError, match=rf"architectures and replay are 1 or more, .*; received {received}"):
        next(q_learning(Small(), np.random.default_rng(0), **hyperparameters))
