"""Random search, the baseline every other algorithm must beat (Li & Talwalkar 2019)."""

import numpy as np

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import SearchSpace


def random_search(space: SearchSpace, rng: np.random.Generator) -> SearchProcess:
    """Draw architectures uniformly, with replacement.

    Li & Talwalkar, "Random Search and Reproducibility for Neural Architecture Search", UAI 2019.
    """
    while True:
        yield space.sample(rng)
