import itertools
import math
from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.monte_carlo_tree_search import Tree, monte_carlo_tree_search, rollout
from nasbench_lab.algorithms.random_search import random_search
from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, Evaluation, search
from nasbench_lab.spaces import SearchSpace, find_space
from nasbench_lab.spaces.listed import ListedSpace


class Small(SearchSpace):
    name = "small"
    cardinalities = (2, 3)


class Pair(SearchSpace):
    """Valid if the first two decisions are the same."""

    name = "pair"
    cardinalities = (2, 2, 2)

    def is_valid(self, architecture):
        return super().is_valid(architecture) and architecture[0] == architecture[1]


def test_the_choice_by_ucb1():
    """By hand, for 4 visits of the left child with mean 0.5 and 1 visit of the right one with mean 0.3."""
    tree = Tree((2,))
    for accuracy in (0.4, 0.6, 0.5, 0.5):
        tree.add((0,), accuracy)
    tree.add((1,), 0.3)
    assert tree.visits == {(): 5, (0,): 4, (1,): 1}
    assert tree.totals == pytest.approx({(): 2.3, (0,): 2.0, (1,): 0.3})
    rng = np.random.default_rng(0)
    # The bounds are 0.5 + 2c sqrt(2 ln 5 / 4) and 0.3 + 2c sqrt(2 ln 5): equal for this c.
    equal = 0.2 / (2 * (math.sqrt(2 * math.log(5)) - math.sqrt(2 * math.log(5) / 4)))
    assert equal == pytest.approx(0.11147, abs=1e-5)
    assert tree.select(equal - 0.001, rng) == (0,)
    assert tree.select(equal + 0.001, rng) == (1,)


def test_children_without_visits_come_first_in_random_order():
    tree = Tree((3,))
    tree.add((1,), 0.9)
    rng = np.random.default_rng(0)
    drawn = [tree.select(0.1, rng) for _ in range(2000)]
    assert np.mean([node == (0,) for node in drawn]) == pytest.approx(0.5, abs=0.04)
    assert (1,) not in drawn


def test_a_step_adds_one_node_and_counts_all_on_the_way():
    tree = Tree((2, 3))
    for _ in range(3):
        tree.add((1, 2), 0.5)
    assert tree.visits == {(): 3, (1,): 3, (1, 2): 2}
    tree.add((1, 0), 0.1)
    assert tree.visits == {(): 4, (1,): 4, (1, 2): 2, (1, 0): 1}
    assert tree.totals[1,] == pytest.approx(1.6)


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_visits_concentrate_on_the_optimum_on_any_scale(scale):
    rewards = {
        each: scale * (7 + each[0] - each[1] + 3.5 * (each == (0, 2)))
        for each in itertools.product(range(2), range(3))
    }
    best = max(rewards, key=lambda each: rewards[each])
    assert best == (0, 2)  # though choice 1 of the first decision has the better mean without it
    process: Any = monte_carlo_tree_search(Small(), np.random.default_rng(0))
    asked: list[Any] = [next(process)]
    for _ in range(600):
        asked.append(process.send(Evaluation(rewards[asked[-1]])))
    visits = process.gi_frame.f_locals["tree"].visits
    assert visits[best] > 400
    assert sum(each == best for each in asked[-300:]) > 200
    # The other first decision is tried again now and then, for its bound grows.
    assert 1 < visits[1,] < 20


def test_a_rollout_keeps_the_choices_of_the_node():
    rng = np.random.default_rng(0)
    drawn = {rollout((1,), Pair(), rng) for _ in range(200)}
    assert drawn == {(1, 1, 0), (1, 1, 1)}
    assert rollout((0, 1), Pair(), rng) is None
    assert rollout((0, 0, 1), Pair(), rng) == (0, 0, 1)


def test_a_node_without_architectures_is_closed():
    process: Any = monte_carlo_tree_search(Pair(), np.random.default_rng(0), exploration=1.0)
    asked: Any = next(process)
    for _ in range(100):
        assert Pair().is_valid(asked)
        asked = process.send(Evaluation(float(sum(asked))))
    assert process.gi_frame.f_locals["tree"].closed == {(0, 1), (1, 0)}


def test_the_space_draws_where_it_rejects_nearly_everything():
    whole = find_space("nats_sss")
    rows = np.array([7, 30_000])
    space = ListedSpace(whole, rows, lambda architecture: whole.index(architecture) in rows)
    process: Any = monte_carlo_tree_search(space, np.random.default_rng(0))
    asked = [next(process), *(process.send(Evaluation(50.0)) for _ in range(60))]
    assert {whole.index(architecture) for architecture in asked} == {7, 30_000}


@pytest.mark.parametrize(
    "failed", [Evaluation(float("-inf")), Evaluation(0.0, failed=True)], ids=["infinite", "failed"]
)
def test_a_failed_training_counts_as_the_lowest_so_far_if_there_is_one(failed):
    process: Any = monte_carlo_tree_search(Small(), np.random.default_rng(0))
    next(process)
    for told in (failed, Evaluation(60.0), Evaluation(40.0), failed):
        process.send(told)
    tree = process.gi_frame.f_locals["tree"]
    assert tree.visits[()] == 3
    assert tree.totals[()] == 140.0


def test_better_than_random_search_on_a_landscape():
    def mean_of_best(algorithm):
        task, seeds = Landscape(find_space("nasbench201")), map(np.random.SeedSequence, range(20))
        runs = [search(algorithm, task, Budget(evaluations=150), seed) for seed in seeds]
        return np.mean([run.valid_accuracy.max() for run in runs])

    assert mean_of_best(monte_carlo_tree_search) > mean_of_best(random_search) + 2


def test_refuses_negative_exploration():
    with pytest.raises(ValueError, match=r"exploration is 0 or more; received -0\.1"):
        next(monte_carlo_tree_search(Small(), np.random.default_rng(0), exploration=-0.1))
