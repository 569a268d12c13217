import math
from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.random_scalarisation import random_scalarisation, scalarised
from nasbench_lab.search import Evaluation
from nasbench_lab.search.contract import Metrics
from tests.two_objectives import ONE, SPACE, TWO


def told(accuracy, parameters):
    return Evaluation(accuracy, metrics=Metrics({"parameters": parameters}))


def conversation(steps, tell, seed=0, task=TWO, **hyperparameters):
    process: Any = random_scalarisation(SPACE, np.random.default_rng(seed), task=task, **hyperparameters)
    first: Any = next(process)
    asked = [process.send([tell(architecture) for architecture in first])]
    for _ in range(steps - 1):
        asked.append(process.send(tell(asked[-1])))
    return first, asked, process


def test_the_augmented_tchebycheff_function():
    """By hand: scaled by the ranges of the first three, the losses are (0, 1), (1/2, 1/4) and (1, 0)."""
    losses = np.array([[-90.0, 4.0], [-80.0, 1.0], [-70.0, 0.0], [math.inf, -5.0]])
    expected = [0.6 + 0.05 * 0.6, 0.2 + 0.05 * (0.2 + 0.15), 0.4 + 0.05 * 0.4, math.inf]
    assert scalarised(losses, np.array([0.4, 0.6]), 0.05).tolist() == pytest.approx(expected)
    # Without the sum, the maximum alone counts; an objective with one value does not.
    assert scalarised(losses[:1], np.array([0.4, 0.6]), 0.0).tolist() == [0.0]
    assert scalarised(losses[3:], np.array([0.4, 0.6]), 0.05).tolist() == [math.inf]


def differ(one, other):
    return sum(a != b for a, b in zip(one, other, strict=True))


def test_asks_for_neighbors_of_the_best_under_weights_that_change():
    """Two architectures are the best for one weight or the other; all the rest are dominated."""

    def tell(architecture):
        return told(*{first[0]: (90.0, 5.0), first[1]: (50.0, 1.0)}.get(architecture, (40.0, 6.0)))

    first: Any = next(random_scalarisation(SPACE, np.random.default_rng(3), task=TWO))
    assert min(differ(first[0], each) for each in first[1:]) > 2
    _, asked, _ = conversation(40, tell, seed=3)
    parents = [next((i for i in (0, 1) if differ(first[i], each) == 1), None) for each in asked]
    # A known neighbor is replaced by one of its own neighbors, which may lie further away.
    counts = [parents.count(parent) for parent in (0, 1, None)]
    assert min(counts[:2]) >= 8
    assert counts[2] <= 16


def test_goes_on_to_new_ones_once_all_neighbors_of_the_best_are_known():
    first, asked, _ = conversation(300, lambda a: told(float(sum(a)), float(a[0])))
    assert len({*first, *asked}) == len(set(first)) + 300


def test_with_one_objective_it_climbs_to_the_top():
    _, asked, _ = conversation(120, lambda a: Evaluation(float(sum(a))), task=ONE)
    assert (4,) * 6 in asked


def test_draws_as_long_as_everything_fails():
    first, asked, _ = conversation(30, lambda a: Evaluation(0.0, failed=True))
    assert np.mean([min(differ(each, one) for one in first) for each in asked]) > 1.5


@pytest.mark.parametrize(
    ("hyperparameters", "received"), [({"initial": 0}, "0 and 0.05"), ({"rho": -1.0}, "10 and -1")]
)
def test_refuses_impossible_settings(hyperparameters, received):
    with pytest.raises(ValueError, match=f"initial is 1 or more and rho 0 or more; received {received}"):
        conversation(1, lambda a: told(1.0, 1.0), **hyperparameters)
