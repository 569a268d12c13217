"""Hyperband (Li et al., JMLR 2018, arXiv 1603.06560), Algorithm 1: halving from many or few epochs."""

import math

import numpy as np

from nasbench_lab.search import Query, SearchProcess, TaskInfo, rungs
from nasbench_lab.spaces import Architecture, SearchSpace


def hyperband(space: SearchSpace, rng: np.random.Generator, *, task: TaskInfo, eta: int = 3) -> SearchProcess:
    """Run one bracket after another, and begin again with new architectures.

    The paper's resource r is epochs, in units of the fewest that the task has. A task has some epochs only: a
    rung takes the most that are at most r. Two rungs of the same epochs are evaluated once.

    Args:
        space, rng: as for every algorithm.
        task: its `fidelities`.
        eta: share of a rung, one in `eta`, that goes on to the next one; 2 or more.
    """
    longest = rungs(task.fidelities, eta)
    s_max = len(longest) - 1
    while True:
        for s in range(s_max, -1, -1):
            n = math.ceil((s_max + 1) / (s + 1) * eta**s)
            members: list[Architecture] = [space.sample(rng) for _ in range(n)]
            reached = 0
            for i, epochs in enumerate(longest[s_max - s :]):
                if epochs > reached:
                    reached = epochs
                    evaluations = yield [Query(member, epochs) for member in members]
                    accuracies = [evaluation.valid_accuracy for evaluation in evaluations]
                best = np.argsort(accuracies, kind="stable")[::-1][: math.floor(n * float(eta) ** -(i + 1))]
                members = [members[index] for index in best]
                accuracies = [accuracies[index] for index in best]
