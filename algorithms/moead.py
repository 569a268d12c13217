"""Zhang & Li 2007: one weighted problem for each direction, solved side by side by neighbors, MOEA/D."""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search import SearchProcess, TaskInfo
from nasbench_lab.spaces import SearchSpace

Losses = NDArray[np.float64]


def moead(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    task: TaskInfo,
    population_size: int = 100,
    neighbors: int = 20,
    mutations: float = 1.0,
) -> SearchProcess:
    """Cross two neighbors of a problem and mutate; the child replaces every neighbor that it improves.

    Zhang & Li, "MOEA/D: A Multiobjective Evolutionary Algorithm Based on Decomposition", IEEE Transactions on
    Evolutionary Computation 2007, the framework of section III with the Tchebycheff approach of section II-B
    and normalised objectives. T is the paper's, and N = 100 that of its problems with two objectives. The
    operators are uniform crossover and mutation of one decision on average. There is no external population,
    since the harness keeps all evaluations. As in the paper, a repeated architecture is evaluated again. With
    one objective there is one weight, and this is hill climbing by single mutants.

    Args:
        space, rng: as for every algorithm.
        task: its objectives. An architecture that lacks one, such as a failed one, is worse than all others.
        population_size: the most problems; N is the largest number of evenly spread weights up to it, and at
            least the number of objectives.
        neighbors: T, the number of problems in a neighborhood, the problem itself included.
        mutations: mean number of decisions that mutate in a child.
    """
    if population_size < 1 or neighbors < 1 or mutations < 0:
        raise ValueError(
            "population_size and neighbors are 1 or more and mutations 0 or more;"
            f" received {population_size}, {neighbors} and {mutations:g}"
        )
    decisions = len(space.cardinalities)
    lattice = weight_lattice(len(task.objectives), population_size)
    weights = lattice / lattice[0].sum()
    # Whole numbers, so that equal distances are equal on every machine; the lower index comes first.
    distances = ((lattice[:, None] - lattice) ** 2).sum(axis=2)
    neighborhoods = distances.argsort(axis=1, kind="stable")[:, :neighbors]
    population = [space.sample(rng) for _ in weights]
    evaluations = yield list(population)
    losses = np.array([known(task.losses(evaluation)) for evaluation in evaluations])
    ideal = losses.min(axis=0)
    while True:
        for neighborhood in neighborhoods:
            # Step 2.1: the parents are two solutions of the neighborhood, drawn with replacement.
            first, second = (population[i] for i in rng.choice(neighborhood, 2))
            coins = rng.random(decisions).tolist()
            child = tuple([a if coin < 0.5 else b for a, b, coin in zip(first, second, coins, strict=True)])
            # In some spaces not every tuple is an architecture, so a cross may be invalid.
            child = child if space.is_valid(child) else first
            for _ in range(rng.binomial(decisions, min(1.0, mutations / decisions))):
                child = space.mutate(child, rng)
            found = np.array(known(task.losses((yield child))))
            # Step 2.3: the ideal point z; step 2.4: the solutions of the neighborhood.
            ideal = np.minimum(ideal, found)
            worst = np.where(np.isinf(losses), -math.inf, losses).max(axis=0)
            near = weights[neighborhood]
            better = tchebycheff(found, near, ideal, worst) <= tchebycheff(
                losses[neighborhood], near, ideal, worst
            )
            for i in neighborhood[better].tolist():
                population[i] = child
                losses[i] = found


def weight_lattice(objectives: int, most: int) -> NDArray[np.int64]:
    """H times the weights of section III-D: all whole numbers of at least 0 with the sum H, in rows.

    Args:
        objectives: m, the number of columns.
        most: H is the largest with at most so many rows, C(H + m - 1, m - 1), and at least 1.
    """
    if objectives == 1:
        return np.ones((1, 1), dtype=np.int64)
    divisions = 1
    while math.comb(divisions + objectives, objectives - 1) <= most:
        divisions += 1
    # A row is the gaps between m - 1 bars among H + m - 1 places.
    places = divisions + objectives - 1
    bars = itertools.combinations(range(places), objectives - 1)
    return np.array([np.diff([-1, *each, places]) - 1 for each in bars])


def tchebycheff(losses: Losses, weights: Losses, ideal: Losses, worst: Losses) -> Losses:
    """g^te: the largest weighted distance from the ideal point, over the objectives; lower is better.

    Args:
        losses: shape `(m,)` or `(n, m)`; infinite if an objective is unknown.
        weights: shape `(n, m)`. A weight of 0 counts as 1e-4, so that all objectives break a tie.
        ideal, worst: shape `(m,)`, the best value so far and the worst of the population, which become 0
            and 1. An objective that has one value alone is not scaled.

    Returns:
        Shape `(n,)`.
    """
    known_span = np.isfinite(ideal) & np.isfinite(worst) & (worst > ideal)
    zero = np.where(np.isfinite(ideal), ideal, 0.0)
    span = np.where(known_span, worst, zero + 1.0) - zero
    values: Losses = (np.maximum(weights, 1e-4) * (losses - zero) / span).max(axis=1)
    return values


def known(losses: tuple[float, ...]) -> tuple[float, ...]:
    """The losses; all infinite if one of them is unknown."""
    return losses if all(map(math.isfinite, losses)) else (math.inf,) * len(losses)
