"""The golden values are those of pymoo 0.6.2, `NonDominatedSorting` and `calc_crowding_distance`.

pymoo's distances are means over the objectives; those of the paper are sums.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nasbench_lab.algorithms.nsga2 import (
    _cross,
    crowding_distance,
    nondominated_fronts,
    nsga2,
    survivors,
)
from nasbench_lab.algorithms.random_search import random_search
from nasbench_lab.search import Evaluation
from nasbench_lab.search.contract import Metrics
from tests.two_objectives import ONE, SPACE, TWO, mean_volume

PLANE = np.array(
    [
        [0.81, 0.81],
        [0.52, 0.29],
        [0.05, 0.38],
        [0.41, 0.05],
        [0.05, 1.0],
        [0.65, 0.23],
        [0.43, 0.97],
        [0.9, 0.84],
        [0.39, 0.49],
        [0.68, 0.06],
        [0.56, 0.27],
        [0.88, 0.06],
    ]
)
PLANE_FRONTS = [[2, 3], [1, 4, 5, 8, 9, 10], [0, 6, 11], [7]]
PLANE_DISTANCES = [
    [np.inf, np.inf],
    [0.2519419115163796, np.inf, 0.20694022289766972, 0.7506754474839583, np.inf, 0.13508949679162444],
    [1.0, np.inf, np.inf],
]
CUBE = np.array(
    [
        [0.68, 0.87, 0.23],
        [0.9, 0.87, 0.02],
        [0.71, 0.0, 0.5],
        [0.44, 0.2, 0.32],
        [0.81, 0.32, 0.15],
        [0.7, 0.45, 0.8],
        [0.24, 0.32, 0.8],
        [0.51, 0.51, 0.24],
        [0.01, 0.93, 0.09],
        [0.84, 0.37, 0.95],
        [0.4, 0.94, 0.56],
        [0.24, 0.74, 0.67],
    ]
)
CUBE_FRONTS = [[0, 1, 2, 3, 4, 6, 7, 8, 11], [5, 9, 10]]
CUBE_DISTANCES = [
    [
        0.15996288758158997,
        np.inf,
        np.inf,
        0.3269300471185212,
        0.17400086120637048,
        np.inf,
        0.2788868133195788,
        np.inf,
        0.33214375331084284,
    ],
    [1.0, np.inf, np.inf],
]


@pytest.mark.parametrize(
    ("points", "fronts", "distances"),
    [(PLANE, PLANE_FRONTS, PLANE_DISTANCES), (CUBE, CUBE_FRONTS, CUBE_DISTANCES)],
)
def test_fronts_and_crowding_distances_are_those_of_pymoo(points, fronts, distances):
    found = nondominated_fronts(points)
    assert [front.tolist() for front in found] == fronts
    for front, expected in zip(found, distances, strict=False):
        ours = crowding_distance(points[front]) / points.shape[1]
        # pymoo counts the points at the ends once for each objective; infinite is infinite either way.
        assert ours == pytest.approx(np.array(expected), rel=1e-12)


@given(arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(0, 4)))
def test_fronts_are_those_of_the_definition(points):
    """Peel off the points that none of the rest dominates, until nothing is left."""
    rest, fronts = list(range(len(points))), []
    while rest:
        front = [
            i
            for i in rest
            if not any(
                all(a <= b for a, b in zip(points[j], points[i], strict=True))
                and any(a < b for a, b in zip(points[j], points[i], strict=True))
                for j in rest
            )
        ]
        fronts.append(front)
        rest = [i for i in rest if i not in front]
    assert [front.tolist() for front in nondominated_fronts(points.astype(float))] == fronts


def test_whole_fronts_survive_and_then_the_least_crowded():
    # The first front has 2 members, the second one 6: the three that go on are its ends and the widest gap.
    assert survivors(PLANE, 5) == [2, 3, 4, 9, 8]
    assert survivors(PLANE, 6) == [2, 3, 4, 9, 8, 1]
    assert survivors(PLANE, 1) == [2]


def test_equal_points_have_no_distance_but_at_the_ends():
    assert crowding_distance(np.full((4, 2), 3.0)).tolist() == [np.inf, 0, 0, np.inf]
    assert crowding_distance(np.full((3, 2), np.inf)).tolist() == [np.inf, 0, np.inf]


def generations(count, tell, task=TWO, seed=0, **hyperparameters):
    process: Any = nsga2(SPACE, np.random.default_rng(seed), task=task, **hyperparameters)
    asked: list[Any] = [next(process)]
    for _ in range(count):
        asked.append(process.send([tell(architecture) for architecture in asked[-1]]))
    return asked


def both(architecture):
    return Evaluation(100.0 - architecture[0], metrics=Metrics({"parameters": float(architecture[1])}))


def test_parents_come_from_the_best_front_once_it_fills_the_population():
    """Without crossover and mutation, the children are copies of parents."""
    asked = generations(60, both, population_size=20, crossover_rate=0, mutations=0)
    best = min(a[0] for a in asked[0]), min(a[1] for a in asked[0])
    on_front = {
        a
        for a in asked[0]
        if not any(b[0] <= a[0] and b[1] <= a[1] and (b[0], b[1]) != (a[0], a[1]) for b in asked[0])
    }
    assert set(asked[-1]) <= on_front
    assert best == (min(a[0] for a in asked[-1]), min(a[1] for a in asked[-1]))


def test_a_failed_training_with_the_fewest_parameters_is_no_parent():
    def tell(architecture):
        parameters = Metrics({"parameters": float(sum(architecture))})
        failed = sum(architecture) < 12
        return Evaluation(0.0 if failed else 90.0, metrics=parameters, failed=failed)

    asked = generations(30, tell, population_size=20, crossover_rate=0, mutations=0)
    assert min(sum(a) for a in asked[0]) < 12
    assert min(sum(a) for a in asked[-1]) == min(sum(a) for a in asked[0] if sum(a) >= 12)


def test_the_best_of_one_objective_is_never_lost():
    asked = generations(
        30, lambda a: Evaluation(float(sum(a))), task=ONE, population_size=10, mutations=0, crossover_rate=0
    )
    assert max(map(sum, asked[-1])) == max(map(sum, asked[0]))


def test_children_mutate_in_one_decision_on_average():
    process: Any = nsga2(
        SPACE, np.random.default_rng(1), task=TWO, population_size=2000, crossover_rate=0, mutations=1
    )
    first: Any = next(process)
    # One member dominates all others and is the parent of few: the tournaments are of two.
    children: Any = process.send([both(a) for a in first])
    parents = np.array(first)
    steps = [(parents != np.array(child)).sum(axis=1).min() for child in children[:300]]
    assert 0.5 < np.mean(steps) < 1.0  # less than one: of 2000 parents, another one may be nearer


@pytest.mark.parametrize(("crossover", "children"), [("uniform", 2**6), ("one_point", 5)])
def test_a_child_takes_each_decision_from_one_of_its_parents(crossover, children):
    rng = np.random.default_rng(0)
    found = {_cross((0,) * 6, (1,) * 6, crossover, rng) for _ in range(2000)}
    assert len(found) == children
    if crossover == "one_point":
        assert found == {(0,) * cut + (1,) * (6 - cut) for cut in range(1, 6)}


def test_finds_a_larger_front_than_random_search():
    """With 600 evaluations and parameters that rise with the accuracy, on average over 10 runs."""
    assert mean_volume(nsga2) > 1.05 * mean_volume(random_search)


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"population_size": 1}, "population_size is 2 or more and mutations 0 or more; received 1 and 1"),
        ({"mutations": -1.0}, "mutations 0 or more; received 100 and -1"),
        ({"crossover": "two"}, "crossover is 'one_point' or 'uniform'; received 'two'"),
        ({"crossover_rate": 1.5}, "crossover_rate lies between 0 and 1; received 1.5"),
    ],
)
def test_refuses_impossible_settings(hyperparameters, message):
    with pytest.raises(ValueError, match=message):
        generations(0, both, **hyperparameters)
