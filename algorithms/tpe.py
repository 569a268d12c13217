"""The tree-structured Parzen estimator, TPE (Bergstra et al. 2011), for categorical decisions."""

import math

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import Architecture, SearchSpace

MOST_GOOD = 25
"""Hyperopt's LF: the most observations of l, and the number of the latest ones that weigh in full."""
MOST_DRAWS = 20


def tpe(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    n_startup: int = 20,
    gamma: float = 0.25,
    n_ei_candidates: int = 24,
    prior_weight: float = 1.0,
) -> SearchProcess:
    """Draw from the density of the good architectures, take the draw with the highest ratio to the others.

    Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011, section 4. The settings are
    those of its library Hyperopt. The first `n_startup` architectures are random. The good ones are the best
    ceil(`gamma` sqrt(N)) of N, 25 at most; in the paper they are a share of N. Both densities are products
    over the decisions, with `prior_weight` on each choice. The paper's expected improvement is of a whole
    architecture, and so it is here; Hyperopt maximises it for each decision by itself. The paper allows
    repeats, and so does this. Invalid draws are dropped; after 20 sets without a valid one, the space draws.
    """
    if n_startup < 1 or n_ei_candidates < 1 or not gamma > 0 or not prior_weight > 0:
        raise ValueError(
            "n_startup and n_ei_candidates are whole numbers above 0, gamma and prior_weight are above 0;"
            f" received {n_startup}, {n_ei_candidates}, {gamma:g} and {prior_weight:g}"
        )
    allowed = np.arange(max(space.cardinalities)) < np.array(space.cardinalities)[:, None]
    asked: list[Architecture] = []
    accuracies: list[float] = []
    while True:
        if len(asked) < n_startup:
            candidate = space.sample(rng)
        else:
            good = good_ones(accuracies, gamma)
            observed = np.array(asked)
            l_x = density(observed[good], allowed, prior_weight)
            g_x = density(observed[~good], allowed, prior_weight)
            candidate = _best_draw(space, rng, n_ei_candidates, l_x, g_x)
        evaluation = yield candidate
        asked.append(candidate)
        accuracies.append(evaluation.valid_accuracy)


def good_ones(accuracies: list[float], gamma: float) -> NDArray[np.bool_]:
    """Which observations make l (equation 2): those at y* or better, shape `(n,)`.

    The earlier one of two equal observations is the better one.
    """
    count = min(math.ceil(gamma * math.sqrt(len(accuracies))), MOST_GOOD)
    order = np.argsort(-np.array(accuracies), kind="stable")
    good = np.zeros(len(accuracies), dtype=np.bool_)
    good[order[:count]] = True
    return good


def density(
    observed: NDArray[np.int64], allowed: NDArray[np.bool_], prior_weight: float
) -> NDArray[np.float64]:
    """The estimate for each decision: weighted counts of its choices, and the prior's.

    Args:
        observed: architectures in the order of their evaluation, shape `(n, d)`; may be none.
        allowed: which choices each decision has, shape `(d, most choices)`.
        prior_weight: the count that each choice has before any observation.

    Returns:
        Probabilities, shape `(d, most choices)`; 0 for what is not allowed.
    """
    decisions, choices = allowed.shape
    # Hyperopt forgets linearly: the 25 latest weigh 1, the earlier ones from 1/n up to 1.
    ramp = np.linspace(1 / max(len(observed), 1), 1, max(len(observed) - MOST_GOOD, 0))
    weights = np.concatenate([ramp, np.ones(len(observed) - len(ramp))])
    cells = (observed + choices * np.arange(decisions)).ravel()
    counts = np.bincount(cells, np.repeat(weights, decisions), minlength=allowed.size).reshape(allowed.shape)
    pseudocounts = np.where(allowed, counts + prior_weight, 0.0)
    estimate: NDArray[np.float64] = pseudocounts / pseudocounts.sum(axis=1, keepdims=True)
    return estimate


def _best_draw(
    space: SearchSpace,
    rng: np.random.Generator,
    count: int,
    l_x: NDArray[np.float64],
    g_x: NDArray[np.float64],
) -> Architecture:
    """Of `count` draws from l, the valid one with the highest l / g; equation 4 grows with this ratio."""
    thresholds = l_x.cumsum(axis=1)
    for _ in range(MOST_DRAWS):
        # A number below the sum of a row falls to one of its choices, and never to one of probability 0.
        points = rng.random((count, len(l_x), 1)) * thresholds[:, -1:]
        drawn = (thresholds > points).argmax(axis=2)
        scores = log_ratio(drawn, l_x, g_x)
        for index in np.argsort(-scores, kind="stable"):
            candidate = tuple(drawn[index].tolist())
            if space.is_valid(candidate):
                return candidate
    return space.sample(rng)


def log_ratio(
    architectures: NDArray[np.int64], l_x: NDArray[np.float64], g_x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The logarithm of l(x) / g(x) for architectures of shape `(n, d)`, shape `(n,)`."""
    places = np.arange(len(l_x))
    logarithms = np.log(l_x[places, architectures]) - np.log(g_x[places, architectures])
    ratio: NDArray[np.float64] = logarithms.sum(axis=1)
    return ratio
