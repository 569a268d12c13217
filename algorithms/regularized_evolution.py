"""Regularized (aging) evolution (Real et al. 2019)."""

from collections import deque
from operator import itemgetter

import numpy as np

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import Architecture, SearchSpace


def regularized_evolution(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    population_size: int = 100,
    sample_size: int = 10,
) -> SearchProcess:
    """Mutate the best of a random sample; the oldest member dies.

    Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019,
    Algorithm 1 (P = `population_size`, S = `sample_size`, drawn with replacement). The defaults are
    those of NAS-Bench-101; NATS-Bench uses 10 and 3.
    """
    if population_size < 1 or sample_size < 1:
        raise ValueError(
            "population_size and sample_size are whole numbers above 0;"
            f" received {population_size} and {sample_size}"
        )
    population: deque[tuple[float, Architecture]] = deque(maxlen=population_size)
    while True:
        if len(population) < population_size:
            candidate = space.sample(rng)
        else:
            contestants = (rng.random(sample_size) * population_size).astype(int).tolist()
            # The first of equal contestants wins: the draw has put them in random order.
            _, parent = max([population[i] for i in contestants], key=itemgetter(0))
            candidate = space.mutate(parent, rng)
        evaluation = yield candidate
        population.append((evaluation.valid_accuracy, candidate))
