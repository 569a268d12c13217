"""How a published number is read from the runs of an algorithm on a task: one value per run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.view import View
from nasbench_lab.comparison.results import Runs
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.comparison.tasks import TaskFinder

Values = NDArray[np.float64]
Reading = Callable[[Runs, Comparison], Values]
"""From the runs of a comparison of one algorithm on one task to a value per run, NaN if a run has none."""


def final(runs: Runs, comparison: Comparison) -> Values:
    """The reported accuracy of each run's last incumbent."""
    return runs.final()


def interpolated(runs: Runs, comparison: Comparison) -> Values:
    """The reported accuracy at the budget, on a line through the two nearest points of the trajectory.

    NATS-Bench's tables are read so (AutoDL-Projects, `exps/NATS-Bench/draw-table.py`). A point is an
    evaluation: the seconds at its end, and the reported accuracy of the incumbent then. Two points on one
    side of the budget give an extrapolation.
    """
    (budget,) = comparison.budget_seconds
    values = np.full(len(runs), np.nan)
    for run, (start, end) in enumerate(zip(runs.offsets[:-1], runs.offsets[1:], strict=True)):
        values[run] = at_budget(runs.clock[start:end], runs.test_accuracy[start:end], budget)
    return values


def at_budget(clock: Values, accuracy: Values, budget: float) -> float:
    """The value of one run at the budget, see `interpolated`.

    Args:
        clock: seconds at the end of each evaluation, shape `(n,)`.
        accuracy: reported accuracy of each new incumbent, NaN at evaluations that gave none, shape `(n,)`.
        budget: in seconds.

    Returns:
        The accuracy; that of the only incumbent if there is one point, NaN if there is none.
    """
    found = np.flatnonzero(~np.isnan(accuracy))
    if not len(found):
        return float("nan")
    clock, accuracy = clock[found[0] :], accuracy[found[0] :]
    latest = np.maximum.accumulate(np.where(np.isnan(accuracy), 0, np.arange(len(accuracy))))
    incumbent = accuracy[latest]
    near = np.argsort(np.abs(clock - budget), kind="stable")[:2]
    if len(near) < 2 or clock[near[0]] == clock[near[1]]:
        return float(incumbent[near[0]])
    (x1, x2), (y1, y2) = clock[near], incumbent[near]
    return float(((x2 - budget) * y1 + (budget - x1) * y2) / (x2 - x1))


def distinct_until_target(runs: Runs, comparison: Comparison) -> Values:
    """The number of different architectures that a run evaluated until one reached the target.

    The one that reached it counts. NaN if none did.
    """
    (target,) = comparison.target_accuracy
    values = np.full(len(runs), np.nan)
    for run, (start, end) in enumerate(zip(runs.offsets[:-1], runs.offsets[1:], strict=True)):
        reached = np.flatnonzero(runs.valid_accuracy[start:end] >= target)
        if len(reached):
            values[run] = len(np.unique(runs.architectures[start : start + reached[0] + 1], axis=0))
    return values


@dataclass(frozen=True)
class Transferred:
    """The accuracy on another task of the architecture that each run ended with.

    Attributes:
        task: the other task, `benchmark/data set`, in the same search space.
    """

    task: str

    def __call__(self, runs: Runs, comparison: Comparison) -> Values:
        """One value per run; raises `UsageError` or `TableError` if the task is not here."""
        finder = TaskFinder()
        (name,) = finder.expand([self.task])
        task = finder.open(name, View())
        steps = runs.incumbents()
        different, which = np.unique(runs.architectures[steps], axis=0, return_inverse=True)
        accuracy = np.array([task.test_accuracy(tuple(each.tolist())) for each in different])
        values = np.full(len(runs), np.nan)
        values[runs.run_of_step[steps]] = accuracy[which.ravel()]
        return values
