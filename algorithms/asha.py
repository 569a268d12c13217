"""ASHA, asynchronous successive halving (Li et al., MLSys 2020, arXiv 1810.05934), Algorithm 2."""

import heapq
import math
from bisect import bisect_left, insort

import numpy as np

from nasbench_lab.search import Evaluation, Query, SearchProcess, Start, TaskInfo, rungs
from nasbench_lab.spaces import Architecture, SearchSpace


def asha(space: SearchSpace, rng: np.random.Generator, *, task: TaskInfo, eta: int = 4) -> SearchProcess:
    """Promote an architecture as soon as it is in the best `1/eta` of its rung; otherwise draw a new one.

    Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020. The rungs are those of
    `hyperband`, with the paper's s = 0. Two rungs of the same epochs are one rung, which promotes 1/eta². An
    architecture that is drawn twice is two members of a rung. A failed training is never promoted.

    Args:
        space, rng: as for every algorithm.
        task: its `fidelities`.
        eta: share of a rung, one in `eta`, that goes on to the next one; 2 or more.
    """
    epochs = rungs(task.fidelities, eta)
    at = {each: Rung(eta ** epochs.count(each)) for each in epochs}
    next_epochs = dict(zip(at, list(at)[1:], strict=False))
    while True:
        promotable = ((after, at[now].promote()) for now, after in reversed(next_epochs.items()))
        job = next((Query(best, after) for after, best in promotable if best is not None), None)
        finished = yield Start(job or Query(space.sample(rng), epochs[0]))
        if finished is not None:
            at[finished.query.epochs].add(finished.query.architecture, finished.evaluation)


class Rung:
    """Finished architectures of one fidelity; the best one in `share` of them may be promoted."""

    def __init__(self, share: int) -> None:
        self.share = share
        self.all: list[tuple[float, int]] = []  # loss and number, ascending
        self.waiting: list[tuple[float, int, Architecture]] = []  # not promoted yet, as a heap

    def add(self, architecture: Architecture, evaluation: Evaluation) -> None:
        """Record a finished evaluation."""
        loss, number = math.inf if evaluation.failed else -evaluation.valid_accuracy, len(self.all)
        insort(self.all, (loss, number))
        if not evaluation.failed:
            heapq.heappush(self.waiting, (loss, number, architecture))

    def promote(self) -> Architecture | None:
        """Take the best architecture that was not promoted yet, if it is among the best one in `share`."""
        if not self.waiting or bisect_left(self.all, self.waiting[0][:2]) >= len(self.all) // self.share:
            return None
        return heapq.heappop(self.waiting)[2]
