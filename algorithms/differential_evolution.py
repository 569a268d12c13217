"""Differential evolution, rand/1/bin (Storn & Price 1997)."""

import math

import numpy as np

from nasbench_lab.search import DifferentialEvolution, SearchProcess
from nasbench_lab.spaces import SearchSpace


def differential_evolution(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    population_size: int = 20,
    scale: float = 0.5,
    crossover: float = 0.5,
) -> SearchProcess:
    """Challenge each member with a cross of itself and a sum of three others, one generation at a time.

    Storn & Price, "Differential Evolution - A Simple and Efficient Heuristic for Global Optimization over
    Continuous Spaces", 1997, with strategy DE/rand/1/bin. Decisions are mapped from [0, 1]^d, and the
    defaults are those of the plain differential evolution of DEHB's paper (Awad et al. 2021). As there, a
    trial that is as good as its target replaces it; in the paper of 1997 it has to be better.

    Args:
        space, rng: as for every algorithm.
        population_size: number NP of members; 4 or more.
        scale: mutation factor F, above 0.
        crossover: rate Cr at which a component comes from the mutant.
    """
    if population_size < 4:
        raise ValueError(f"population_size is 4 or more; received {population_size}")
    operators = DifferentialEvolution(space, scale, crossover)
    population = np.array([operators.random(rng) for _ in range(population_size)])
    losses = np.full(population_size, math.inf)
    trials = population
    while True:
        evaluations = yield [operators.architecture(trial) for trial in trials]
        found = np.array([math.inf if each.failed else -each.valid_accuracy for each in evaluations])
        better = found <= losses
        population = np.where(better[:, None], trials, population)
        losses = np.where(better, found, losses)
        # The three others differ from the target, which is left out of the pool.
        others = [np.delete(population, i, axis=0) for i in range(population_size)]
        trials = np.array([operators.trial(*pair, rng) for pair in zip(population, others, strict=True)])
