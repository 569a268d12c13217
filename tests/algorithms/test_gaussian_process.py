import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import norm

from nasbench_lab.algorithms.gaussian_process import (
    Kernel,
    expected_improvement,
    gaussian_process,
    log_likelihood,
    most_likely,
    posterior,
    standardised,
)
from nasbench_lab.algorithms.random_search import random_search
from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, search
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.spaces import SearchSpace, find_space

SPACE = find_space("nasbench201")
KERNEL = Kernel(math.log(1.7), math.log(2.3), math.log(0.05))


def data(count, seed=0):
    """One-hot architectures, and targets that depend on their decisions."""
    rng = np.random.default_rng(seed)
    architectures = [SPACE.sample(rng) for _ in range(count)]
    targets = np.array([sum(a) - 3 * (a[1] == 2) for a in architectures]) + rng.normal(0, 0.3, count)
    return SPACE.encode(architectures).astype(float), standardised(targets)


def differing(first, second):
    """The number of decisions that differ, for all pairs of one-hot rows."""
    return np.array([[np.sum(one != two) / 2 for two in second] for one in first])


def scikit_learn():
    """Its Gaussian processes, our kernel without noise, and the kernel of the noise."""
    sklearn = pytest.importorskip("sklearn.gaussian_process")
    kernels = sklearn.kernels
    variance, length_squared, noise = np.exp(KERNEL)
    signal = kernels.ConstantKernel(variance) * kernels.RBF(math.sqrt(length_squared))
    return sklearn.GaussianProcessRegressor, signal, kernels.WhiteKernel(noise)


def test_the_posterior_equals_scikit_learns():
    inputs, targets = data(40)
    others, _ = data(30, seed=1)
    regressor, signal, _ = scikit_learn()
    process = regressor(signal, alpha=math.exp(KERNEL.noise), optimizer=None)
    expected_mean, expected_deviation = process.fit(inputs, targets).predict(others, return_std=True)

    mean, deviation = posterior(inputs, targets, others, KERNEL)

    assert mean == pytest.approx(expected_mean, abs=1e-9)
    assert deviation == pytest.approx(expected_deviation, abs=1e-7)


def test_the_posterior_equals_the_formulas_of_the_book():
    """Equations 2.23 and 2.24 of Rasmussen & Williams with an inverse, and the kernel by counting."""
    inputs, targets = data(15)
    others, _ = data(6, seed=1)
    variance, squared_length, noise = np.exp(KERNEL)
    covariance = variance * np.exp(-differing(inputs, inputs) / squared_length) + noise * np.eye(15)
    across = variance * np.exp(-differing(others, inputs) / squared_length)
    expected = across @ np.linalg.inv(covariance) @ targets
    expected_variance = variance - np.diag(across @ np.linalg.inv(covariance) @ across.T)

    mean, deviation = posterior(inputs, targets, others, KERNEL)

    assert mean == pytest.approx(expected, abs=1e-9)
    assert deviation**2 == pytest.approx(expected_variance, abs=1e-9)


def test_the_likelihood_and_its_gradient_equal_scikit_learns():
    inputs, targets = data(25)
    regressor, signal, noise = scikit_learn()
    process = regressor(signal + noise, optimizer=None).fit(inputs, targets)
    # Scikit-learn's length is not squared: the derivative by its logarithm is twice ours.
    expected, by_logarithms = process.log_marginal_likelihood(process.kernel_.theta, eval_gradient=True)

    value, gradient = log_likelihood(KERNEL, 2 * differing(inputs, inputs), targets)

    assert value == pytest.approx(expected, abs=1e-6)
    assert gradient * [1, 2, 1] == pytest.approx(by_logarithms, abs=1e-6)


def test_the_gradient_of_the_likelihood_equals_differences():
    inputs, targets = data(25)
    squared = 2 * differing(inputs, inputs)
    slope = approx_fprime(np.array(KERNEL), lambda p: log_likelihood(Kernel(*p), squared, targets)[0], 1e-6)
    assert log_likelihood(KERNEL, squared, targets)[1] == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_the_fitted_hyperparameters_are_more_likely_than_those_near_them():
    inputs, targets = data(60)
    squared = 2 * differing(inputs, inputs)
    fitted = most_likely(inputs, targets, KERNEL)
    highest = log_likelihood(fitted, squared, targets)[0]
    assert highest > log_likelihood(KERNEL, squared, targets)[0] + 1
    for place in range(3):
        for step in (-0.3, 0.3):
            moved = np.array(fitted)
            moved[place] += step
            inside = math.log(1e-4) <= moved[2] and moved[0] <= math.log(1e2)
            assert not inside or log_likelihood(Kernel(*moved), squared, targets)[0] < highest


@pytest.mark.parametrize(("mean", "deviation", "best"), [(0.0, 1.0, 0.5), (2.0, 0.3, 1.5), (-1.0, 0.7, 1.0)])
def test_expected_improvement_equals_the_integral(mean, deviation, best):
    expected, _ = quad(lambda f: (f - best) * norm.pdf(f, mean, deviation), best, best + 20, epsabs=1e-12)
    found = expected_improvement(np.array([mean]), np.array([deviation]), best)
    assert found == pytest.approx([expected], abs=1e-9)


def drive(space, accuracies, **hyperparameters):
    """The requests of the algorithm when it is told these accuracies in turn."""
    process = gaussian_process(space, np.random.default_rng(0), **hyperparameters)
    asked = [next(process)]
    asked += [process.send(Evaluation(accuracy, 1.0, 12, "table")) for accuracy in accuracies]
    return asked


def test_asks_for_no_architecture_twice_as_long_as_there_are_others():
    asked = drive(SPACE, np.linspace(50, 60, 25), n_startup=5)
    later = [SPACE.canonical(architecture) for architecture in asked[5:]]
    assert len(set(later)) == len(later)


class Two(SearchSpace):
    name = "two"
    cardinalities = (2,)


def test_repeats_where_everything_is_known():
    assert set(drive(Two(), [50.0, 60.0] * 10, n_startup=2)) == {(0,), (1,)}


def test_an_infinite_failure_is_no_end():
    assert len(drive(SPACE, [-math.inf, 50.0, 60.0, -math.inf, 55.0], n_startup=2)) == 6


def test_equal_accuracies_are_standardised_to_zero():
    assert standardised(np.array([70.0, 70.0])).tolist() == [0.0, 0.0]
    assert standardised(np.array([60.0, 80.0])).tolist() == [-1.0, 1.0]


def test_is_better_than_random_search_on_an_easy_landscape():
    task = Landscape(find_space("nasbench_macro"))

    def mean_best(algorithm):
        runs = [search(algorithm, task, Budget(evaluations=40), np.random.SeedSequence(s)) for s in range(6)]
        return np.mean([run.valid_accuracy.max() for run in runs])

    assert mean_best(gaussian_process) > mean_best(random_search) + 5


@pytest.mark.parametrize("hyperparameters", [{"n_startup": 1}, {"candidates": 1}])
def test_refuses_impossible_settings(hyperparameters):
    with pytest.raises(ValueError, match="n_startup and candidates are whole numbers above 1; received"):
        drive(SPACE, [], **hyperparameters)
