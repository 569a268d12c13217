"""Bayesian optimisation with a Gaussian process and expected improvement (Snoek et al. 2012)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize
from scipy.special import ndtr

from nasbench_lab.search import Observations, SearchProcess
from nasbench_lab.spaces import SearchSpace

Array = NDArray[np.float64]


class Kernel(NamedTuple):
    """The logarithms of the hyperparameters of k(x, x') = variance exp(-|x - x'|² / (2 length²)).

    On one-hot features |x - x'|² is twice the number of decisions that differ, the Hamming distance. A
    measurement adds independent noise of its own variance.
    """

    variance: float
    length_squared: float
    noise: float


def gaussian_process(
    space: SearchSpace, rng: np.random.Generator, *, n_startup: int = 10, candidates: int = 100
) -> SearchProcess:
    """Ask for the architecture with the highest expected improvement under a Gaussian process.

    Snoek, Larochelle & Adams, "Practical Bayesian Optimization of Machine Learning Algorithms", NeurIPS
    2012; expected improvement of Jones, Schonlau & Welch 1998, equation 15. The first `n_startup`
    architectures are random. Differences: the inputs are one-hot and the kernel is an exponential of the
    Hamming distance, because decisions have no order; its hyperparameters maximise the marginal likelihood
    (the paper's alternative to its integral over them); the improvement is maximised over `candidates`
    architectures that were not evaluated before, half of them mutants of the best, half random. Accuracies
    are standardised; a failure counts as the worst that did not fail.
    """
    if n_startup < 2 or candidates < 2:
        raise ValueError(
            f"n_startup and candidates are whole numbers above 1; received {n_startup} and {candidates}"
        )
    told = Observations(space)
    kernel = Kernel(0.0, np.log(len(space.cardinalities)), np.log(0.1))
    while True:
        if len(told) < n_startup:
            candidate = space.sample(rng)
        else:
            inputs = space.encode(told.architectures).astype(np.float64)
            targets = standardised(told.accuracies())
            kernel = most_likely(inputs, targets, kernel)
            pool = told.new_mutants(rng, candidates // 2)
            pool += told.new_draws(rng, candidates - candidates // 2)
            pool = pool or [space.sample(rng)]
            mean, deviation = posterior(inputs, targets, space.encode(pool).astype(np.float64), kernel)
            improvement = expected_improvement(mean, deviation, targets.max())
            candidate = pool[int(improvement.argmax())]
        evaluation = yield candidate
        told.add(candidate, evaluation)


def standardised(accuracies: Array) -> Array:
    """Accuracies with mean 0 and standard deviation 1; all 0 if they are equal."""
    spread = accuracies.std()
    scaled: Array = (accuracies - accuracies.mean()) / (spread if spread > 0 else 1.0)
    return scaled


def posterior(inputs: Array, targets: Array, others: Array, kernel: Kernel) -> tuple[Array, Array]:
    """Mean and standard deviation, without noise, at other inputs (Rasmussen & Williams 2006, Algorithm 2.1).

    Args:
        inputs, targets: the observations, shapes `(n, k)` and `(n,)`.
        others: shape `(m, k)`.
        kernel: the hyperparameters.

    Returns:
        Two arrays of shape `(m,)`.
    """
    variance, length_squared, noise = np.exp(kernel)
    covariance = variance * np.exp(-_squared_distances(inputs, inputs) / (2 * length_squared))
    lower = cholesky(covariance + noise * np.eye(len(inputs)), lower=True)
    across = variance * np.exp(-_squared_distances(inputs, others) / (2 * length_squared))
    mean = across.T @ cho_solve((lower, True), targets)
    explained = (across * cho_solve((lower, True), across)).sum(axis=0)
    return mean, np.sqrt(np.maximum(variance - explained, 1e-12))


def expected_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """The expected value of max(f - best, 0) for f ~ N(mean, deviation²), shape as that of `mean`."""
    z = (mean - best) / deviation
    improvement: Array = (mean - best) * ndtr(z) + deviation * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return improvement


def most_likely(inputs: Array, targets: Array, start: Kernel) -> Kernel:
    """The hyperparameters of the highest marginal likelihood that L-BFGS finds from `start`."""
    squared = _squared_distances(inputs, inputs)
    farthest = np.log(100.0 * max(squared.max(), 1.0))
    bounds = [(np.log(1e-2), np.log(1e2)), (np.log(0.05), farthest), (np.log(1e-4), np.log(2.0))]
    found = minimize(_cost, start, args=(squared, targets), jac=True, method="L-BFGS-B", bounds=bounds)
    return Kernel(*found.x.tolist())


def _cost(parameters: Array, squared: Array, targets: Array) -> tuple[float, Array]:
    value, gradient = log_likelihood(Kernel(*parameters), squared, targets)
    return -value, -gradient


def log_likelihood(kernel: Kernel, squared: Array, targets: Array) -> tuple[float, Array]:
    """The log marginal likelihood (Rasmussen & Williams 2006, equations 5.8 and 5.9), and its gradient.

    Args:
        kernel: the hyperparameters; the gradient is with respect to their logarithms, shape `(3,)`.
        squared: the squared distances of the inputs, shape `(n, n)`.
        targets: shape `(n,)`.
    """
    variance, length_squared, noise = np.exp(kernel)
    signal = variance * np.exp(-squared / (2 * length_squared))
    identity = np.eye(len(targets))
    lower = cholesky(signal + noise * identity, lower=True)
    inverse = cho_solve((lower, True), identity)
    alpha = inverse @ targets
    value = -targets @ alpha / 2 - np.log(np.diag(lower)).sum() - len(targets) * np.log(2 * np.pi) / 2
    slope = (np.outer(alpha, alpha) - inverse) / 2
    by_length = (slope * signal * squared).sum() / (2 * length_squared)
    return float(value), np.array([(slope * signal).sum(), by_length, noise * np.trace(slope)])


def _squared_distances(first: Array, second: Array) -> Array:
    squared = (first * first).sum(axis=1)[:, None] + (second * second).sum(axis=1) - 2 * first @ second.T
    positive: Array = np.maximum(squared, 0.0)
    return positive
