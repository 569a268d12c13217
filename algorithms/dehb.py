"""DEHB, Hyperband with differential evolution (Awad et al., IJCAI 2021, arXiv 2105.09821), Algorithm 2."""

import itertools
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search import (
    DifferentialEvolution,
    Evaluation,
    Query,
    SearchProcess,
    TaskInfo,
    brackets,
)
from nasbench_lab.spaces import SearchSpace

Floats = NDArray[np.float64]


def dehb(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    task: TaskInfo,
    eta: int = 3,
    scale: float = 0.5,
    crossover: float = 0.5,
    min_population: int = 4,
) -> SearchProcess:
    """Run Hyperband's brackets on populations that evolve, one for each length of training.

    Awad, Mallik & Hutter, "DEHB: Evolutionary Hyperband for Scalable, Robust and Efficient Hyperparameter
    Optimization", IJCAI 2021, with rand/1/bin (Algorithm 1) and one generation a rung. The first rung of the
    first bracket evaluates random members. In the first round of brackets, the other rungs evaluate the best
    members of the rung below that they do not have yet. All other rungs evolve: their members are targets in
    turn, the mutant comes from the members themselves in a first rung, and from the best of the rung below in
    any other. If these are fewer than three, others of all populations join them. A trial that is as good
    as its target replaces it.

    The rules of promotion and turns are read from the authors' package. A rung takes epochs that the task
    has, as in `hyperband`. A population has `min_population` members even if its rungs are smaller: a task
    with a single length of training has rungs of one. Several workers get as many trials at a time.

    Args:
        space, rng: as for every algorithm.
        task: its `fidelities` and its `workers`.
        eta: share of a rung, one in `eta`, that goes on to the next one; 2 or more.
        scale: mutation factor F, above 0.
        crossover: rate Cr at which a component comes from the mutant.
        min_population: least size of a population; 4 or more.
    """
    if min_population < 4:
        raise ValueError(f"min_population is 4 or more; received {min_population}")
    operators = DifferentialEvolution(space, scale, crossover)
    plan = brackets(task.fidelities, eta)
    sizes: dict[int, int] = {}
    for size, epochs in itertools.chain(*plan):
        sizes[epochs] = max(size, sizes.get(epochs, min_population))
    populations = {
        epochs: Population(np.array([operators.random(rng) for _ in range(sizes[epochs])]))
        for epochs in sorted(sizes)
    }
    number = 0
    while True:
        below: Population | None = None
        for size, epochs in plan[number % len(plan)]:
            here = populations[epochs]
            given: list[Floats] = []
            if number < len(plan) and below is not None:
                given = here.promoted_from(below, size)
            elif number == 0:
                given = list(here.vectors[:size])
            for start in range(0, size, task.workers):
                targets = here.next_targets(min(task.workers, size - start))
                trials = given[start : start + len(targets)] or [
                    operators.trial(
                        here.vectors[i],
                        np.delete(here.vectors, i, axis=0)
                        if below is None
                        else parents(below, size, populations.values(), rng),
                        rng,
                    )
                    for i in targets
                ]
                evaluations = yield [Query(operators.architecture(trial), epochs) for trial in trials]
                for outcome in zip(targets, trials, evaluations, strict=True):
                    here.select(*outcome)
            below = here
        number += 1


class Population:
    """The members of one length of training.

    Attributes:
        vectors: shape `(n, d)`.
        losses: shape `(n,)`; infinite for a member that is not evaluated yet, or failed.
    """

    def __init__(self, vectors: Floats) -> None:
        self.vectors = vectors
        self.losses = np.full(len(vectors), math.inf)
        self._turn = 0

    def next_targets(self, count: int) -> list[int]:
        """The positions of the members whose turn it is."""
        targets = [(self._turn + i) % len(self.vectors) for i in range(count)]
        self._turn = (self._turn + count) % len(self.vectors)
        return targets

    def ranked(self) -> Floats:
        """All members, the best first."""
        return self.vectors[np.argsort(self.losses, kind="stable")]

    def promoted_from(self, below: "Population", size: int) -> list[Floats]:
        """The best evaluated members of another population that are new here; then its best one again."""
        best = below.ranked()
        evaluated = best[: int(np.isfinite(below.losses).sum())]
        new = [vector for vector in evaluated if not (vector == self.vectors).all(axis=1).any()]
        return (new + [best[0]] * size)[:size]

    def select(self, target: int, trial: Floats, evaluation: Evaluation) -> None:
        """Put the trial in the place of its target unless it is worse."""
        loss = math.inf if evaluation.failed else -evaluation.valid_accuracy
        if loss <= self.losses[target]:
            self.vectors[target], self.losses[target] = trial, loss


def parents(below: Population, size: int, everyone: Iterable[Population], rng: np.random.Generator) -> Floats:
    """The best `size` members of the rung below, and random others until they are three; shape `(n, d)`."""
    ranked = below.ranked()
    if size >= 3:
        return ranked[:size]
    others = np.concatenate([ranked[size:], *(each.vectors for each in everyone if each is not below)])
    return np.concatenate([ranked[:size], rng.permutation(others)[: 3 - size]])
