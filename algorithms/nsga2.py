"""NSGA-II, an elitist genetic algorithm for several objectives (Deb et al. 2002)."""

import math

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search import SearchProcess, TaskInfo
from nasbench_lab.spaces import Architecture, SearchSpace

Losses = NDArray[np.float64]


def nsga2(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    task: TaskInfo,
    population_size: int = 100,
    crossover: str = "uniform",
    crossover_rate: float = 0.9,
    mutations: float = 1.0,
) -> SearchProcess:
    """Keep the best fronts of parents and children together, and the widest spread of the last front.

    Deb, Pratap, Agarwal & Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", IEEE
    Transactions on Evolutionary Computation 2002, with its population of 100, its crossover probability of
    0.9 and its mutation of one decision on average. Here a crossover gives one child, not two, and the
    tournaments of the first generation use the crowding distance, too. As in the paper, a child that
    repeats an architecture is evaluated again. With one objective, this is an elitist genetic algorithm.

    Args:
        space, rng: as for every algorithm.
        task: its objectives. An architecture that lacks one, such as a failed one, is worse than all others.
        population_size: N, the number of parents, and of children in a generation.
        crossover: `uniform` or `one_point`.
        crossover_rate: probability that two parents are crossed; otherwise the first is copied.
        mutations: mean number of decisions that mutate in a child.
    """
    _check(population_size, crossover, crossover_rate, mutations)
    decisions = len(space.cardinalities)
    candidates = [space.sample(rng) for _ in range(population_size)]
    population: list[Architecture] = []
    losses = np.empty((0, len(task.objectives)))
    while True:
        evaluations = yield candidates
        population = population + candidates
        losses = np.vstack([losses, [task.losses(evaluation) for evaluation in evaluations]])
        losses[~np.isfinite(losses).all(axis=1)] = math.inf
        kept = survivors(losses, population_size)
        population, losses = [population[i] for i in kept], losses[kept]
        candidates = []
        for draw in (rng.random((population_size, 2, 2)) * population_size).astype(int):
            # The survivors are in the order of the crowded comparison, so the smaller index wins.
            first, second = draw.min(axis=1).tolist()
            child = population[first]
            if rng.random() < crossover_rate:
                crossed = _cross(child, population[second], crossover, rng)
                # In some spaces not every tuple is an architecture, so a cross may be invalid.
                child = crossed if space.is_valid(crossed) else child
            for _ in range(rng.binomial(decisions, min(1.0, mutations / decisions))):
                child = space.mutate(child, rng)
            candidates.append(child)


def survivors(losses: Losses, size: int) -> list[int]:
    """The rows of the next generation, best first: whole fronts, then the least crowded of the cut one.

    Within a front, larger crowding distances come first (section III-B, crowded-comparison operator).

    Args:
        losses: shape `(n, m)`, lower is better.
        size: number of survivors, at most n.
    """
    ordered: list[int] = []
    for front in nondominated_fronts(losses):
        # Rounded, so that distances that should be equal tie, and the order of the rows decides.
        distance = crowding_distance(losses[front]).round(12)
        ordered += front[np.argsort(-distance, kind="stable")].tolist()
        if len(ordered) >= size:
            break
    return ordered[:size]


def nondominated_fronts(losses: Losses) -> list[NDArray[np.intp]]:
    """The rows of each front, best first (section III-A, fast-non-dominated-sort).

    Args:
        losses: shape `(n, m)`, lower is better.
    """
    no_worse: NDArray[np.bool_] = np.all(losses[:, None] <= losses, axis=2)
    dominates = no_worse & ~no_worse.T
    dominators = dominates.sum(axis=0)  # n_p of the paper; -1 for members of earlier fronts
    fronts = []
    while (dominators >= 0).any():
        front = np.flatnonzero(dominators == 0)
        fronts.append(front)
        dominators[front] = -1
        dominators -= dominates[front].sum(axis=0)
    return fronts


def crowding_distance(losses: Losses) -> NDArray[np.float64]:
    """The distance between the two neighbors of each point, summed over the objectives (section III-B).

    Args:
        losses: of one front, shape `(n, m)`. Each objective is scaled by its range in the front.

    Returns:
        Shape `(n,)`; infinite for the points at either end of an objective.
    """
    distance = np.zeros(len(losses))
    for column in losses.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        if ordered[0] < ordered[-1]:
            distance[order[1:-1]] += (ordered[2:] - ordered[:-2]) / (ordered[-1] - ordered[0])
        distance[order[[0, -1]]] = math.inf
    return distance


def _cross(
    first: Architecture, second: Architecture, crossover: str, rng: np.random.Generator
) -> Architecture:
    if crossover == "uniform":
        return tuple([a if rng.random() < 0.5 else b for a, b in zip(first, second, strict=True)])
    # The cut falls between two decisions, so both parents contribute (if there are two or more).
    cut = 1 + int(rng.random() * (len(first) - 1))
    return first[:cut] + second[cut:]


def _check(population_size: int, crossover: str, crossover_rate: float, mutations: float) -> None:
    if population_size < 2 or mutations < 0:
        raise ValueError(
            "population_size is 2 or more and mutations 0 or more;"
            f" received {population_size} and {mutations:g}"
        )
    if crossover not in ("one_point", "uniform"):
        raise ValueError(f"crossover is 'one_point' or 'uniform'; received {crossover!r}")
    if not 0 <= crossover_rate <= 1:
        raise ValueError(f"crossover_rate lies between 0 and 1; received {crossover_rate:g}")
