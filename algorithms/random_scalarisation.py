"""Knowles 2006: weigh the objectives at random in each step, without ParEGO's model: mutate the best."""

import math

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search import SearchProcess, TaskInfo
from nasbench_lab.spaces import Architecture, SearchSpace

MOST_REPEATED = 50


def random_scalarisation(
    space: SearchSpace, rng: np.random.Generator, *, task: TaskInfo, initial: int = 10, rho: float = 0.05
) -> SearchProcess:
    """Draw weights, find the best of all evaluations under them, and evaluate one of its neighbors.

    The scalarisation is that of ParEGO (Knowles, "ParEGO: A Hybrid Algorithm with On-Line Landscape
    Approximation for Expensive Multiobjective Optimization Problems", IEEE Transactions on Evolutionary
    Computation 2006, equation 2), with weights drawn anew in each step and losses scaled by their range so
    far. Two things differ. There is no Gaussian process: the new architecture is a single mutant of the
    best one under the weights, as in the local search of Ishibuchi & Murata 1998. The weights are uniform
    over the simplex, not over a grid of it, as in Paria et al. 2020. A mutant that was evaluated before
    mutates again, up to 50 times. With one objective this is hill climbing from the best of all.

    Args:
        space, rng: as for every algorithm.
        task: its objectives. An architecture that lacks one, such as a failed one, is never the best.
        initial: number of random architectures at the start.
        rho: the weight of the sum beside the maximum.
    """
    if initial < 1 or rho < 0:
        raise ValueError(f"initial is 1 or more and rho 0 or more; received {initial} and {rho:g}")
    evaluated = [space.sample(rng) for _ in range(initial)]
    losses = np.array([task.losses(evaluation) for evaluation in (yield list(evaluated))])
    seen = set(evaluated)
    while True:
        weights = rng.dirichlet(np.ones(losses.shape[1]))
        values = scalarised(losses, weights, rho)
        best = int(values.argmin())
        candidate = space.sample(rng) if math.isinf(values[best]) else _new(space, evaluated[best], seen, rng)
        losses = np.vstack([losses, task.losses((yield candidate))])
        evaluated.append(candidate)
        seen.add(candidate)


def scalarised(losses: NDArray[np.float64], weights: NDArray[np.float64], rho: float) -> NDArray[np.float64]:
    """The augmented Tchebycheff function: max_j(λ_j f_j) + ρ Σ_j λ_j f_j, lower is better.

    Args:
        losses: shape `(n, m)`. Each objective is scaled to [0, 1] by those that have all objectives.
        weights: λ, shape `(m,)`.
        rho: ρ.

    Returns:
        Shape `(n,)`, rounded to 12 decimals so that equal points tie; infinite if an objective is unknown.
    """
    known = np.isfinite(losses).all(axis=1)
    values = np.full(len(losses), math.inf)
    if known.any():
        scaled = losses[known] - losses[known].min(axis=0)
        span = scaled.max(axis=0)
        weighted = weights * scaled / np.where(span > 0, span, 1.0)
        values[known] = (weighted.max(axis=1) + rho * weighted.sum(axis=1)).round(12)
    return values


def _new(
    space: SearchSpace, parent: Architecture, seen: set[Architecture], rng: np.random.Generator
) -> Architecture:
    """A mutant that was not evaluated before, if one is found."""
    mutant = space.mutate(parent, rng)
    for _ in range(MOST_REPEATED):
        if mutant not in seen:
            break
        mutant = space.mutate(mutant, rng)
    return mutant
