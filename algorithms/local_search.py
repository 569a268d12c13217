"""Local search, or hill climbing with restarts (White et al. 2021)."""

import numpy as np

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import Architecture, SearchSpace


def local_search(
    space: SearchSpace, rng: np.random.Generator, *, first_improvement: bool = False
) -> SearchProcess:
    """Move to the best neighbor until none is better, then start again somewhere else.

    White et al., "Exploring the Loss Landscape in Neural Architecture Search", UAI 2021, Algorithm 1.
    Neighbors differ in one decision and are evaluated in random order. A neighbor that was evaluated
    before is not evaluated again: its first result is remembered.

    `first_improvement` moves at the first better neighbor instead of looking at all of them.
    """
    seen: dict[Architecture, float] = {}
    while True:
        current = space.sample(rng)
        # A start is evaluated even if it was seen before. Each restart then costs something, so the search
        # reaches the end of its budget even after it has seen the whole space.
        evaluation = yield current
        seen.setdefault(current, evaluation.valid_accuracy)
        climbing = True
        while climbing:
            climbing = False
            best = current
            for neighbor in _shuffled(space.neighbors(current), rng):
                if neighbor not in seen:
                    seen[neighbor] = (yield neighbor).valid_accuracy
                if seen[neighbor] > seen[best]:
                    best = neighbor
                    if first_improvement:
                        break
            if best != current:
                current = best
                climbing = True


def _shuffled(architectures: list[Architecture], rng: np.random.Generator) -> list[Architecture]:
    return [architectures[i] for i in rng.permutation(len(architectures)).tolist()]
