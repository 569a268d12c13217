"""Simulated annealing (Kirkpatrick, Gelatt & Vecchi, Science 220, 1983)."""

import math

import numpy as np

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import SearchSpace

LEAST_TEMPERATURE = 1e-300


def simulated_annealing(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    initial_temperature: float = 10.0,
    cooling: float = 0.85,
) -> SearchProcess:
    """Move to a random neighbor if it is better, or with a probability that falls as it cools.

    Kirkpatrick, Gelatt & Vecchi, "Optimization by Simulated Annealing", Science 1983: the rule of Metropolis,
    which accepts a change of the accuracy by delta < 0 with probability exp(delta / T). They lower T once the
    system is in equilibrium. Here it falls after each evaluation, with the defaults of PaddleSlim's search
    for architectures. T has the unit of the accuracy: in percent, 10 accepts a loss of one point nine times
    in ten, and 28 evaluations later, at 0.1, almost never. The rest of a search is a climb by random
    neighbors. A failed training replaces none but a failed one.

    Args:
        space, rng: as for every algorithm.
        initial_temperature: T of the first step, in the unit of the accuracy; above 0.
        cooling: factor of T after each step; above 0, at most 1.
    """
    if not initial_temperature > 0 or not 0 < cooling <= 1:
        raise ValueError(
            "initial_temperature is above 0 and cooling above 0 and at most 1;"
            f" received {initial_temperature:g} and {cooling:g}"
        )
    temperature = initial_temperature
    current = space.sample(rng)
    evaluation = yield current
    accuracy = -math.inf if evaluation.failed else evaluation.valid_accuracy
    while True:
        candidate = space.mutate(current, rng)
        evaluation = yield candidate
        found = -math.inf if evaluation.failed else evaluation.valid_accuracy
        if found >= accuracy or rng.random() < math.exp((found - accuracy) / temperature):
            current, accuracy = candidate, found
        temperature = max(temperature * cooling, LEAST_TEMPERATURE)
