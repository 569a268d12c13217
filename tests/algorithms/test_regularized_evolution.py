import numpy as np
import pytest

from nasbench_lab.algorithms.regularized_evolution import regularized_evolution
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.spaces import find_space

SPACE = find_space("nasbench201")


def drive(accuracies, **hyperparameters):
    """The requests of the algorithm when it is told these accuracies in turn."""
    process = regularized_evolution(SPACE, np.random.default_rng(0), **hyperparameters)
    asked = [next(process)]
    asked += [process.send(Evaluation(accuracy, 1.0, 12, "table")) for accuracy in accuracies]
    return asked


def differences(first, second):
    return sum(a != b for a, b in zip(first, second, strict=True))


def test_a_sample_of_many_draws_mutates_the_best_member():
    asked = drive([10.0, 90.0, 20.0], population_size=3, sample_size=200)
    assert differences(asked[3], asked[1]) == 1


def test_the_oldest_member_dies_even_if_it_is_the_best():
    # Member 0 is the best, but one child pushes it out; member 2 is then the best.
    asked = drive([90.0, 10.0, 20.0, 5.0], population_size=3, sample_size=200)
    assert differences(asked[3], asked[0]) == 1
    assert differences(asked[4], asked[2]) == 1


@pytest.mark.parametrize("hyperparameters", [{"population_size": 0}, {"sample_size": 0}])
def test_refuses_an_empty_population_or_sample(hyperparameters):
    with pytest.raises(ValueError, match="whole numbers above 0; received"):
        drive([], **hyperparameters)
