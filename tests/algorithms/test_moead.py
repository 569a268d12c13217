import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.moead import moead, tchebycheff, weight_lattice
from nasbench_lab.algorithms.random_search import random_search
from nasbench_lab.search import Evaluation
from nasbench_lab.search.contract import Metric, Metrics
from tests.two_objectives import ONE, SPACE, TWO, mean_volume


@pytest.mark.parametrize(
    ("objectives", "most", "divisions"),
    [(2, 100, 99), (2, 1, 1), (3, 300, 23), (3, 299, 22), (3, 325, 24), (4, 100, 6), (5, 2, 1)],
)
def test_the_weights_are_all_that_have_this_sum(objectives, most, divisions):
    lattice = weight_lattice(objectives, most)
    assert len(lattice) == math.comb(divisions + objectives - 1, objectives - 1)
    everything = itertools.product(range(divisions + 1), repeat=objectives)
    assert lattice.tolist() == [list(each) for each in everything if sum(each) == divisions]


def test_one_objective_has_one_weight():
    assert weight_lattice(1, 100).tolist() == [[1]]


def test_tchebycheff_values():
    """By hand: the losses (-90, 3) and (-80, 1) on scales from (-100, 0) to (-60, 4)."""
    ideal, worst = np.array([-100.0, 0.0]), np.array([-60.0, 4.0])
    weights = np.array([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]])
    # Scaled, the first one is (0.25, 0.75).
    assert tchebycheff(np.array([-90.0, 3.0]), weights, ideal, worst) == pytest.approx([0.375, 0.225, 0.25])
    # Scaled, (0.25, 0.75), (0.5, 0.25) and (0, 1): the weight of 0 breaks the tie with 1e-4.
    points = np.array([[-90.0, 3.0], [-80.0, 1.0], [-100.0, 4.0]])
    assert tchebycheff(points, weights, ideal, worst) == pytest.approx([0.375, 0.45, 1e-4])


def test_an_objective_with_one_value_is_not_scaled_and_an_unknown_one_is_the_worst():
    weights = np.array([[0.5, 0.5]])
    same = np.array([-100.0, 2.0])
    assert tchebycheff(np.array([-98.0, 3.0]), weights, same, same).tolist() == [1.0]
    unknown = np.array([math.inf, math.inf])
    assert tchebycheff(unknown, weights, same, same + 1).tolist() == [math.inf]
    # No objective of anything is known yet.
    assert tchebycheff(unknown, weights, unknown, -unknown).tolist() == [math.inf]


def told(accuracy, parameters):
    return Evaluation(accuracy, metrics=Metrics({"parameters": parameters}))


def conversation(task=TWO, seed=0, **hyperparameters):
    process: Any = moead(SPACE, np.random.default_rng(seed), task=task, **hyperparameters)
    return process, next(process)


def test_a_child_replaces_the_neighbors_that_it_improves_and_no_others():
    """Three problems, (0, 1), (1/2, 1/2) and (1, 0), each with one neighbor beside itself.

    The neighborhoods are problems 0 and 1, 1 and 0, 2 and 1. The population has the losses (-50, 1), (-60, 2)
    and (-90, 9).
    """
    process, first = conversation(population_size=3, neighbors=2, mutations=0)
    assert len(first) == 3
    asked: Any = process.send([told(50.0, 1.0), told(60.0, 2.0), told(90.0, 9.0)])
    # Problem 0 crosses problems 0 and 1. The child (-70, 3) is worse for weight (0, 1): 0.25 against 1e-4.
    # For (1/2, 1/2) on the scales from (-90, 1) to (-50, 9) it is better: 0.25 against 0.375.
    child = asked
    assert all(c in (a, b) for c, a, b in zip(child, first[0], first[1], strict=True))
    process.send(told(70.0, 3.0))
    population = process.gi_frame.f_locals["population"]
    assert population == [first[0], child, first[2]]
    assert process.gi_frame.f_locals["losses"].tolist() == [[-50, 1], [-70, 3], [-90, 9]]
    # Problem 1 has problem 0 beside it. A perfect child replaces both, and not problem 2.
    other = process.gi_frame.f_locals["child"]
    process.send(told(99.0, 0.5))
    assert process.gi_frame.f_locals["population"] == [other, other, first[2]]
    # Problem 2: its neighborhood is problems 2 and 1, and a failed child replaces none.
    process.send(Evaluation(0.0, metrics=Metrics({"parameters": 0.1}), failed=True))
    assert process.gi_frame.f_locals["population"] == [other, other, first[2]]
    assert process.gi_frame.f_locals["ideal"].tolist() == [-99, 0.5]


def test_neighborhoods_are_the_nearest_weights():
    process, first = conversation(population_size=100)
    process.send([told(50.0, 1.0)] * len(first))
    found = process.gi_frame.f_locals["neighborhoods"]
    assert found.shape == (100, 20)
    for i in (0, 3, 50, 99):
        # Of those at the same distance, the lower one comes first.
        assert found[i].tolist() == sorted(range(100), key=lambda j: (abs(i - j), j))[:20]


def test_with_one_objective_it_climbs_by_single_mutants():
    process, first = conversation(task=ONE, mutations=0.0)
    assert len(first) == 1
    assert process.send([Evaluation(50.0)]) == first[0]
    climbing, start = conversation(task=ONE)
    asked: Any = climbing.send([Evaluation(float(sum(start[0])))])
    for _ in range(400):
        asked = climbing.send(Evaluation(float(sum(asked))))
    assert climbing.gi_frame.f_locals["population"] == [(4,) * 6]


def test_searches_with_three_objectives():
    metrics = {**TWO.metrics, "latency": Metric("lower", "ms")}
    three = dataclasses.replace(TWO, objectives=("valid_accuracy", "parameters", "latency"), metrics=metrics)
    process, first = conversation(task=three)
    assert len(first) == math.comb(14, 2)  # 91 with H = 12; H = 13 gives 105
    one = Evaluation(5.0, metrics=Metrics({"parameters": 1.0, "latency": 2.0}))
    asked: Any = process.send([one] * 91)
    assert SPACE.is_valid(asked)


def test_finds_a_larger_front_than_random_search():
    """With 600 evaluations, on average over 10 runs."""
    assert mean_volume(moead) > 1.05 * mean_volume(random_search)


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"population_size": 0}, "population_size and neighbors are 1 or more .*; received 0, 20 and 1"),
        ({"neighbors": 0}, "received 100, 0 and 1"),
        ({"mutations": -0.5}, "mutations 0 or more; received 100, 20 and -0.5"),
    ],
)
def test_refuses_impossible_settings(hyperparameters, message):
    with pytest.raises(ValueError, match=message):
        conversation(**hyperparameters)
