"""The evaluations that a model is fitted to, and architectures that are not among them."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import UsageError
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.spaces.base import Architecture, SearchSpace

PATIENCE = 5
"""Draws for each architecture that is wanted, and parents of mutants, before a search takes fewer."""


class Observations:
    """The evaluations of a search so far, in their order.

    Attributes:
        architectures: those that were evaluated, repeats included.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.architectures: list[Architecture] = []
        self._space = space
        self._accuracies: list[float] = []
        self._seen: set[Architecture] = set()

    def __len__(self) -> int:
        return len(self.architectures)

    def add(self, architecture: Architecture, evaluation: Evaluation) -> None:
        """Add an evaluation of an architecture."""
        known = not evaluation.failed and math.isfinite(evaluation.valid_accuracy)
        self.architectures.append(architecture)
        self._accuracies.append(evaluation.valid_accuracy if known else math.nan)
        self._seen.add(self._space.canonical(architecture))

    def accuracies(self) -> NDArray[np.float64]:
        """The accuracies, shape `(n,)`, all finite.

        A failed evaluation counts as the worst that did not fail. If all failed, these are zeros.
        """
        found = np.array(self._accuracies)
        failed = np.isnan(found)
        found[failed] = found[~failed].min() if not failed.all() else 0.0
        return found

    def best_first(self) -> list[Architecture]:
        """The architectures by falling accuracy; of equal ones the earliest comes first."""
        order = np.argsort(-self.accuracies(), kind="stable")
        return [self.architectures[index] for index in order.tolist()]

    def new_draws(self, rng: np.random.Generator, count: int) -> list[Architecture]:
        """Up to `count` random architectures that differ in function from all others, and from each other.

        In a space that is nearly exhausted there may be fewer, or none.
        """
        return self._new((self._space.sample(rng) for _ in range(PATIENCE * count)), count)

    def new_mutants(self, rng: np.random.Generator, count: int) -> list[Architecture]:
        """Up to `count` architectures that each differ in one decision from one of the best.

        Each of them differs in function from all others that were evaluated, and from each other. The best
        architecture is mutated `count` times. As long as that gives too few, the next best one is, up to the
        fifth. There may be none.
        """
        return self._new(self._mutants(rng, count), count)

    def _mutants(self, rng: np.random.Generator, count: int) -> Iterable[Architecture]:
        for parent in list(dict.fromkeys(self.best_first()))[:PATIENCE]:
            for _ in range(count):
                try:
                    yield self._space.mutate(parent, rng)
                except UsageError:  # It has no neighbor.
                    break

    def _new(self, proposals: Iterable[Architecture], count: int) -> list[Architecture]:
        found: dict[Architecture, Architecture] = {}
        for architecture in proposals:
            canonical = self._space.canonical(architecture)
            if canonical not in self._seen:
                found.setdefault(canonical, architecture)
                if len(found) == count:
                    break
        return list(found.values())
